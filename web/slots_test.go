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
	"codeberg.org/maillage/maillage/store"
)

// helped is the form of an event with slots: what, how many, from, to.
func helped(rows ...[4]string) url.Values {
	f := event()
	f.Set("join", "free")
	f.Set("capacity", "")
	for _, r := range rows {
		f.Add("slot.key", "")
		f.Add("slot.what", r[0])
		f.Add("slot.people", r[1])
		f.Add("slot.from", r[2])
		f.Add("slot.to", r[3])
	}
	return f
}

// withSlots publishes such an event, and returns its page and the slots.
func (i *instance) withSlots(rows ...[4]string) (path string, slots []federation.Slot) {
	i.t.Helper()
	path = led(i.as("admin").post("/publish/event", helped(rows...)).wants(i.t, 303))
	return path, i.slots(path)
}

func (i *instance) slots(path string) (slots []federation.Slot) {
	i.update(func(ctx context.Context, tx *store.Tx) error {
		o, err := tx.Object(ctx, federation.IRI(origin+path))
		slots = federation.SlotsOf(o)
		return err
	})
	return slots
}

func (i *instance) takes(who, path string, slot federation.Slot, do string) response {
	i.t.Helper()
	return i.as(who).post("/answer/slot", url.Values{"object": {origin + path}, "slot": {string(slot.ID)}, "do": {do}})
}

func TestSlotsInTheForm(t *testing.T) {
	i := lone(t)
	i.as("admin").get("/publish/event").wants(t, 200, "Coups de main recherchés", "slot-what-3")
	bad := helped([4]string{"", "2", "", ""}, [4]string{"Vaisselle", "0", "25:00", ""})
	i.as("admin").post("/publish/event", bad).wants(t, 422, "Dites ce qu’il y a à faire", "un chiffre de 1 à 99", "Écrivez les heures", `value="Vaisselle"`, `value="25:00"`)
	path, slots := i.withSlots([4]string{"Vaisselle", "2", "18:00", "20:00"}, [4]string{"Accueil", "", "", ""}, [4]string{"Nuit", "1", "00:30", "01:00"}, [4]string{"Installer", "1", "11:00", ""})
	if len(slots) != 4 || slots[0].People != 2 || slots[1].People != 1 {
		t.Fatalf("%+v", slots)
	}
	paris, _ := time.LoadLocation("Europe/Paris")
	for n, want := range map[int]string{0: "2026-09-12 18:00", 2: "2026-09-13 00:30", 3: "2026-09-12 11:00"} {
		if got := slots[n].Start.In(paris).Format("2006-01-02 15:04"); got != want {
			t.Errorf("%s begins at %s", slots[n].Name, got)
		}
	}
	i.as("admin").get(path+"/edit").wants(t, 200, `value="Vaisselle"`, `value="18:00"`, "4 créneaux")
	i.update(func(ctx context.Context, tx *store.Tx) error {
		o, err := tx.Object(ctx, federation.IRI(origin+path))
		if plain := strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(o.Summary); !strings.Contains(plain, "On cherche : 2 personnes pour : Vaisselle (18 h – 20 h), 1 personne pour : Accueil") {
			t.Error(plain)
		}
		return err
	})
}

