// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// feast publishes an event with so many places, and returns its page.
func (i *instance) feast(capacity, join string) string {
	i.t.Helper()
	f := event()
	f.Set("capacity", capacity)
	f.Set("join", join)
	return led(i.as("admin").post("/publish/event", f).wants(i.t, 303))
}

// guestAnswer is what somebody without an account types.
func guestAnswer(address, companions string) url.Values {
	return url.Values{"name": {"Zoé Blanc"}, "address": {address}, "answer": {"yes"}, "companions": {companions}, "message": {"J’apporte une tarte"}}
}

// invited answers without an account and returns what its link holds.
func (i *instance) invited(path, address, companions string) url.Values {
	i.t.Helper()
	i.as("").post(path+"/answer", guestAnswer(address, companions)).wants(i.t, 200, "Un message vient de partir")
	letters := i.letters()
	if len(letters) != 1 || letters[0].To != address {
		i.t.Fatalf("%+v", letters)
	}
	u, err := url.Parse(link(i.t, letters[0], "/guest"))
	must(i.t, err)
	return u.Query()
}

// pressing adds what a button says to the link of a letter.
func pressing(key url.Values, do string, more ...string) url.Values {
	all := url.Values{"do": {do}}
	for name := range key {
		all.Set(name, key.Get(name))
	}
	for n := 0; n < len(more); n += 2 {
		all.Set(more[n], more[n+1])
	}
	return all
}

func TestAnswerWithoutAnAccount(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path := i.feast("4", "free")
		i.as("").get(path).wants(t, 200, "Envoyer ma réponse", "encore 4 places", path+"/answer", "effacés 30 jours après")
		key := i.invited(path, "zoe@example.org", "1")
		i.as("").get("/guest?"+key.Encode()).wants(t, 200, "Confirmer votre réponse", "avec 1 autre personne")
		i.as("admin").get(path+"/answers").wants(t, 200, "Participent (0)")
		i.as("").get(path).wants(t, 200, "encore 4 places")

		i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200, "Vous venez.", "Votre place est gardée")
		i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200, "Vous venez.") // pressed twice
		page := i.as("").get(path).wants(t, 200, "2 personnes viennent", "encore 2 places").body
		if strings.Contains(page, "Zoé") {
			t.Error("the public sees who comes")
		}
		i.as("admin").get(path+"/answers").wants(t, 200, "Zoé Blanc", "zoe@example.org", "avec 1 autre personne", "J’apporte une tarte", "sans compte", "2 personnes viennent")
		i.as("admin").get("/notifications").wants(t, 200, "a reçu une réponse, sans compte")
		i.as("member").get(path+"/answers").wants(t, 404)

		// The same link changes the answer, and takes it back.
		i.as("").get("/guest?"+key.Encode()).wants(t, 200, "Changer d’avis", `value="Zoé Blanc"`)
		i.as("").post("/guest", pressing(key, "change", "name", "", "answer", "yes", "companions", "12")).wants(t, 422, "Indiquez un nom", "chiffre de 0 à 9", `value="12"`)
		i.as("").post("/guest", pressing(key, "change", "name", "Zoé", "answer", "maybe", "companions", "0")).wants(t, 200, "Vous viendrez peut-être.")
		i.as("").get(path).wants(t, 200, "encore 4 places")
		i.as("").post("/guest", pressing(key, "change", "name", "Zoé", "answer", "no")).wants(t, 200, "Vous ne venez pas.")
		i.as("admin").get(path+"/answers?show=no").wants(t, 200, "Ne viennent pas (1)", "Zoé")
		i.as("").post("/guest", pressing(key, "erase")).wants(t, 200, "sont oubliés")
		i.as("admin").get(path+"/answers").wants(t, 200, "Ne viennent pas (0)")
		for _, k := range []url.Values{key, {"g": {"1"}, "k": {"x"}}, {"g": {"x"}}, {}} {
			i.as("").get("/guest?"+k.Encode()).wants(t, 200, "Ce lien ne sert plus")
			i.as("").post("/guest", pressing(k, "confirm")).wants(t, 200, "Ce lien ne sert plus")
		}
	})
}

