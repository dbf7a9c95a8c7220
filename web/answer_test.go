// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

func TestAnswersToAnEvent(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		f := event()
		f.Set("capacity", "1")
		path := led(i.as("admin").post("/publish/event", f).wants(t, 303))
		id := origin + path
		say := func(who, answer string) response {
			t.Helper()
			return i.as(who).post("/answer", url.Values{"object": {id}, "answer": {answer}})
		}
		i.as("").get(path).wants(t, 200, "Je viens", "/sign-in?next=", "encore 1 place")
		i.as("member").get(path).wants(t, 200, "Je viens", "Peut-être")

		made := say("member", "yes").wants(t, 303)
		if where := made.Header.Get("Location"); !strings.HasSuffix(where, "?done=answered_yes#answer") {
			t.Errorf("sent on to %s", where)
		}
		i.as("member").get(path).wants(t, 200, "Vous venez.", "1 personne vient", "complet")
		page := i.as("").get(path).wants(t, 200, "1 personne vient").body
		if strings.Contains(page, "Camille member") {
			t.Error("the public sees who comes")
		}

		made = say("moderator", "yes").wants(t, 303)
		if where := made.Header.Get("Location"); !strings.Contains(where, "answered_waiting") {
			t.Errorf("sent on to %s", where)
		}
		i.as("admin").get(path+"/answers").wants(t, 200, "Camille member", "Camille moderator", "En attente (1)", "Participent (1)")
		i.as("member").get(path+"/answers").wants(t, 404)
		i.as("admin").get("/notifications").wants(t, 200, "Camille moderator", "et 1 autre personne", "participe ou demande à participer")

		say("member", "maybe").wants(t, 303) // and the next in line moves up
		i.as("member").get(path).wants(t, 200, "Vous viendrez peut-être.")
		i.as("moderator").get(path).wants(t, 200, "Vous venez.")
		i.as("moderator").get("/notifications?as=camille-moderator").wants(t, 200, "a confirmé votre participation")
		say("moderator", "no").wants(t, 303)
		i.as("moderator").get(path).wants(t, 200, "Je viens")

		say("member", "dance").wants(t, 400)
		i.as("member").post("/answer", url.Values{"object": {origin + "/objects/none"}, "answer": {"yes"}}).wants(t, 404)
		i.as("admin").post(path+"/cancel", url.Values{}).wants(t, 303)
		say("member", "yes").wants(t, 409)
	})
}

func TestOrganisersDecide(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		f := event()
		f.Set("join", "restricted")
		path := led(i.as("admin").post("/publish/event", f).wants(t, 303))
		person := string(i.accounts["member"].Person)
		i.as("member").post("/answer", url.Values{"object": {origin + path}, "answer": {"yes"}}).wants(t, 303)
		i.as("member").get(path).wants(t, 200, "attend une confirmation")
		i.as("editor").get(path+"/answers").wants(t, 200, "En attente (1)", "Accepter")
		i.as("member").post(path+"/answers", url.Values{"actor": {person}, "answer": {"accept"}}).wants(t, 404)
		i.as("editor").post(path+"/answers", url.Values{"actor": {person}, "answer": {"accept"}}).wants(t, 303)
		i.as("member").get(path).wants(t, 200, "Vous venez.")
		i.as("editor").post(path+"/answers", url.Values{"actor": {person}, "answer": {"reject"}}).wants(t, 303)

		// The organiser's no is not forgotten: one may ask again, with a word.
		page := i.as("member").get(path).wants(t, 200, "n’a pas pu vous accueillir", "elle l’a dit le mardi 1er septembre", `href="/@amap"`, "Demander à nouveau").body
		if strings.Contains(page, `value="maybe"`) || strings.Contains(page, ">Je viens<") {
			t.Error("one is asked as if nothing had happened")
		}
		i.as("member").get("/events").wants(t, 200, "n’a pas pu vous accueillir", path+"#answer")
		again := url.Values{"object": {origin + path}, "answer": {"yes"}, "message": {"Je peux rester debout"}}
		i.as("member").post("/answer", again).wants(t, 303)
		i.as("member").get(path).wants(t, 200, "attend une confirmation")
		i.as("editor").get(path+"/answers").wants(t, 200, "Je peux rester debout")
		i.pass(24 * time.Hour)
		i.as("editor").post(path+"/answers", url.Values{"actor": {person}, "answer": {"reject"}}).wants(t, 303)
		i.as("member").get(path).wants(t, 200, "2 septembre")
	})
}