func TestTakingSlots(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path, slots := i.withSlots([4]string{"Vaisselle", "1", "18:00", "20:00"}, [4]string{"Accueil", "2", "", ""})
		dishes, door := slots[0], slots[1]
		i.as("").get(path).wants(t, 200, "Vaisselle", "encore 1 personne souhaitée", "Je m’en charge", "/sign-in?next=")
		done := func(r response, want string) {
			t.Helper()
			if where := r.wants(t, 303).Header.Get("Location"); !strings.Contains(where, "done="+want) || !strings.HasSuffix(where, "#slots") {
				t.Errorf("sent on to %s, want %s", where, want)
			}
		}
		i.as("member").post("/answer", url.Values{"object": {origin + path}, "answer": {"maybe"}}).wants(t, 303)
		done(i.takes("member", path, dishes, "take"), "slot_coming")
		i.as("member").get(path+"?done=slot_coming").wants(t, 200, "et vous venez", "Vous venez.", "Vous vous en chargez.", "au complet, merci")
		i.as("admin").get("/notifications").wants(t, 200, "donne un coup de main à")
		done(i.takes("member", path, door, "take"), "slot_taken")
		done(i.takes("moderator", path, dishes, "take"), "slot_full")
		i.as("moderator").get(path).wants(t, 200, "Vous venez.")
		page := i.as("").get(path).wants(t, 200, "au complet, merci").body
		if strings.Contains(page, "Camille member") {
			t.Error("the public sees who helps")
		}
		i.as("admin").get(path+"/answers").wants(t, 200, "Coups de main", "1 sur 1", "1 sur 2", "Camille member", "Vaisselle, Accueil")
		i.as("admin").get(path+"/answers/table").wants(t, 200, "Coups de main", `"Vaisselle, Accueil"`)
		i.as("admin").get(path+"/answers/sheet").wants(t, 200, "Coups de main", "Vaisselle", "Camille member")

		done(i.takes("member", path, dishes, "drop"), "slot_dropped")
		i.as("member").get(path).wants(t, 200, "Vous venez.", "encore 1 personne souhaitée")
		i.as("admin").get("/notifications").wants(t, 200, "ne peut plus donner de coup de main")
		i.as("member").post("/answer", url.Values{"object": {origin + path}, "answer": {"no"}}).wants(t, 303)
		i.as("member").get(path).wants(t, 200, "encore 2 personnes souhaitées")

		i.as("member").post("/answer/slot", url.Values{"object": {origin + path}, "slot": {origin + path + "#slot-none"}}).wants(t, 404)
		i.as("member").post("/answer/slot", url.Values{"object": {origin + "/objects/none"}, "slot": {string(dishes.ID)}}).wants(t, 404)
		i.as("admin").post(path+"/cancel", url.Values{}).wants(t, 303)
		i.takes("member", path, dishes, "take").wants(t, 409)
	})
}

// The last place of a slot goes to one of a hundred.
func TestTheLastPlaceOfASlot(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path, slots := i.withSlots([4]string{"Vaisselle", "1", "", ""})
		id := federation.IRI(origin + path)
		done := make(chan error, 100)
		for n := range 50 {
			name := fmt.Sprintf("m%d", n)
			i.account(name, "member")
			b := i.as(name)
			go func() {
				if r := b.post("/answer/slot", url.Values{"object": {string(id)}, "slot": {string(slots[0].ID)}}); r.StatusCode != 303 {
					done <- fmt.Errorf("member: %d", r.StatusCode)
					return
				}
				done <- nil
			}()
			p := i.peer(fmt.Sprintf("p%d", n))
			go func() {
				done <- i.joins(p, id, slots[0].ID)
			}()
		}
		for range 100 {
			must(t, <-done)
		}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			helpers, err := tx.Helpers(ctx, slots[0].ID)
			if err == nil && len(helpers) != 1 {
				t.Errorf("%d people do what one can", len(helpers))
			}
			counts, err2 := tx.Answers(ctx, id)
			if counts[id].Coming != 100 {
				t.Errorf("%+v", counts)
			}
			must(t, err2)
			return err
		})
	})
}

