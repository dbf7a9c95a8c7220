// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
)

// demoAMAP is a farm and the households who share its harvest.
func demoAMAP(c demoCalendar) demoCast {
	return demoCast{
		folder: "amap", handle: "jardins-du-moulin", name: "Les Jardins du Moulin", kind: "AMAP",
		colour:  "#1b5e3f",
		summary: "<p>Quarante familles de Valence et deux maraîchers de Montélier : nous partageons la récolte, les risques et les bons moments. Légumes biologiques, œufs et farine, sans intermédiaire.</p>",
		place:   federation.Place{Type: "Place", Name: "Ferme du Moulin", Street: "12 chemin du Moulin", Postal: "26120", City: "Montélier", Country: "FR", Point: &federation.Point{Latitude: 44.9367, Longitude: 5.0283}},
		fields:  []federation.Field{{Name: "Initiative", Value: "AMAP, association loi 1901"}, {Name: "Distribution", Value: "le jeudi de 18 h à 19 h 30"}},
		icon:    crate(0xeaf4d3, 0x9bc53d, 0xe4572e, 0x76b041, 0xffc914),
		header:  field(0x9fd3f0, 0xf6efd2, 0x7a5230, 0x6cab3c),
		admin:   demoPerson{name: "Claire Fontaine", summary: "<p>Coordination de l’AMAP : contrats, permanences et bonne humeur.</p>"},
		member:  demoPerson{"karim", "Karim Benali", "<p>Amapien depuis 2019. Je cherche toujours des recettes de blettes.</p>"},
		circuits: []demoCircuit{{
			"circuit-legumes", "Circuit légumes du Pays de Valence",
			"<p>Producteur·rices, transformateur·rices et mangeur·ses du Pays de Valence : qui cultive quoi, pour qui, et comment cela voyage.</p>",
		}},
		offers:   append(demoAMAPOffers(c), demoAMAPNeeds(c)...),
		events:   demoAMAPEvents(c),
		calendar: demoICS(c),
		// A season of baskets, without the two weeks of the holidays.
		seasons: map[string]demoSeason{"distribution": {"FREQ=WEEKLY;COUNT=22", []int{6, 7}}},
	}
}

func demoFarm() outbox.PlaceForm {
	return outbox.PlaceForm{Name: "Ferme du Moulin", Street: "12 chemin du Moulin", Postal: "26120", City: "Montélier", Country: "FR", Lat: "44.9367", Lon: "5.0283"}
}

func demoAssociations() outbox.PlaceForm {
	return outbox.PlaceForm{Name: "Maison de la vie associative", Street: "74 route de Montélier", Postal: "26000", City: "Valence", Country: "FR", Lat: "44.9345", Lon: "4.9165"}
}

// demoMontelier is where the farm's commune is.
var demoMontelier = &federation.Point{Latitude: 44.9353, Longitude: 5.0305}

// demoPricesBefore is what some offers cost before, by their keys.
var demoPricesBefore = map[string][]string{"farine": {"2,10", "2,25"}, "paniers": {"17"}}

