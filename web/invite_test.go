// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// secretFeast is an event that nobody but the invited may know of.
func (i *instance) secretFeast() string {
	i.t.Helper()
	f := event()
	f.Set("join", "invite")
	f.Set("audience", "invited")
	return led(i.as("admin").post("/publish/event", f).wants(i.t, 303))
}

func (i *instance) invites(path, whom string) response {
	i.t.Helper()
	return i.as("admin").post(path+"/answers/invite", url.Values{"whom": {whom}, "invite.words": {"On compte sur vous"}})
}

func TestInvitingMembers(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.secretFeast()
		answer := func(who, what string) response {
			return i.as(who).post("/answer", url.Values{"object": {origin + path}, "answer": {what}})
		}
		for _, who := range []string{"", "member", "moderator"} {
			i.as(who).get(path).wants(t, 404)
		}
		if page := i.as("").get("/events").wants(t, 200).body; strings.Contains(page, path) {
			t.Error("everybody reads of it")
		}
		answer("member", "yes").wants(t, 404)
		i.as("member").post(path+"/answers/invite", url.Values{"whom": {"@camille-member"}}).wants(t, 404)
		i.invites(path, " ").wants(t, 422, "une personne par ligne")
		i.invites(path, "@camille-member, @nobody").wants(t, 422, "@nobody", "introuvable", "@camille-member")
		i.invites(path, strings.Repeat("@camille-member ", 31)).wants(t, 422, "30 personnes")
		i.as("member").get(path).wants(t, 404) // nothing was done by halves

		i.invites(path, "@camille-member").wants(t, 303)
		i.as("member").get(path).wants(t, 200, "Je viens")
		i.as("moderator").get(path).wants(t, 404)
		i.as("member").get("/notifications?as=camille-member").wants(t, 200, "vous invite à", "Repair café de rentrée", `name="answer" value="no"`)
		i.as("admin").get(path+"/answers").wants(t, 200, "sans réponse (1)", "Camille member", "sur invitation")
		answer("member", "yes").wants(t, 303)
		i.as("member").get(path).wants(t, 200, "Vous venez.")
		i.as("admin").get(path+"/answers").wants(t, 200, "sans réponse (0)", "Participent (1)")
		answer("member", "no").wants(t, 303)
		i.invites(path, "@camille-member").wants(t, 303) // no second time
		i.as("admin").get(path+"/answers").wants(t, 200, "sans réponse (0)", "Participent (0)")

		// By the address of an account it is the same person.
		i.site.Mail = true
		i.invites(path, "moderator@example.org").wants(t, 303)
		if l := i.letters(); len(l) != 0 {
			t.Errorf("%+v", l)
		}
		i.as("moderator").get(path).wants(t, 200)
		i.as("admin").get(path+"/edit").wants(t, 200, `value="invited" selected`)
	})
}

func TestInvitingByLetter(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutSetting(ctx, outbox.RepliesTo, "reponses@amap.example")
		})
		path := i.secretFeast()
		i.invites(path, "zoe@example.org; max@example.org").wants(t, 303)
		list := i.letters()
		if len(list) != 2 || list[0].Kind != "invite" || list[0].Method != "REQUEST" || !strings.Contains(list[0].Body, "On compte sur vous") ||
			!strings.Contains(list[0].Unsubscribe, "/guest/stop?") || !strings.HasPrefix(list[0].ReplyTo, "reponses+") {
			t.Fatalf("%+v", list)
		}
		i.as("admin").get(path+"/answers").wants(t, 200, "sans réponse (2)", "zoe@example.org")
		u, err := url.Parse(link(t, list[0], "/guest"))
		must(t, err)
		key := u.Query()
		key.Del("a")
		i.as("").get("/guest?"+key.Encode()+"&a=no").wants(t, 200, "Vous êtes invité·e", "Repair café de rentrée", `value="no" selected`)
		i.as("admin").get(path+"/answers").wants(t, 200, "sans réponse (2)") // a look decides nothing
		i.as("").post("/guest", pressing(key, "change", "name", "", "answer", "yes")).wants(t, 422, "Vous êtes invité·e")
		i.as("").post("/guest", pressing(key, "change", "name", "Zoé", "answer", "yes")).wants(t, 200, "Vous venez.")
		i.as("admin").get(path+"/answers").wants(t, 200, "sans réponse (1)", "Participent (1)", "Zoé")
		i.as("").get(path).wants(t, 404)

		// Who declined, or wants no more, is left alone.
		stop := list[1].Unsubscribe[strings.Index(list[1].Unsubscribe, "/guest/stop"):]
		i.as("").get(stop).wants(t, 200, "Ne plus recevoir")
		i.as("").post(stop, url.Values{"List-Unsubscribe": {"One-Click"}}).wants(t, 200, "C’est noté")
		i.as("").get(stop).wants(t, 200, "Ce lien ne sert plus")
		i.as("").post("/guest", pressing(key, "change", "name", "Zoé", "answer", "no")).wants(t, 200, "Vous ne venez pas.")
		i.invites(path, "zoe@example.org max@example.org").wants(t, 303)
		i.invites(i.secretFeast(), "max@example.org").wants(t, 303)
		if l := i.letters(); len(l) != 0 {
			t.Errorf("%+v", l)
		}
		i.as("admin").get(path+"/answers").wants(t, 200, "sans réponse (0)", "Ne viennent pas (1)")
	})
}

// A peer's organiser invites one of ours.
func TestInvitedFromElsewhere(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		vera, eve := i.peer("vera"), i.peer("eve")
		me := i.accounts["member"].Person
		invite := func(by *federation.Actor, o *federation.Object) error {
			return i.db.Update(context.Background(), func(tx *store.Tx) error {
				_, err := federation.Apply(context.Background(), tx, &federation.Activity{
					ID: by.ID + "/invite", Type: federation.Invite, Actor: by.ID, Object: o.ID, Enclosed: o, To: []federation.IRI{me},
				})
				return err
			})
		}
		o := &federation.Object{
			ID: vera.ID + "/events/1", Type: "Event", AttributedTo: vera.ID, Name: "Fête des voisins", Start: i.now().Add(100e12), To: []federation.IRI{me},
		}
		if err := invite(eve, o); err == nil {
			t.Error("somebody else invites to it")
		}
		must(t, invite(vera, o))
		i.as("member").get("/notifications?as=camille-member").wants(t, 200, "vous invite à", "Fête des voisins", `value="maybe"`)
		i.as("member").post("/answer", url.Values{"object": {string(o.ID)}, "answer": {"yes"}}).wants(t, 303)
		i.as("moderator").get("/peer/objects?id="+url.QueryEscape(string(o.ID))).wants(t, 404)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			e, err := tx.Edge(ctx, federation.Invite, me, o.ID)
			if err == nil && e.Pending {
				err = errors.New("the invitation is still open")
			}
			return err
		})
	})
}