func TestGuestsTakeSlots(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path, slots := i.withSlots([4]string{"Vaisselle", "1", "18:00", "20:00"}, [4]string{"Accueil", "1", "", ""})
		key := strings.TrimPrefix(string(slots[0].ID), origin+path+"#slot-")
		i.as("").get(path).wants(t, 200, path+"/answer?slot="+key)
		i.as("").get(path+"/answer?slot="+key).wants(t, 200, `value="`+key+`" checked`)
		ask := func(who string) url.Values {
			t.Helper()
			f := guestAnswer(who, "")
			f.Set("answer", "maybe")
			f.Set("slot", key)
			i.as("").post(path+"/answer", f).wants(t, 200)
			u, err := url.Parse(link(t, i.letters()[0], "/guest"))
			must(t, err)
			return u.Query()
		}
		zoe, max := ask("zoe@example.org"), ask("max@example.org")
		i.as("").get("/guest?"+zoe.Encode()).wants(t, 200, "coup de main")
		i.as("").post("/guest", pressing(zoe, "confirm")).wants(t, 200, "Vous venez.", ": Vaisselle.")
		i.as("").post("/guest", pressing(max, "confirm")).wants(t, 200, "Vous venez.", "complété par d’autres")
		i.as("admin").get(path+"/answers").wants(t, 200, "1 sur 1", "Zoé")
		i.as("admin").get("/notifications").wants(t, 200, "a reçu une proposition de coup de main")

		// By hand: more than were wanted, and taken back.
		who := ""
		i.update(func(ctx context.Context, tx *store.Tx) error {
			g, err := tx.Invited(ctx, federation.IRI(origin+path), "max@example.org")
			who = string(g.Guest)
			return err
		})
		i.letters()
		assign := url.Values{"actor": {who}, "slot": {key}, "do": {"assign"}}
		i.as("member").post(path+"/answers/slot", assign).wants(t, 404)
		i.as("admin").post(path+"/answers/slot", url.Values{"actor": {origin + "/guests/none"}, "slot": {key}}).wants(t, 404)
		i.as("admin").post(path+"/answers/slot", assign).wants(t, 303)
		if l := i.letters(); len(l) != 1 || l[0].To != "max@example.org" || !strings.Contains(l[0].Body, "compte sur vous pour") {
			t.Fatalf("%+v", l)
		}
		i.as("admin").get(path+"/answers").wants(t, 200, "2 sur 1")

		// A slot that is taken out of the event is nobody's any more.
		i.pass(time.Minute)
		f := helped([4]string{"Accueil", "1", "", ""})
		f["slot.key"] = []string{strings.TrimPrefix(string(slots[1].ID), origin+path+"#slot-")}
		i.as("admin").post(path+"/edit", f).wants(t, 303)
		if l := i.letters(); len(l) != 2 || !strings.Contains(l[0].Body, "plus besoin de vous pour") {
			t.Fatalf("%+v", l)
		}
		if now := i.slots(path); len(now) != 1 || now[0].ID != slots[1].ID {
			t.Errorf("%+v", now)
		}
		i.as("").post("/guest", pressing(zoe, "erase")).wants(t, 200)
	})
}

// What is over is forgotten, with who was to do what.
func TestSlotsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path, slots := i.withSlots([4]string{"Vaisselle", "2", "", ""})
		i.takes("member", path, slots[0], "take").wants(t, 303)
		count := func() (n int) {
			i.update(func(ctx context.Context, tx *store.Tx) error {
				helpers, err := tx.Helpers(ctx, slots[0].ID)
				n = len(helpers)
				return err
			})
			return n
		}
		for _, days := range []int{20, 60} {
			i.pass(time.Duration(days) * 24 * time.Hour)
			_, err := i.db.Retention(t.Context())
			must(t, err)
			if n := count(); (n == 1) != (days == 20) {
				t.Errorf("%d left after %d days", n, days)
			}
		}
	})
}

func TestChoosingReminders(t *testing.T) {
	i := lone(t)
	i.as("member").get("/account").wants(t, 200, "Rappels", "la veille", "aussi par courriel")
	i.as("member").post("/account/reminders", url.Values{"remind": {"mail", "day", "dance"}}).wants(t, 303)
	i.as("member").get("/account").wants(t, 200, `value="day" checked`, `value="mail" checked`)
	path := i.feast("9", "free")
	remind := func(choice string) response {
		return i.as("member").post("/answer/remind", url.Values{"object": {origin + path}, "remind": {choice}})
	}
	remind("never").wants(t, 400) // who does not come
	if page := i.as("member").get(path).wants(t, 200).body; strings.Contains(page, "Me le rappeler") {
		t.Error("asked of who does not come")
	}
	i.as("member").post("/answer", url.Values{"object": {origin + path}, "answer": {"yes"}}).wants(t, 303)
	i.as("member").get(path).wants(t, 200, "Me le rappeler", "comme dans mes réglages")
	remind("dance").wants(t, 400)
	remind("day hours").wants(t, 303)
	i.as("member").get(path).wants(t, 200, `value="day hours" selected`)
}