// What somebody confirmed is not changed by whoever knows their address, who is
// not told either that they answered.
func TestAnswerInTheNameOfAnother(t *testing.T) {
	i := lone(t)
	i.site.Mail = true
	path := i.feast("4", "free")
	first := i.as("").post(path+"/answer", guestAnswer("zoe@example.org", "")).wants(t, 200).body
	u, err := url.Parse(link(t, i.letters()[0], "/guest"))
	must(t, err)
	i.as("").post("/guest", pressing(u.Query(), "confirm")).wants(t, 200)
	f := guestAnswer("Zoe@example.org", "5")
	f.Set("answer", "no")
	f.Set("name", "Mallory")
	second := i.as("").post(path+"/answer", f).wants(t, 200).body
	if tidy := strings.ReplaceAll(second, "encore 3 places", "encore 4 places"); strings.Count(tidy, "<p") != strings.Count(first, "<p") || strings.Contains(second, "déjà") {
		t.Error("the page tells that they answered")
	}
	letter := i.letters()[0]
	if !strings.Contains(letter.Body, "vous avez déjà répondu") || strings.Contains(letter.Body, "Mallory") {
		t.Error(letter.Body)
	}
	i.as("admin").get(path+"/answers").wants(t, 200, "Participent (1)", "Zoé Blanc")
}

// B51, the limits, and an instance without mail.
func TestAnswerWithoutAnAccountBadInput(t *testing.T) {
	i := lone(t)
	path := i.feast("4", "free")
	i.as("").get(path).wants(t, 200, "Mastodon", "/sign-in?next=")
	i.as("").post(path+"/answer", guestAnswer("zoe@example.org", "")).wants(t, 404)
	i.site.Mail = true
	for _, address := range []string{"", "zoe", "zoe@example.org\r\nBcc: x@example.org", "<script>@example.org", "zoe@127.0.0.1"} {
		page := i.as("").post(path+"/answer", guestAnswer(address, "")).wants(t, 422, "adresse de courriel", `value="Zoé Blanc"`)
		inert(t, address, page.body)
	}
	i.as("").post(path+"/answer", guestAnswer("zoe@example.org", "-1")).wants(t, 422, "chiffre de 0 à 9")
	for _, where := range []string{"/objects/none", i.feast("1", "none")} {
		i.as("").post(where+"/answer", guestAnswer("zoe@example.org", "")).wants(t, 404)
		i.as("").get(where+"/answer").wants(t, 404)
	}
	if len(i.letters()) != 0 {
		t.Error("a letter went")
	}
	i.pass(time.Hour)
	for n := range 5 {
		i.as("").post(path+"/answer", guestAnswer(fmt.Sprintf("z%d@example.org", n), "")).wants(t, 200)
	}
	i.as("").post(path+"/answer", guestAnswer("y@example.org", "")).wants(t, 429)
	i.as("admin").post(path+"/cancel", url.Values{})
	u, err := url.Parse(link(t, i.letters()[0], "/guest"))
	must(t, err)
	i.as("").post("/guest", pressing(u.Query(), "confirm")).wants(t, 200, "Les réponses sont closes")
	i.pass(49 * time.Hour)
	i.as("").get("/guest?"+u.RawQuery).wants(t, 200, "Ce lien ne sert plus")
}

// The same person by two doors is one row.
func TestOnePersonTwoDoors(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path := i.feast("2", "free")
		key := i.invited(path, "member@example.org", "1")
		i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200, "a un compte ici")
		i.as("member").get(path).wants(t, 200, "Vous venez.", "avec 1 autre personne", "2 personnes viennent")
		i.as("").get("/guest?"+key.Encode()).wants(t, 200, "Ce lien ne sert plus")

		// Who answered before they had an account, and does so again with it.
		other := i.feast("1", "free")
		key = i.invited(other, "new@example.org", "")
		i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200, "Vous venez.")
		i.account("new", "member")
		i.as("new").post("/answer", url.Values{"object": {origin + other}, "answer": {"yes"}}).wants(t, 303)
		i.as("new").get(other).wants(t, 200, "Vous venez.", "1 personne vient", "complet")
		i.as("admin").get(other+"/answers").wants(t, 200, "Participent (1)", "Camille new", "compte d’ici")
	})
}

func TestOrganisersDecideAboutGuests(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path := i.feast("5", "restricted")
		key := i.invited(path, "zoe@example.org", "")
		i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200, "Vous êtes en attente.")
		who := hidden(t, i.as("admin").get(path+"/answers").wants(t, 200, "En attente (1)", "Accepter").body).Get("actor")
		i.as("member").post(path+"/answers", url.Values{"actor": {who}, "answer": {"accept"}}).wants(t, 404)
		other := i.feast("5", "restricted")
		i.as("admin").post(other+"/answers", url.Values{"actor": {who}, "answer": {"accept"}}).wants(t, 404)
		i.as("admin").post(path+"/answers", url.Values{"actor": {who}, "answer": {"accept"}}).wants(t, 303)
		if l := i.letters(); len(l) != 1 || !strings.Contains(l[0].Subject, "Vous avez une place") || l[0].To != "zoe@example.org" {
			t.Fatalf("%+v", l)
		}
		i.as("").get("/guest?"+key.Encode()).wants(t, 200, "Vous venez.")
		i.as("admin").post(path+"/answers", url.Values{"actor": {who}, "answer": {"reject"}}).wants(t, 303)
		if l := i.letters(); len(l) != 1 || !strings.Contains(l[0].Body, "ne peut malheureusement pas") {
			t.Fatalf("%+v", l)
		}
		i.as("").get("/guest?"+key.Encode()).wants(t, 200, "Vous ne venez pas.")
	})
}

