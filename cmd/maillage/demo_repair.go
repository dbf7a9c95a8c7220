// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
)

// demoRepair is a place where people mend together what would be thrown away.
func demoRepair(c demoCalendar) demoCast {
	return demoCast{
		folder: "repair", handle: "repair-cafe-valence", name: "Repair café de Valence", kind: "repair café",
		colour:  "#9a4a00",
		summary: "<p>Jeter ? Pas question ! Chaque samedi, des bénévoles vous aident à réparer vous-même appareils, vélos et vêtements. On boit un café, on apprend, et la moitié des objets repartent vivants.</p>",
		place:   federation.Place{Type: "Place", Name: "Atelier du Plan", Street: "5 place des Buissonnets", Postal: "26000", City: "Valence", Country: "FR", Point: &federation.Point{Latitude: 44.9207, Longitude: 4.9139}},
		fields:  []federation.Field{{Name: "Initiative", Value: "Repair café, association loi 1901"}, {Name: "Atelier", Value: "le samedi de 14 h à 18 h"}},
		icon:    gear(0xffe8d6, 0xddbea9, 0xcb4b16),
		header:  gear(0x264653, 0x2a9d8f, 0xe9c46a),
		admin:   demoPerson{name: "Jean-Marc Vidal", summary: "<p>Électronicien à la retraite. J’accueille, je branche, je mesure.</p>"},
		member:  demoPerson{"odile", "Odile Perrin", "<p>Couturière bénévole. Une fermeture éclair se remplace en vingt minutes.</p>"},
		offers:  append(demoRepairOffers(c), demoRepairNeeds(c)...),
		events:  demoRepairEvents(c),
	}
}

func demoWorkshop() outbox.PlaceForm {
	return outbox.PlaceForm{Name: "Atelier du Plan", Street: "5 place des Buissonnets", Postal: "26000", City: "Valence", Country: "FR", Lat: "44.9207", Lon: "4.9139"}
}

func demoRepairOffers(c demoCalendar) []demoOffer {
	return []demoOffer{
		{demoPost{"reparation", 14, lamp(0x22223b, 0x4a4e69, 0xffe066), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Réparation accompagnée d’appareils électriques", Description: "Vous tenez le tournevis, nous tenons la lampe. Prix libre, pièces en sus.",
				Alt: "Dessin d’une ampoule allumée", Place: demoWorkshop(), Hashtags: "#RepairCafe #Réparation #Valence",
			},
			Purpose: "offer", Modes: []string{"freePrice"}, Action: "service", Unit: "hour", Category: "artisanat-reparation",
		}},
		{demoPost{"velos", 11, bicycle(0xcaf0f8, 0x90e0ef, 0xd62828), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Vélos remis en état", Description: "Contrôlés point par point, marqués contre le vol, garantis trois mois par l’atelier.",
				Alt: "Dessin d’un vélo rouge sur une route", Place: demoWorkshop(), Hashtags: "#Vélo #Réemploi",
			},
			Purpose: "offer", Modes: []string{"sale", "localCurrency"}, UnitName: "le vélo", Available: "6",
			Price: "80", Per: "unit", Category: "mobilite",
			Parts: []outbox.PartForm{{Name: "pièces", Kind: "production", Amount: "35"}, {Name: "atelier", Kind: "processing", Amount: "30"}, {Name: "vélos offerts", Kind: "solidarity", Amount: "10"}, {Name: "marquage", Kind: "other", Amount: "5"}},
		}},
		{demoPost{"machine-a-coudre", 8, cloth(0xcdb4db, 0xffafcc, 0x6d597a), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Machine à coudre à emprunter", Description: "Avec sa boîte de fils et une heure de prise en main. À rendre propre, et huilée si possible.",
				Alt: "Dessin d’un tissu à trois boutons", Place: demoWorkshop(), Hashtags: "#Couture #Prêt",
			},
			Purpose: "offer", Modes: []string{"loan"}, UnitName: "la semaine", Available: "2",
			Price: "5", Per: "unit", Category: "artisanat-reparation",
			Parts: []outbox.PartForm{{Name: "entretien", Kind: "other", Amount: "3"}, {Kind: "solidarity", Amount: "2"}},
		}},
		{demoPost{"petit-electromenager", 5, gear(0xedf6f9, 0x83c5be, 0x006d77), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Grille-pain, bouilloires et lampes réparés", Description: "Laissés par leurs propriétaires, ils marchent et cherchent une cuisine.",
				Alt: "Dessin d’une roue dentée et d’une clé", Place: demoWorkshop(), Hashtags: "#Don #Réemploi",
			},
			Purpose: "offer", Modes: []string{"gift"}, UnitName: "l’appareil", Available: "9", Until: c.in(40), Category: "echange-entraide",
		}},
		{demoPost{"soudure", 3, lamp(0x3d0e61, 0xb33f62, 0xf9c80e), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Initiation à la soudure à l’étain", Description: "Deux heures pour souder un fil sans brûler la nappe. Contre deux heures de votre temps à l’atelier.",
				Alt: "Dessin d’une ampoule sur fond violet", Place: demoWorkshop(), Hashtags: "#Savoirs #RepairCafe",
			},
			Purpose: "offer", Modes: []string{"timeBank"}, Action: "service", Quantity: "2", Unit: "hour",
			Price: "2", Currency: "hour", Per: "lot", Category: "education",
		}},
		{demoPost{"freins", 2, nil, ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Révision de freins et dérailleurs", Description: "Pour les associations qui roulent : vélos, remorques et vélos-cargos, contre un coup de main ou de quoi goûter.",
				Place: demoWorkshop(), Hashtags: "#Vélo",
			},
			Purpose: "offer", Modes: []string{"barter", "timeBank"}, Action: "service", Category: "mobilite",
		}},
	}
}

