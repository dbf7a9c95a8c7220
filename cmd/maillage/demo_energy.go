// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
)

// demoEnergy is a co-operative whose members own solar roofs together.
func demoEnergy(c demoCalendar) demoCast {
	return demoCast{
		folder: "energie", handle: "valence-energie-citoyenne", name: "Valence Énergie Citoyenne", kind: "coopérative d’énergie citoyenne",
		colour:  "#1f5a99",
		summary: "<p>Société coopérative d’intérêt collectif : 230 sociétaires, sept toitures solaires, une personne une voix. Nous produisons l’électricité là où elle se consomme, et nous apprenons à en consommer moins.</p>",
		place:   federation.Place{Type: "Place", Name: "Pôle Écotox, Rovaltain", Street: "1 rue Marc-Seguin", Postal: "26300", City: "Alixan", Country: "FR", Point: &federation.Point{Latitude: 44.9915, Longitude: 4.9786}},
		fields:  []federation.Field{{Name: "Initiative", Value: "Coopérative d’énergie citoyenne, SCIC SAS"}, {Name: "Production", Value: "310 MWh par an"}},
		icon:    panels(0xfff3b0, 0xffd166),
		header:  panels(0x8ecae6, 0xfff3b0),
		admin:   demoPerson{name: "Nadia Roche", summary: "<p>Présidente de la coopérative. Je parle volontiers de kilowattheures.</p>"},
		member:  demoPerson{"lucie", "Lucie Arnaud", "<p>Sociétaire et voisine de la centrale de l’école Pagnol.</p>"},
		offers:  append(demoEnergyOffers(c), demoEnergyNeeds(c)...),
		events:  demoEnergyEvents(c),
	}
}

func demoCoop() outbox.PlaceForm {
	return outbox.PlaceForm{Name: "Pôle Écotox, Rovaltain", Street: "1 rue Marc-Seguin", Postal: "26300", City: "Alixan", Country: "FR", Lat: "44.9915", Lon: "4.9786"}
}

func demoTownHall() outbox.PlaceForm {
	return outbox.PlaceForm{Name: "Mairie de Bourg-lès-Valence", Street: "rue des Jardins", Postal: "26500", City: "Bourg-lès-Valence", Country: "FR", Lat: "44.9477", Lon: "4.8948"}
}