func demoAMAPOffers(c demoCalendar) []demoOffer {
	return []demoOffer{
		{demoPost{"paniers", 12, crate(0xf7f3e3, 0xb7d968, 0xe4572e, 0x76b041, 0xf3a712, 0x8e5572), "circuit-legumes"}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Paniers de légumes de saison", Description: "5 à 6 kg de légumes biologiques récoltés le matin même, à retirer le jeudi à Valence.",
				Alt: "Dessin d’une cagette remplie de légumes de toutes les couleurs", Place: demoAssociations(), Hashtags: "#CircuitsCourts #AMAP #Valence",
			},
			Purpose: "offer", Modes: []string{"commitment", "sale"}, UnitName: "le panier", Available: "14", Minimum: "1",
			Price: "18", Per: "unit", Until: c.in(75), Category: "alimentation",
			OpenForm: outbox.OpenForm{Intermediaries: "0", Produced: "Montélier", ProducedAt: demoMontelier},
			Parts:    []outbox.PartForm{{Kind: "production", Amount: "12,50"}, {Kind: "logistics", Amount: "3"}, {Name: "fonds de solidarité", Kind: "solidarity", Amount: "1,50"}, {Kind: "platform", Amount: "1"}},
		}},
		{demoPost{"oeufs", 9, crate(0xfff3d6, 0xe9c46a, 0xf2d0a4, 0xd9a066, 0xfbe3c0), "circuit-legumes"}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Œufs de poules élevées en plein air", Description: "Nos deux cents poules courent sous les noyers. Rapportez vos boîtes, nous les réutilisons.",
				Alt: "Dessin d’une cagette d’œufs bruns et blancs", Place: demoFarm(), Hashtags: "#CircuitsCourts #Oeufs",
			},
			Purpose: "offer", Modes: []string{"sale"}, UnitName: "la boîte de six", Available: "40",
			Price: "3,60", Per: "unit", Until: c.in(45), Category: "alimentation",
			OpenForm: outbox.OpenForm{Intermediaries: "0", Readers: federation.Readers{federation.DetailPrice: federation.ReadersNetwork}},
			Parts:    []outbox.PartForm{{Kind: "production", Amount: "2,90"}, {Name: "tri et boîtes", Kind: "processing", Amount: "0,40"}, {Kind: "logistics", Amount: "0,30"}},
		}},
		{demoPost{"farine", 6, field(0xf9dcc4, 0xfec89a, 0xc9a227, 0xe9c46a), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Farine de blés anciens, moulue sur meule", Description: "Rouge de Bordeaux et touselle, cultivés à Montélier, moulus à Chabeuil.",
				Alt: "Dessin d’un champ de blé sous le soleil", Place: outbox.PlaceForm{Name: "Moulin de la Véore", Postal: "26120", City: "Chabeuil", Country: "FR", Lat: "44.8989", Lon: "5.0167"},
				Hashtags: "#Farine #CircuitsCourts",
			},
			Purpose: "offer", Modes: []string{"sale", "localCurrency", "barter"}, Unit: "kilogram", Available: "120", Minimum: "5",
			Price: "2,40", Per: "unit", Category: "alimentation",
			OpenForm: outbox.OpenForm{Intermediaries: "1", Produced: "Montélier", ProducedAt: demoMontelier},
			Parts:    []outbox.PartForm{{Kind: "production", Amount: "1,30"}, {Name: "mouture", Kind: "processing", Amount: "0,80"}, {Kind: "logistics", Amount: "0,30"}},
		}},
		{demoPost{"pain", 5, field(0xf9dcc4, 0xfec89a, 0xd9a066, 0xe9c46a), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Pain au levain, chaque jeudi", Description: "Cuit le matin au fournil du Moulin, un kilo. Vous partez en vacances ? Sautez une semaine, sans rien expliquer.",
				Alt: "Dessin d’un champ de blé mûr", Place: demoAssociations(), Hashtags: "#Pain #CircuitsCourts",
			},
			Purpose: "offer", Modes: []string{"sale"}, UnitName: "le pain", Available: "20", Price: "5,20", Per: "unit", Category: "alimentation",
			Dates: c.on(time.Thursday, 0) + " 18:30", Every: federation.Weekly, NoticeDays: "14", ChangeHours: "48",
		}},
		{demoPost{"panier-suspendu", 4, crate(0xe8f1f2, 0x7fb7be, 0xd3604f, 0x9cc76a, 0xf2cc8f), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Paniers suspendus", Description: "Payés d’avance par d’autres familles. Chacun donne ce qu’il peut, personne ne demande pourquoi.",
				Alt: "Dessin d’une cagette de légumes sur fond bleu", Place: demoAssociations(), Hashtags: "#Solidarité #AMAP",
			},
			Purpose: "offer", Modes: []string{"freePrice", "gift"}, UnitName: "le panier", Available: "4", Until: c.in(20), Category: "alimentation",
		}},
		{demoPost{"remorque", 3, bicycle(0xd8f3dc, 0x95d5b2, 0x2d6a4f), ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Remorque à vélo, 80 kg", Description: "Elle porte les paniers le jeudi. Les autres jours, elle est à vous contre un peu d’huile de chaîne.",
				Alt: "Dessin d’un vélo vert", Place: demoFarm(), Hashtags: "#Mobilité #Partage",
			},
			Purpose: "offer", Modes: []string{"loan", "sharedUse"}, UnitName: "la journée", Available: "1", Category: "mobilite",
			OpenForm: outbox.OpenForm{
				Contact: "Hélène, à l’accueil de la ferme, le matin",
				Readers: federation.Readers{federation.DetailPlace: federation.ReadersParties, federation.DetailContact: federation.ReadersParties},
			},
		}},
	}
}

