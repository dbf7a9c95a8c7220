// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import "net/http"

// A route is an address, who may ask for it, and what is done then: a reading
// for GET, a doing for POST.
type route struct {
	path string
	who  role
	get  reading
	post doing
}

// routes is every page there is.
func routes() []route {
	return []route{
		// For everyone.
		{path: "/{$}", who: anyone, get: (*visit).home},
		{path: "/{handle}", who: anyone, get: (*visit).handle},
		{path: "/actors/{name}", who: anyone, get: (*visit).actor},
		{path: "/actors/{name}/{collection}", who: anyone, get: (*visit).actorCollection},
		{path: "/objects/{id}", who: anyone, get: (*visit).object},
		{path: "/calendars/{secret}", who: anyone, get: (*visit).ownCalendar},
		{path: "/series/{id}", who: anyone, get: (*visit).series},
		{path: "/activities/{id}", who: anyone, get: (*visit).activity},
		{path: "/events", who: anyone, get: (*visit).events},
		{path: "/offers", who: anyone, get: (*visit).offers},
		{path: "/needs", who: anyone, get: (*visit).needs},
		{path: "/tags/{tag}", who: anyone, get: (*visit).tag},
		{path: "/search", who: anyone, get: (*visit).search},
		{path: "/about", who: anyone, get: (*visit).about},
		{path: "/design", who: anyone, get: (*visit).design},
		{path: "/accessibility", who: anyone, get: (*visit).accessibility},
		{path: "/sign-in", who: anyone, get: (*visit).signInPage, post: (*visit).signIn},
		{path: "/sign-in/mail", who: anyone, post: (*visit).mailSignIn},
		{path: "/sign-in/link", who: anyone, get: (*visit).signInLinkPage, post: (*visit).signInLink},
		{path: "/sign-in/second", who: anyone, post: (*visit).signInSecond},
		{path: "/sign-in/passkey", who: anyone, post: (*visit).signInPasskey},
		{path: "/invitation", who: anyone, get: (*visit).invitationPage, post: (*visit).acceptInvitation},
		{path: "/goodbye", who: anyone, get: (*visit).goodbye},
		{path: "/sign-out", who: anyone, post: (*visit).signOut},
		{path: "/remote-follow", who: anyone, get: (*visit).remoteFollowPage, post: (*visit).remoteFollow},
		{path: "/subscribe", who: anyone, get: (*visit).subscribePage, post: (*visit).subscribe},
		{path: "/mail/confirm", who: anyone, get: (*visit).subscriptionPage, post: (*visit).confirmSubscription},
		{path: "/mail/manage", who: anyone, get: (*visit).subscriptionPage, post: (*visit).changeSubscription},
		{path: "/mail/stop", who: anyone, get: (*visit).subscriptionPage, post: (*visit).endSubscription},
		{path: "/remote-follow/forget", who: anyone, post: (*visit).forgetServer},
		{path: "/report", who: anyone, get: (*visit).reportPage, post: (*visit).report},
		{path: "/objects/{id}/answer", who: anyone, get: (*visit).guestFormPage, post: (*visit).askGuest},
		{path: "/guest/stop", who: anyone, get: (*visit).stopPage, post: (*visit).stopInvitations},
		{path: "/respond", who: anyone, get: (*visit).respondPage, post: (*visit).respond},
		{path: "/respond/confirm", who: anyone, get: (*visit).confirmPage, post: (*visit).confirmResponse},
		{path: "/respond/forget", who: anyone, post: (*visit).forgetMe},
		{path: "/exchanges/{id}", who: anyone, get: (*visit).exchangePage, post: (*visit).doExchange},
		{path: "/exchanges/{id}/receipt", who: anyone, get: (*visit).receiptPage},
		{path: "/guest", who: anyone, get: (*visit).guestPage, post: (*visit).changeGuest},
		{path: "/events/print", who: anyone, get: (*visit).printAgenda},
		{path: "/objects/{id}/poster", who: anyone, get: (*visit).poster},

		// For whoever has signed in.
		{path: "/account", who: member, get: (*visit).accountPage, post: (*visit).changePassword},
		{path: "/account/language", who: member, post: (*visit).changeLanguage},
		{path: "/account/mail", who: member, post: (*visit).changeMail},
		{path: "/account/security", who: member, get: (*visit).security, post: (*visit).changeSecurity},
		{path: "/account/passkeys", who: member, post: (*visit).addPasskey},
		{path: "/account/data", who: member, get: (*visit).dataPage, post: (*visit).leave},
		{path: "/account/moving", who: member, get: (*visit).moving, post: (*visit).addFormer},
		{path: "/account/moving/forget", who: member, post: (*visit).dropFormer},
		{path: "/account/moving/go", who: member, post: (*visit).move},
		{path: "/account/export", who: member, get: (*visit).export},
		{path: "/account/devices", who: member, get: (*visit).devices, post: (*visit).endDevices},
		{path: "/account/calendar", who: member, get: (*visit).ownCalendarPage, post: (*visit).changeOwnCalendar},
		{path: "/account/tokens", who: member, get: (*visit).tokens, post: (*visit).addToken},
		{path: "/account/tokens/end", who: member, post: (*visit).endToken},
		{path: "/profile", who: member, get: (*visit).profilePage, post: (*visit).saveProfile},
		{path: "/feed", who: member, get: (*visit).feed},
		{path: "/feed/read", who: member, post: (*visit).readFeed},
		{path: "/objects/{id}/exchanges", who: member, get: (*visit).ordersPage, post: (*visit).tickOrder},
		{path: "/objects/{id}/exchanges/sheet", who: member, get: (*visit).ordersSheet},
		{path: "/objects/{id}/renewal", who: member, get: (*visit).renewalPage, post: (*visit).offerNext},
		{path: "/objects/{id}/exchanges/table", who: member, get: (*visit).ordersTable},
		{path: "/record", who: member, get: (*visit).recordPage, post: (*visit).record},
		{path: "/exchanges", who: member, get: (*visit).exchanges},
		{path: "/notifications", who: member, get: (*visit).notifications},
		{path: "/notifications/read", who: member, post: (*visit).readNotifications},
		{path: "/publish/offer", who: member, get: (*visit).offerPage, post: (*visit).publishOffer},
		{path: "/publish/need", who: member, get: (*visit).needPage, post: (*visit).publishNeed},
		{path: "/publish/event", who: member, get: (*visit).eventPage, post: (*visit).publishEvent},
		{path: "/publish/note", who: member, get: (*visit).notePage, post: (*visit).publishNote},
		{path: "/publish/article", who: member, get: (*visit).articlePage, post: (*visit).publishArticle},
		{path: "/publish", who: member, get: (*visit).publishChoice},
		{path: "/drafts", who: member, get: (*visit).drafts},
		{path: "/drafts/keep", who: member, post: (*visit).keepDraft},
		{path: "/drafts/{draft}", who: member, get: (*visit).draftForm},
		{path: "/drafts/{draft}/delete", who: member, post: (*visit).dropDraft},
		{path: "/objects/{id}/duplicate", who: member, get: (*visit).duplicatePage},
		{path: "/objects/{id}/deliveries", who: member, get: (*visit).deliveries, post: (*visit).retryDeliveries},
		{path: "/objects/{id}/edit", who: member, get: (*visit).editPage, post: (*visit).edit},
		{path: "/objects/{id}/close", who: member, post: (*visit).closeObject},
		{path: "/objects/{id}/reopen", who: member, post: (*visit).reopenObject},
		{path: "/objects/{id}/cancel", who: member, post: (*visit).cancelEvent},
		{path: "/objects/{id}/delete", who: member, get: (*visit).deletePage, post: (*visit).deleteObject},
		{path: "/series/{id}/cancel", who: member, post: (*visit).cancelDates},
		{path: "/series/{id}/end", who: member, post: (*visit).endSeries},
		{path: "/series/{id}/add", who: member, post: (*visit).addDate},
		{path: "/react", who: member, post: (*visit).react},
		{path: "/answers", who: member, get: (*visit).given},
		{path: "/answer", who: member, post: (*visit).answerEvent},
		{path: "/objects/{id}/answers", who: member, get: (*visit).answersPage, post: (*visit).decideAnswer},
		{path: "/objects/{id}/answers/table", who: member, get: (*visit).answersTable},
		{path: "/objects/{id}/answers/sheet", who: member, get: (*visit).signUpSheet},
		{path: "/account/reminders", who: member, post: (*visit).changeReminders},
		{path: "/answer/remind", who: member, post: (*visit).remindMe},
		{path: "/answer/slot", who: member, post: (*visit).takeSlot},
		{path: "/objects/{id}/answers/invite", who: member, post: (*visit).inviteTo},
		{path: "/objects/{id}/answers/slot", who: member, post: (*visit).assignSlot},
		{path: "/objects/{id}/answers/add", who: member, post: (*visit).addGuest},
		{path: "/objects/{id}/answers/write", who: member, post: (*visit).writeToAll},
		{path: "/reply", who: member, post: (*visit).reply},
		{path: "/follow", who: member, get: (*visit).followPage, post: (*visit).lookUp},
		{path: "/authorize_interaction", who: member, get: (*visit).authorize},
		{path: "/share", who: member, get: (*visit).share},
		{path: "/follow/actor", who: member, post: (*visit).follow},
		{path: "/unfollow", who: member, post: (*visit).unfollow},
		{path: "/following", who: member, get: (*visit).following},
		{path: "/following/table", who: member, get: (*visit).followingTable},
		{path: "/following/import", who: member, post: (*visit).importFollows},
		{path: "/followers", who: member, get: (*visit).followers},
		{path: "/followers/accept", who: member, post: (*visit).acceptFollower},
		{path: "/followers/remove", who: member, post: (*visit).removeFollower},
		{path: "/block", who: member, post: (*visit).block},
		{path: "/unblock", who: member, post: (*visit).unblock},
		{path: "/peer/objects", who: member, get: (*visit).peerObject},
		{path: "/peer/actors", who: member, get: (*visit).peerActor},
		{path: "/ledger", who: member, get: (*visit).ledger},
		{path: "/ledger/export", who: member, get: (*visit).ledgerExport},
		{path: "/publish/import", who: member, get: (*visit).offersImport, post: (*visit).bringOffers},
		{path: "/publish/import/{file}", who: member, get: (*visit).listPreview, post: (*visit).publishList},
		{path: "/publish/import/{file}/rejects", who: member, get: (*visit).listRejects},
		{path: "/offers/table", who: member, get: (*visit).offersTable},
		{path: "/offers/catalogue", who: member, get: (*visit).offersCatalogue},
		{path: "/exchanges/table", who: member, get: (*visit).exchangesTable},
		{path: "/matches", who: member, get: (*visit).matches},
		{path: "/alerts", who: member, get: (*visit).alerts, post: (*visit).addAlert},
		{path: "/alerts/{alert}", who: member, post: (*visit).changeAlert},
		{path: "/statements", who: member, get: (*visit).statements},

		// For those who look after the instance.
		{path: "/settings/reports", who: moderator, get: (*visit).reports, post: (*visit).settleReport},
		{path: "/settings/suspensions", who: moderator, get: (*visit).suspensions, post: (*visit).suspend},
		{path: "/settings/suspensions/lift", who: moderator, post: (*visit).unsuspend},
		{path: "/settings/invitations", who: editor, get: (*visit).invitations, post: (*visit).invite},
		{path: "/settings/invitations/change", who: editor, post: (*visit).changeInvitation},
		{path: "/settings/calendars", who: editor, get: (*visit).calendars, post: (*visit).addCalendar},
		{path: "/settings/calendars/{calendar}", who: editor, get: (*visit).calendarPage, post: (*visit).changeCalendar},
		{path: "/settings/calendars/import", who: editor, get: (*visit).calendarImport, post: (*visit).bringCalendar},
		{path: "/settings/calendars/import/{file}", who: editor, get: (*visit).calendarPreview, post: (*visit).publishCalendar},
		{path: "/settings/departures", who: admin, get: (*visit).departures},
		{path: "/settings/audit", who: admin, get: (*visit).audit},
		{path: "/settings/audit/table", who: admin, get: (*visit).auditTable},
		{path: "/settings/circuits/grant", who: admin, post: (*visit).grant},
		{path: "/settings/suspensions/import", who: moderator, get: (*visit).importPage, post: (*visit).importBlocks},
		{path: "/settings/suspensions/export.csv", who: moderator, get: (*visit).exportBlocks},
		{path: "/settings", who: moderator, get: (*visit).administration},
		{path: "/setup", who: admin, get: (*visit).resumeSetup},
		{path: "/setup/{step}", who: admin, get: (*visit).setupPage, post: (*visit).saveSetup},
		{path: "/settings/profile", who: admin, get: (*visit).profilePage, post: (*visit).saveProfile},
		{path: "/settings/appearance", who: admin, get: (*visit).appearance, post: (*visit).saveAppearance},
		{path: "/settings/language", who: admin, get: (*visit).languageSettings, post: (*visit).saveLanguageSettings},
		{path: "/settings/ledger", who: admin, get: (*visit).ledgerSettings, post: (*visit).saveLedger},
		{path: "/settings/map", who: admin, get: (*visit).mapSettings, post: (*visit).saveMap},
		{path: "/settings/about", who: admin, get: (*visit).aboutSettings, post: (*visit).saveAbout},
		{path: "/settings/embeds", who: admin, get: (*visit).embedsPage},
		{path: "/settings/paper", who: admin, get: (*visit).paper},
		{path: "/settings/queue", who: admin, get: (*visit).queue, post: (*visit).changeQueue},
		{path: "/settings/storage", who: admin, get: (*visit).storage, post: (*visit).clean},
		{path: "/settings/backups", who: admin, get: (*visit).backups, post: (*visit).changeBackups},
		{path: "/settings/circuits", who: admin, get: (*visit).circuits, post: (*visit).addCircuit},
		{path: "/settings/accounts", who: admin, get: (*visit).accounts, post: (*visit).addAccount},
		{path: "/settings/accounts/{account}", who: admin, post: (*visit).changeAccount},
		{path: "/settings/peers", who: admin, get: (*visit).peers, post: (*visit).changePeer},
	}
}