func demoEnergyOffers(c demoCalendar) []demoOffer {
	return []demoOffer{
		{demoPost{"electricite-locale", 13, panels(0xcaf0f8, 0xade8f4), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Électricité solaire locale, en autoconsommation collective", Description: "Pour les foyers à moins de deux kilomètres de nos toitures. Le prix est fixe pendant trois ans.",
				Alt: "Dessin de panneaux solaires sous le soleil", Place: demoTownHall(), Hashtags: "#ÉnergieCitoyenne #Solaire",
			},
			Purpose: "offer", Modes: []string{"commitment"}, Unit: "kilowattHour", Available: "42000", Minimum: "500",
			Price: "0,16", Per: "unit", Category: "energie",
			Parts: []outbox.PartForm{{Kind: "production", Amount: "0,10"}, {Name: "réseau", Kind: "logistics", Amount: "0,03"}, {Name: "gestion", Kind: "platform", Amount: "0,02"}, {Name: "précarité énergétique", Kind: "solidarity", Amount: "0,01"}},
		}},
		{demoPost{"diagnostic-solaire", 10, panels(0xffcdb2, 0xffb4a2), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Diagnostic solaire de votre toiture", Description: "Visite, ombres, charpente, rentabilité : un rapport clair, sans rien vous vendre.",
				Alt: "Dessin de panneaux solaires sur fond rose", Place: demoCoop(), Hashtags: "#Solaire #Conseil",
			},
			Purpose: "offer", Modes: []string{"sale"}, Action: "service", UnitName: "la visite", Available: "8",
			Price: "90", Per: "unit", Until: c.in(90), Category: "energie",
			Parts: []outbox.PartForm{{Name: "visite et rapport", Kind: "production", Amount: "60"}, {Name: "déplacement", Kind: "logistics", Amount: "12"}, {Name: "visites offertes", Kind: "solidarity", Amount: "18"}},
		}},
		{demoPost{"velo-cargo", 7, bicycle(0xdefcf9, 0xcadefc, 0x6a4c93), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Vélo-cargo électrique en usage partagé", Description: "Rechargé par le soleil de la halle. Réservez la veille, rendez-le branché.",
				Alt: "Dessin d’un vélo violet", Place: outbox.PlaceForm{Name: "Place des Clercs", Postal: "26000", City: "Valence", Country: "FR", Lat: "44.9331", Lon: "4.8907"},
				Hashtags: "#Mobilité #Partage",
			},
			Purpose: "offer", Modes: []string{"sharedUse"}, UnitName: "la demi-journée", Available: "1",
			Price: "6", Per: "unit", Category: "mobilite",
			Parts: []outbox.PartForm{{Name: "entretien", Kind: "other", Amount: "3"}, {Name: "électricité", Kind: "production", Amount: "1"}, {Name: "tarif réduit", Kind: "solidarity", Amount: "2"}},
		}},
		{demoPost{"camera-thermique", 5, lamp(0x03071e, 0x9d0208, 0xfaa307), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Caméra thermique à emprunter", Description: "Une soirée froide, et vous voyez par où la chaleur s’en va. Mode d’emploi fourni.",
				Alt: "Dessin d’une ampoule sur fond rouge sombre", Place: demoCoop(), Hashtags: "#Sobriété #Prêt",
			},
			Purpose: "offer", Modes: []string{"loan", "gift"}, UnitName: "la soirée", Available: "2", Category: "habitat",
		}},
		{demoPost{"conseil-facture", 2, lamp(0xd8e2dc, 0xffe5d9, 0xffca3a), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Lire sa facture d’électricité à deux", Description: "Une heure autour d’un café pour comprendre chaque ligne et gagner quelques euros.",
				Alt: "Dessin d’une ampoule jaune", Place: demoAssociations(), Hashtags: "#Sobriété #Entraide",
			},
			Purpose: "offer", Modes: []string{"gift"}, Action: "service", Unit: "hour", Category: "energie",
		}},
		{demoPost{"cave-halle", 1, nil, ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Un local frais sous la halle", Description: "Une cave saine à 12 °C, douze mois sur douze, pour des légumes ou des conserves. On s’arrange.",
				Place: outbox.PlaceForm{City: "Valence", Postal: "26000", Country: "FR", Lat: "44.9334", Lon: "4.8924"}, Hashtags: "#Stockage",
			},
			Purpose: "offer", Modes: []string{"sharedUse", "barter"}, Quantity: "25", Unit: "squareMetre", Category: "alimentation",
		}},
	}
}

func demoEnergyNeeds(c demoCalendar) []demoOffer {
	return []demoOffer{
		{demoPost{"toitures", 8, panels(0xe9ff70, 0xff9770), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Des toitures de plus de 200 m²", Description: "Granges, ateliers, écoles, bien orientés et sans amiante. Nous louons le toit vingt ans et l’entretenons.",
				Alt: "Dessin de panneaux solaires", Place: outbox.PlaceForm{City: "Valence", Postal: "26000", Country: "FR", Lat: "44.9334", Lon: "4.8924"}, Hashtags: "#Solaire #ÉnergieCitoyenne",
			},
			Purpose: "request", Modes: []string{"sharedUse"}, Quantity: "200", Unit: "squareMetre", Until: c.in(120), Category: "energie",
		}},
		{demoPost{"stand-fete", 3, people(0xf1faee, 0xa8dadc, 0x457b9d), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Bénévoles pour tenir le stand de la fête", Description: "Deux heures chacun, à deux. Accueillir, expliquer, servir le jus de pomme.",
				Alt: "Dessin de cinq personnes derrière une table", Place: outbox.PlaceForm{Name: "Parc Jouvet", Postal: "26000", City: "Valence", Country: "FR", Lat: "44.9298", Lon: "4.8876"}, Hashtags: "#Bénévolat",
			},
			Purpose: "request", Modes: []string{"volunteering"}, Action: "service", Quantity: "2", Unit: "hour", Available: "16", Until: c.in(27), Category: "energie",
		}},
		{demoPost{"freins-cargo", 2, nil, ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Réviser les freins du vélo-cargo", Description: "Il a beaucoup roulé cet été, toujours chargé. Nous pouvons prêter de la place au frais, ou du temps.",
				Place: outbox.PlaceForm{City: "Valence", Postal: "26000", Country: "FR", Lat: "44.9334", Lon: "4.8924"}, Hashtags: "#Vélo",
			},
			Purpose: "request", Modes: []string{"barter", "timeBank"}, Action: "service", Category: "mobilite",
		}},
	}
}

