// SPDX-License-Identifier: AGPL-3.0-or-later

package locale

// The codes of the vocabularies that have names here, besides those of the
// grammar (federation.ExchangeModes, Units and PartKinds). Read them only.
var (
	// Sectors are what an initiative works in: Word("sector", code).
	Sectors = []string{
		"alimentation", "energie", "finance", "habitat", "culture", "commerce", "mobilite", "numerique",
		"sante-soin", "education", "artisanat-reparation", "emploi-insertion", "echange-entraide", "transversal",
	}

	// Kinds are what an initiative is: Word("kind", code).
	Kinds = []string{
		"amap", "groupement-achat", "magasin-producteurs", "marche-producteurs", "vente-ferme", "epicerie-coop",
		"epicerie-solidaire", "jardin-partage", "jardin-insertion", "cuisine-partagee", "coop-energie",
		"autoconso-collective", "cigales", "finance-solidaire", "monnaie-locale", "sel", "accorderie",
		"jeu-grainotheque", "gratiferie-troc", "habitat-participatif", "foncier-solidaire", "ressourcerie",
		"repair-cafe", "atelier-velo", "autopartage", "tiers-lieu", "fablab", "hebergeur-libre", "amacca",
		"lieu-culturel", "media-citoyen", "centre-sante", "ecole-pop", "creche-parentale",
		"entreprise-insertion", "commerce-equitable", "scic-territoriale", "ptce", "cae", "reseau",
		"collectivite-partenaire",
	}

	// EventCategories is the list of FEP-8a8e, the ones used most here first:
	// Word("category", code).
	EventCategories = []string{
		"MEETING", "WORKSHOPS_SKILL_SHARING", "FOOD_DRINK", "COMMUNITY", "CLIMATE_ENVIRONMENT", "FESTIVALS",
		"LEARNING", "DIY_MAKER_SPACES", "CRAFTS", "FAMILY_EDUCATION", "MOVEMENTS_POLITICS", "CAUSES", "NETWORKING",
		"BUSINESS", "ARTS", "MUSIC", "THEATRE", "PERFORMING_VISUAL_ARTS", "FILM_MEDIA", "PHOTOGRAPHY", "BOOK_CLUBS",
		"COMEDY", "CREATIVE_JAM", "LANGUAGE_CULTURE", "SCIENCE_TECH", "GAMES", "SPORTS", "OUTDOORS_ADVENTURE",
		"MEDITATION_WELLBEING", "INCLUSIVE_SPACES", "LGBTQ", "PARTY", "FASHION_BEAUTY", "PETS", "AUTO_BOAT_AIR",
		"SPIRITUALITY_RELIGION_BELIEFS",
	}

	// EventStatuses are those of FEP-8a8e: Word("status", code).
	EventStatuses = []string{
		"EventScheduled", "EventTentative", "EventRescheduled", "EventPostponed", "EventMovedOnline", "EventCancelled",
	}

	// JoinModes are how one takes part in an event: Word("join", code).
	JoinModes = []string{"free", "restricted", "external", "invite", "none"}

	// Audiences are who may read a post: Word("audience", code). Those invited
	// are for events only.
	Audiences = []string{"public", "followers", "circuit", "invited"}
)