// What is offered is what whoever organises understands.
func TestAnswersThatAPeerUnderstands(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		anna := i.peer("anna")
		me := i.as("member")
		put := func(name string, extra map[string]string) string {
			t.Helper()
			o := &federation.Object{
				ID: federation.IRI("https://peer.example/events/" + name), Type: "Event", Name: name, AttributedTo: anna.ID, To: []federation.IRI{federation.Public},
				Published: i.now(), Start: i.now().Add(48 * time.Hour), End: i.now().Add(50 * time.Hour), Extra: map[string]json.RawMessage{},
			}
			for key, value := range extra {
				o.Extra[key] = json.RawMessage(value)
			}
			i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutObject(ctx, o) })
			return string(o.ID)
		}
		for name, c := range map[string]struct {
			extra   map[string]string
			perhaps bool
			given   string
		}{
			"mobilizon": {map[string]string{"joinMode": `"free"`, "participantCount": "3"}, false, "attend une confirmation"},
			"gancio":    {nil, false, "ne confirme pas"},
			"friendica": {map[string]string{"dfrn:adjust": "true"}, true, "Vous venez"},
			"maillage":  {map[string]string{"joinMode": `"free"`, "eventStatus": `"EventScheduled"`}, true, "attend une confirmation"},
		} {
			id := put(name, c.extra)
			page := "/peer/objects?id=" + url.QueryEscape(id)
			if got := strings.Contains(me.get(page).wants(t, 200, "Je viens").body, `value="maybe"`); got != c.perhaps {
				t.Errorf("%s: perhaps is offered: %t", name, got)
			}
			me.post("/answer", url.Values{"object": {id}, "answer": {"yes"}}).wants(t, 303)
			me.get(page).wants(t, 200, c.given)
		}
	})
}

// The last place goes to one, whoever asks at the same moment.
func TestTheLastPlaceGoesToOne(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		f := event()
		f.Set("capacity", "3")
		path := led(i.as("admin").post("/publish/event", f).wants(t, 303))
		var people []string
		for n := range 12 {
			name := "guest" + string(rune('a'+n))
			i.account(name, "member")
			people = append(people, name)
		}
		done := make(chan int, len(people))
		for _, name := range people {
			b := i.as(name)
			go func() {
				done <- b.post("/answer", url.Values{"object": {origin + path}, "answer": {"yes"}}).StatusCode
			}()
		}
		for range people {
			if status := <-done; status != 303 {
				t.Errorf("answered %d", status)
			}
		}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.Answers(ctx, federation.IRI(origin+path))
			if got := n[federation.IRI(origin+path)]; got.Coming != 3 || got.Waiting != 9 {
				t.Errorf("answers %+v", got)
			}
			return err
		})
	})
}

// An event that ends before it starts is refused, and both times are shown.
func TestAnEndBeforeTheStartIsShownWithBothTimes(t *testing.T) {
	i := start(t, "sqlite:"+t.TempDir()+"/web.db")
	f := meeting("Veillée", "2026-10-24")
	f.Set("start.time", "18:30")
	f.Set("end.date", "2026-10-24")
	f.Set("end.time", "17:30")
	page := i.as("admin").post("/publish/event", f).wants(t, 422).body
	page = strings.ReplaceAll(strings.ReplaceAll(page, "\u00a0", " "), "\u202f", " ")
	for _, w := range []string{"La fin est avant le début", "samedi 24 octobre 2026, 18 h 30", "samedi 24 octobre 2026, 17 h 30"} {
		if !strings.Contains(page, w) {
			t.Errorf("no %q in the page", w)
		}
	}
}

// Who votes in a poll that they do not come leaves no answer: the organiser sees it
// all the same.
func TestOrganiserSeesWhoVotedNo(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := led(i.as("admin").post("/publish/event", event()).wants(t, 303))
		id := federation.IRI(origin + path)
		zoe, bob, eve := i.peer("zoe"), i.peer("bob"), i.peer("eve")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Asked, From: zoe.ID, To: id, By: "https://x.example/1", At: i.now()}),
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Asked, From: bob.ID, To: id, By: "https://x.example/2", At: i.now()}),
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Join, From: bob.ID, To: id, By: "https://x.example/3", At: i.now()}),
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Asked, From: eve.ID, To: id, By: "https://x.example/4", Pending: true, At: i.now()}),
			)
		})
		page := i.as("admin").get(path+"/answers?show=no").wants(t, 200, "Ne viennent pas (1)", "@zoe@peer.example", "par sondage").body
		if strings.Contains(page, "@bob@") || strings.Contains(page, "@eve@") {
			t.Error("who comes, or did not vote, is said to have said no")
		}
	})
}