func demoEnergyEvents(c demoCalendar) []demoEvent {
	return []demoEvent{
		{demoPost{"reunion-ecole", 10, people(0xffe5ec, 0xffc2d1, 0xfb6f92), ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Réunion publique : une centrale solaire sur l’école", Description: "Le projet, son coût, qui décide et comment entrer dans la coopérative.",
				Alt: "Dessin de cinq personnes autour d’une table", Place: demoTownHall(), Hashtags: "#ÉnergieCitoyenne #Valence",
			},
			StartDate: c.on(time.Tuesday, 0), StartTime: "18:30", EndTime: "20:30", Capacity: "80", Category: "CLIMATE_ENVIRONMENT", Price: "gratuit",
		}, false},
		{demoPost{"webinaire-autoconsommation", 8, nil, ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Webinaire : l’autoconsommation collective", Description: "Comment partager le courant d’un toit entre voisins, en une heure et trois exemples.",
				Hashtags: "#ÉnergieCitoyenne",
			},
			StartDate: c.on(time.Thursday, 1), StartTime: "12:30", EndTime: "13:30", Online: "https://visio.example.org/energie-citoyenne", Category: "LEARNING", Price: "gratuit",
		}, false},
		{demoPost{"visite-toiture", 6, panels(0xbbdefb, 0xe3f2fd), ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Visite de la toiture solaire du gymnase", Description: "On monte voir les panneaux : chaussures fermées, et pas de vertige.",
				Alt: "Dessin de panneaux solaires sur un toit", Place: outbox.PlaceForm{Name: "Gymnase municipal", Postal: "26800", City: "Portes-lès-Valence", Country: "FR", Lat: "44.8736", Lon: "4.8767"},
				Hashtags: "#Solaire",
			},
			StartDate: c.on(time.Saturday, 1), StartTime: "10:00", EndTime: "12:00", Capacity: "15", Category: "CLIMATE_ENVIRONMENT", Price: "gratuit",
		}, false},
		{demoPost{"balade-thermique", 11, nil, ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Balade thermique de nuit", Description: "Il ne fera pas assez froid pour voir quoi que ce soit. Nous reviendrons cet hiver.",
				Place:    outbox.PlaceForm{Name: "Place du Temple", Postal: "07500", City: "Guilherand-Granges", Country: "FR", Lat: "44.9333", Lon: "4.8742"},
				Hashtags: "#Sobriété",
			},
			StartDate: c.on(time.Friday, 2), StartTime: "20:00", EndTime: "21:30", Category: "CLIMATE_ENVIRONMENT", Price: "gratuit",
		}, true},
		{demoPost{"fete-energie", 4, lamp(0x80ffdb, 0x5390d9, 0xfff75e), ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Fête de l’énergie citoyenne", Description: "Four solaire, vélo-smoothie, fanfare et jeux pour les enfants. La scène marche au soleil.",
				Alt: "Dessin d’une ampoule devant un ciel bleu et vert", Place: outbox.PlaceForm{Name: "Parc Jouvet", Postal: "26000", City: "Valence", Country: "FR", Lat: "44.9298", Lon: "4.8876"},
				Hashtags: "#Fête #ÉnergieCitoyenne #Valence",
			},
			StartDate: c.on(time.Saturday, 4), StartTime: "11:00", EndTime: "19:00", Category: "FESTIVALS", Price: "gratuit",
		}, false},
	}
}