func TestOrganisersList(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.feast("2", "free")
		add := func(name, companions string) response {
			return i.as("editor").post(path+"/answers/add", url.Values{"name": {name}, "companions": {companions}, "message": {"=1+1"}})
		}
		add("", "").wants(t, 422, "Indiquez un nom")
		add("=HYPERLINK(\"x\")", "").wants(t, 303)
		add("Bob", "2").wants(t, 303) // over the number of places
		i.as("member").post(path+"/answers/add", url.Values{"name": {"Eve"}}).wants(t, 404)
		i.as("member").post("/answer", url.Values{"object": {origin + path}, "answer": {"yes"}, "companions": {"1"}, "message": {"Coucou"}}).wants(t, 303)
		i.as("member").post("/answer", url.Values{"object": {origin + path}, "answer": {"yes"}, "companions": {"x"}, "message": {"Bonjour"}}).wants(t, 422, "chiffre de 0 à 9", `value="x"`, "Bonjour")
		i.as("member").post("/answer", url.Values{"object": {origin + "/objects/none"}, "answer": {"yes"}, "companions": {"x"}}).wants(t, 404)
		i.as("admin").get(path+"/answers").wants(t, 200, "Participent (2)", "En attente (1)", "ajout à la main", "Coucou", "avec 1 autre personne")
		if page := i.as("admin").get(path+"/answers?show=waiting").wants(t, 200, "Camille member").body; strings.Contains(page, "HYPERLINK") {
			t.Error("the filter shows everything")
		}
		table := i.as("admin").get(path+"/answers/table").wants(t, 200, "Camille member", "Coucou").body
		if !strings.Contains(table, `"'=HYPERLINK(""x"")"`) || !strings.Contains(table, ",'=1+1,") {
			t.Error(table)
		}
		i.as("admin").get(path+"/answers/sheet").wants(t, 200, "HYPERLINK", "+ 1", "Feuille de présence")
		for _, p := range []string{"/answers/table", "/answers/sheet"} {
			i.as("member").get(path+p).wants(t, 404)
			i.as("").get(path+p).wants(t, 303)
		}
	})
}

// The last places go to exactly as many as there are, by whatever door.
func TestTheLastPlacesAcrossDoors(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path := i.feast("1", "free")
		id := federation.IRI(origin + path)
		var doors []func() error
		for n := range 40 {
			g := &store.Guest{Event: id, Name: "Zoé", Address: fmt.Sprintf("z%d@example.org", n), Answer: store.GuestYes, Language: "fr"}
			i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutGuest(ctx, g) })
			key := url.Values{"g": {fmt.Sprint(g.ID)}, "k": {g.Secret}}
			b := i.as("")
			doors = append(doors, func() error {
				if r := b.post("/guest", pressing(key, "confirm")); r.StatusCode != 200 {
					return fmt.Errorf("guest: %d", r.StatusCode)
				}
				return nil
			})
		}
		for n := range 30 {
			name := fmt.Sprintf("m%d", n)
			i.account(name, "member")
			b := i.as(name)
			doors = append(doors, func() error {
				if r := b.post("/answer", url.Values{"object": {string(id)}, "answer": {"yes"}}); r.StatusCode != 303 {
					return fmt.Errorf("member: %d", r.StatusCode)
				}
				return nil
			})
		}
		for n := range 30 {
			p := i.peer(fmt.Sprintf("p%d", n))
			doors = append(doors, func() error { return i.joins(p, id) })
		}
		done := make(chan error, len(doors))
		for _, open := range doors {
			go func() { done <- open() }()
		}
		for range doors {
			must(t, <-done)
		}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.Answers(ctx, id)
			if got := n[id]; got.Coming != 1 || got.Waiting != 99 {
				t.Errorf("answers %+v", got)
			}
			return err
		})
	})
}

// joins is a Join as it comes from a peer.
func (i *instance) joins(p *federation.Actor, event federation.IRI, slots ...federation.IRI) error {
	ctx := context.Background()
	return i.db.Update(ctx, func(tx *store.Tx) error {
		a := &federation.Activity{Type: federation.Join, ID: p.ID + "/join", Actor: p.ID, Object: event, To: []federation.IRI{i.initiative.ID}}
		federation.WithSlots(a, slots)
		owed, err := federation.Apply(ctx, tx, a)
		if err != nil {
			return err
		}
		for _, answer := range owed {
			if err := outbox.PublishTx(ctx, tx, answer); err != nil {
				return err
			}
		}
		return nil
	})
}