func demoAMAPNeeds(c demoCalendar) []demoOffer {
	return []demoOffer{
		{demoPost{"bras-recolte", 5, people(0xfdf0d5, 0xc6ac8f, 0x8d6b48), "circuit-legumes"}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Bras pour la récolte des pommes de terre", Description: "Une matinée suffit. Repas partagé à midi, et chacun repart avec cinq kilos.",
				Alt: "Dessin de cinq personnes autour d’une table", Place: demoFarm(), Hashtags: "#Bénévolat #AMAP",
			},
			Purpose: "request", Modes: []string{"volunteering"}, Action: "service", Quantity: "4", Unit: "hour", Available: "60", Until: c.in(21), Category: "alimentation",
		}},
		{demoPost{"local-frais", 2, nil, ""}, outbox.OfferForm{
			CommonForm: outbox.CommonForm{
				Title: "Un local frais pour les courges", Description: "Une cave ou un garage entre 10 et 15 °C, à moins de dix kilomètres, de l’automne à mars.",
				Place: outbox.PlaceForm{City: "Valence", Postal: "26000", Country: "FR", Lat: "44.9334", Lon: "4.8924"}, Hashtags: "#Stockage",
			},
			Purpose: "request", Modes: []string{"sharedUse", "barter"}, Quantity: "20", Unit: "squareMetre", Until: c.in(60), Category: "alimentation",
		}},
	}
}

func demoAMAPEvents(c demoCalendar) []demoEvent {
	return []demoEvent{
		{demoPost{"distribution", 8, nil, ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Distribution des paniers", Description: "Venez avec vos sacs, et un quart d’heure pour aider à peser.",
				Place: demoAssociations(), Hashtags: "#AMAP #Valence",
			},
			StartDate: c.on(time.Thursday, 0), StartTime: "18:00", EndTime: "19:30", Category: "FOOD_DRINK", Price: "pour les adhérent·es", JoinMode: "free",
		}, false},
		{demoPost{"recolte", 7, field(0xbde0fe, 0xfefae0, 0x6f4518, 0xa3b18a), "circuit-legumes"}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Chantier participatif : récolte des pommes de terre", Description: "Bottes et gants conseillés. Le repas est partagé : apportez de quoi, nous avons les pommes de terre.",
				Alt: "Dessin d’un champ labouré au soleil", Place: demoFarm(), Hashtags: "#ChantierParticipatif #AMAP",
			},
			StartDate: c.on(time.Saturday, 0), StartTime: "09:00", EndTime: "12:30", Capacity: "25", Category: "COMMUNITY", Price: "gratuit",
		}, false},
		{demoPost{"charte-amap", 6, nil, ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Comprendre la charte des AMAP", Description: "Une heure pour les nouvelles familles : l’engagement, le prix juste, le partage des risques.",
				Hashtags: "#AMAP",
			},
			StartDate: c.on(time.Wednesday, 1), StartTime: "20:00", EndTime: "21:00", Online: "https://visio.example.org/jardins-du-moulin", Category: "LEARNING", Price: "gratuit",
		}, false},
		{demoPost{"visite-ferme", 10, nil, ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Visite de la ferme en famille", Description: "Serres, poulailler et goûter. La serre est en travaux : une nouvelle date suivra.",
				Place: demoFarm(), Hashtags: "#Famille #AMAP",
			},
			StartDate: c.on(time.Sunday, 1), StartTime: "15:00", EndTime: "17:00", Category: "FAMILY_EDUCATION", Price: "gratuit",
		}, true},
		{demoPost{"assemblee-generale", 1, people(0xe0e1dd, 0x778da9, 0x415a77), ""}, outbox.EventForm{
			CommonForm: outbox.CommonForm{
				Title: "Assemblée générale", Description: "Comptes, prix du panier pour l’an prochain, élection du collectif. Chaque famille a une voix.",
				Alt: "Dessin de cinq personnes autour d’une table", Place: demoAssociations(), Hashtags: "#AMAP #Démocratie",
			},
			StartDate: c.on(time.Tuesday, 2), StartTime: "19:00", EndTime: "21:30", Category: "MEETING", Price: "gratuit",
		}, false},
	}
}