func demoRepairNeeds(c demoCalendar) []demoOffer {
	return []demoOffer{
		{demoPost{"reparateurs", 9, people(0xe9edc9, 0xccd5ae, 0x7f5539), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Réparateur·rices bénévoles le samedi", Description: "Aucun diplôme : de la patience et de la curiosité. Deux samedis par mois, ou un seul.",
				Alt: "Dessin de cinq personnes autour d’un établi", Place: demoWorkshop(), Hashtags: "#Bénévolat #RepairCafe",
			},
			Purpose: "request", Modes: []string{"volunteering"}, Action: "service", Quantity: "4", Unit: "hour", Available: "32", Category: "artisanat-reparation",
		}},
		{demoPost{"vieux-appareils", 4, nil, ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Appareils hors service, pour leurs pièces", Description: "Cafetières, aspirateurs, perceuses : un moteur sain en sauve un autre. Pas de réfrigérateurs.",
				Place: demoWorkshop(), Hashtags: "#Réemploi",
			},
			Purpose: "request", Modes: []string{"gift", "barter"}, UnitName: "l’appareil", Available: "15", Until: c.in(50), Category: "artisanat-reparation",
		}},
		{demoPost{"multimetres", 1, nil, ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Multimètres et fers à souder", Description: "Pour équiper deux postes de plus. Prêtés ou donnés, même anciens.",
				Place: demoWorkshop(), Hashtags: "#Outils",
			},
			Purpose: "request", Modes: []string{"loan", "gift"}, UnitName: "l’outil", Available: "4", Category: "artisanat-reparation",
		}},
		{demoPost{"repas-benevoles", 3, nil, ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "De la farine pour les crêpes du samedi", Description: "Trente bénévoles et visiteurs affamés à quatre heures. En échange, nous réparons vos outils et vos vélos.",
				Place: demoWorkshop(), Hashtags: "#Convivialité",
			},
			Purpose: "request", Modes: []string{"barter", "gift"}, Quantity: "10", Unit: "kilogram", Category: "alimentation",
		}},
	}
}