// Whoever answered hears what becomes of the event.
func TestGuestsHearOfChanges(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path := i.feast("9", "free")
		key := i.invited(path, "zoe@example.org", "")
		i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200)
		i.as("").post(path+"/answer", guestAnswer("eve@example.org", "")).wants(t, 200) // never confirms
		i.letters()
		i.as("member").post("/answer", url.Values{"object": {origin + path}, "answer": {"yes"}}).wants(t, 303)
		hears := func(what ...string) {
			t.Helper()
			l := i.letters()
			if len(l) != 1 || l[0].To != "zoe@example.org" {
				t.Fatalf("%+v", l)
			}
			for _, w := range append(what, "/guest?", "Repair café de rentrée") {
				if !strings.Contains(strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(l[0].Subject+l[0].Body), w) {
					t.Errorf("no %q in %s\n%s", w, l[0].Subject, l[0].Body)
				}
			}
		}
		edit := func(name, value string) {
			t.Helper()
			f := event()
			f.Set("join", "free")
			f.Set(name, value)
			i.pass(time.Minute)
			i.as("admin").post(path+"/edit", f).wants(t, 303)
		}
		edit("description", "On répare ensemble, et on goûte.")
		if l := i.letters(); len(l) != 0 {
			t.Fatalf("a letter about a word: %+v", l)
		}
		edit("start.time", "15:00")
		hears("Nouvelle date", "C’était : samedi 12 septembre 2026, 14 h", "15 h")
		i.as("member").get("/notifications?as=camille-member").wants(t, 200, "a changé la date")
		edit("place.name", "Salle des fêtes") // and back to 14 h
		i.letters()
		i.pass(time.Minute)
		i.as("admin").post(path+"/cancel", url.Values{}).wants(t, 303)
		hears("Annulé", "Ne vous déplacez pas")
		i.as("member").get("/notifications?as=camille-member").wants(t, 200, "a annulé un événement")
		i.as("").get("/guest?"+key.Encode()).wants(t, 200, "Les réponses sont closes")
	})
}

func TestGuestsHearOfADeletedEvent(t *testing.T) {
	i := lone(t)
	i.site.Mail = true
	path := i.feast("9", "free")
	key := i.invited(path, "zoe@example.org", "")
	i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200)
	i.as("admin").post(path+"/delete", url.Values{}).wants(t, 303)
	if l := i.letters(); len(l) != 1 || !strings.Contains(l[0].Subject, "Annulé") {
		t.Fatalf("%+v", l)
	}
	i.as("").get("/guest?"+key.Encode()).wants(t, 200, "Ce lien ne sert plus")
	_, err := i.db.Retention(t.Context())
	must(t, err)
	i.as("").post("/guest", pressing(key, "change", "name", "Zoé")).wants(t, 200, "Ce lien ne sert plus")
}

// A message to all goes to each alone.
func TestOrganisersWriteToAll(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path := i.feast("2", "free")
		key := i.invited(path, "zoe@example.org", "")
		i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200)
		for _, who := range []string{"member", "moderator"} { // the second waits
			i.as(who).post("/answer", url.Values{"object": {origin + path}, "answer": {"yes"}}).wants(t, 303)
		}
		write := func(who, words string) response {
			return i.as(who).post(path+"/answers/write", url.Values{"words": {words}})
		}
		write("admin", " ").wants(t, 422, `name="words"`)
		write("admin", strings.Repeat("x", 2001)).wants(t, 422, "2000", "xxxx")
		write("member", "Spam").wants(t, 404)
		if l := i.letters(); len(l) != 0 {
			t.Fatalf("%+v", l)
		}
		write("admin", "Apportez <b>vos</b> tasses").wants(t, 303)
		if l := i.letters(); len(l) != 1 || l[0].To != "zoe@example.org" || !strings.Contains(l[0].Body, "Apportez <b>vos</b> tasses") || !strings.Contains(l[0].Body, "/guest?") {
			t.Fatalf("%+v", l)
		}
		i.as("member").get("/notifications?as=camille-member").wants(t, 200, "vous a mentionné")
		if page := i.as("moderator").get("/notifications?as=camille-moderator").wants(t, 200).body; strings.Contains(page, "vous a mentionné") {
			t.Error("who waits was written to")
		}
		if page := i.as("").get(path).wants(t, 200).body; strings.Contains(page, "vos tasses") {
			t.Error("everybody reads the message")
		}
		i.as("member").get(path).wants(t, 200, "Apportez &lt;b&gt;vos&lt;/b&gt; tasses")
	})
}