// Pages lists the addresses of all pages, as patterns of [http.ServeMux]: for
// whoever wants to look at every one.
func Pages() []string {
	var all []string
	for _, r := range routes() {
		if r.get != nil {
			all = append(all, r.path)
		}
	}
	return all
}

// Routes answers every page, and the addresses of actors, objects and
// activities for those who prefer HTML.
func (s *Site) Routes() http.Handler {
	s.start()
	mux := http.NewServeMux()
	s.register(mux)
	guard := http.NewCrossOriginProtection()
	_ = guard.AddTrustedOrigin(s.Origin) // a malformed one is trusted by nobody
	guard.SetDenyHandler(s.read(anyone, (*visit).foreign))
	return harden(compress(guard.Handler(mux)))
}

// A registrar is told what answers which pattern: [http.ServeMux], or a test that
// looks at everything there is.
type registrar interface {
	Handle(pattern string, h http.Handler)
}

func (s *Site) register(mux registrar) {
	for _, r := range routes() {
		if r.get != nil {
			mux.Handle("GET "+r.path, s.read(r.who, r.get))
		}
		if r.post != nil {
			mux.Handle("POST "+r.path, s.do(r.who, r.post))
		}
	}
	s.feedRoutes(func(pattern string, f serving) { mux.Handle(pattern, s.serve(f)) })
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /remote-follow/go": s.goHome, "GET /media/{id}": s.picture, "GET /media/{id}/thumb": s.thumbnail, "GET /places": s.places,
		"GET /static/{file}": serveStatic, "GET /embed/{list}": s.embed, "GET /favicon.ico": favicon, "GET /robots.txt": robots,
	} {
		mux.Handle(pattern, f)
	}
	mux.Handle("/", s.read(anyone, (*visit).nowhere))
}