func demoRepairEvents(c demoCalendar) []demoEvent {
	return []demoEvent{
		{demoPost{"repair-cafe", 9, gear(0xfefae0, 0xfaedcd, 0xd4a373), ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Repair café du samedi", Description: "Un objet par personne, et on reste jusqu’au bout de la réparation. Café et gâteaux bienvenus.",
				Alt: "Dessin d’une roue dentée et d’une clé", Place: demoWorkshop(), Hashtags: "#RepairCafe #Valence",
			},
			StartDate: c.on(time.Saturday, 0), StartTime: "14:00", EndTime: "18:00", Capacity: "40", Category: "WORKSHOPS_SKILL_SHARING", Price: "prix libre",
			Slots: []outbox.SlotForm{
				{Name: "Installer les tables", People: "3", From: "13:00", To: "14:00"},
				{Name: "Tenir l’accueil", People: "2", From: "14:00", To: "18:00"},
				{Name: "Vaisselle", People: "2", From: "18:00", To: "19:00"},
			},
		}, false},
		{demoPost{"atelier-velo", 7, bicycle(0xfff1e6, 0xfad2e1, 0x3d5a80), ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Atelier vélo : freins et dérailleurs", Description: "Apportez le vôtre. À la fin de la soirée, vous saurez régler les deux.",
				Alt: "Dessin d’un vélo bleu", Place: outbox.PlaceForm{Name: "Kiosque du parc Jouvet", Postal: "26000", City: "Valence", Country: "FR", Lat: "44.9298", Lon: "4.8876"},
				Hashtags: "#Vélo",
			},
			StartDate: c.on(time.Wednesday, 0), StartTime: "17:30", EndTime: "20:00", Capacity: "12", Category: "DIY_MAKER_SPACES", Price: "gratuit",
		}, false},
		{demoPost{"diagnostic-en-ligne", 5, nil, ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Permanence en ligne : d’où vient la panne ?", Description: "Montrez l’appareil à la caméra : on vous dit s’il vaut le voyage.",
				Hashtags: "#RepairCafe",
			},
			StartDate: c.on(time.Monday, 1), StartTime: "20:00", EndTime: "21:30", Online: "https://visio.example.org/repair-cafe", Category: "WORKSHOPS_SKILL_SHARING", Price: "gratuit",
		}, false},
		{demoPost{"coudre", 4, cloth(0xbde0fe, 0xa2d2ff, 0x1d3557), ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Coudre et repriser", Description: "Trous, ourlets, boutons : Odile montre, vous cousez.",
				Alt: "Dessin d’un tissu bleu à trois boutons", Place: demoWorkshop(), Hashtags: "#Couture",
			},
			StartDate: c.on(time.Thursday, 1), StartTime: "18:00", EndTime: "20:30", Capacity: "8", Category: "CRAFTS", Price: "prix libre",
		}, false},
		{demoPost{"repair-cafe-romans", 12, nil, ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Repair café hors les murs à Romans", Description: "La salle n’est plus libre ce jour-là ; nous cherchons une autre date.",
				Place:    outbox.PlaceForm{Name: "Maison de quartier", Postal: "26100", City: "Romans-sur-Isère", Country: "FR", Lat: "45.0456", Lon: "5.0500"},
				Hashtags: "#RepairCafe #Romans",
			},
			StartDate: c.on(time.Saturday, 2), StartTime: "14:00", EndTime: "18:00", Category: "WORKSHOPS_SKILL_SHARING", Price: "prix libre",
		}, true},
		{demoPost{"bourse-pieces", 2, nil, ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Bourse aux pièces détachées", Description: "Vis, résistances, chambres à air, boutons : on trie, on troque, on repart les poches pleines.",
				Place: demoAssociations(), Hashtags: "#Réemploi #Troc",
			},
			StartDate: c.on(time.Sunday, 3), StartTime: "10:00", EndTime: "16:00", Category: "COMMUNITY", Price: "gratuit",
		}, false},
	}
}
