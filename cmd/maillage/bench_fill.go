// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// fillBatch is how many things are stored in one transaction.
const fillBatch = 500

// batches runs do for 0 to n-1, in transactions of a few hundred.
func batches(ctx context.Context, db *store.DB, n int, do func(tx *store.Tx, i int) error) error {
	for begin := 0; begin < n; begin += fillBatch {
		err := db.Update(ctx, func(tx *store.Tx) error {
			for i := begin; i < min(begin+fillBatch, n); i++ {
				if err := do(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fillOwn publishes offers and needs, and as many events, as people would by
// the forms. It returns the paths of the newest.
func fillOwn(ctx context.Context, db *store.DB, us *federation.Actor, n int) (paths []string, err error) {
	c := outbox.Composer{Words: locale.New("fr"), Author: us, Zone: paris()}
	err = batches(ctx, db, 2*n, func(tx *store.Tx, i int) error {
		c.Now, c.ID = tx.Now(), outbox.NewObjectID(tx.Home())
		o, problems := benchPost(c, i)
		if err := problems.Err(); err != nil {
			return err
		}
		if i >= 2*n-1000 {
			paths = append(paths, strings.TrimPrefix(string(o.ID), tx.Home()))
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{Type: federation.Create, Actor: us.ID, Enclosed: o, To: o.To, Cc: o.Cc})
	})
	return paths, err
}

// fillPeers stores offers, needs and events of peers' actors, as if they had
// been received.
func fillPeers(ctx context.Context, db *store.DB, n int) error {
	c := outbox.Composer{Words: locale.New("fr"), Zone: paris()}
	return batches(ctx, db, n, func(tx *store.Tx, i int) error {
		var err error
		if c.Author, err = peerActor(ctx, tx, i%200); err != nil {
			return err
		}
		c.Now = tx.Now().Add(-time.Duration(i) * time.Minute)
		c.ID = federation.IRI(fmt.Sprintf("%s/objects/%d", c.Author.ID.Origin(), i))
		o, problems := benchPost(c, i)
		if err := problems.Err(); err != nil {
			return err
		}
		o.Local = false
		if o.Raw, err = vocab.EncodeObject(o); err != nil {
			return err
		}
		return tx.PutObject(ctx, o)
	})
}

// fillActivities stores what peers' actors did: mostly posts, with some likes
// and shares of them. A few actors say most of it.
func fillActivities(ctx context.Context, db *store.DB, n int, progress func(done int)) error {
	r := rand.New(rand.NewPCG(1, 2))
	who := rand.NewZipf(r, 1.2, 4, 1999)
	var posts []federation.IRI
	return batches(ctx, db, n, func(tx *store.Tx, i int) error {
		if i%50_000 == 0 && i > 0 {
			progress(i)
		}
		a, err := peerActor(ctx, tx, int(who.Uint64()))
		if err != nil {
			return err
		}
		act := &federation.Activity{
			ID: a.ID + federation.IRI("/activities/"+strconv.Itoa(i)), Actor: a.ID, Type: federation.Create,
			To: []federation.IRI{federation.Public}, Cc: []federation.IRI{a.Followers}, Published: tx.Now().Add(-time.Duration(n-i) * time.Second),
		}
		if i%10 >= 8 && len(posts) > 0 {
			act.Type, act.Object = []string{federation.Like, federation.Announce}[i%2], posts[r.IntN(len(posts))]
			return react(ctx, tx, act)
		}
		o := peerNote(act, i)
		if posts = append(posts, o.ID); len(posts) > 1000 {
			posts = slices.Clone(posts[500:])
		}
		if err := tx.PutObject(ctx, o); err != nil {
			return err
		}
		act.Object, act.Enclosed = o.ID, o
		return tx.LogActivity(ctx, act)
	})
}

// react stores a like or a share, unless that actor did the same before.
func react(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	raw, err := json.Marshal(map[string]any{"id": a.ID, "type": a.Type, "actor": a.Actor, "object": a.Object, "to": a.To})
	if err != nil {
		return err
	}
	a.Raw = raw
	if err := tx.LogActivity(ctx, a); err != nil {
		return err
	}
	return tx.PutEdge(ctx, &federation.Edge{Kind: a.Type, From: a.Actor, To: a.Object, By: a.ID, At: a.Published, Public: a.Type == federation.Announce})
}

// peerNote is a post as it is kept once it was received.
func peerNote(a *federation.Activity, i int) *federation.Object {
	o := &federation.Object{
		ID: a.Actor + federation.IRI("/statuses/"+strconv.Itoa(i)), Type: "Note", AttributedTo: a.Actor, Content: "<p>" + sentence(i) + "</p>",
		To: a.To, Cc: a.Cc, Published: a.Published, Language: "fr",
	}
	if i%5 == 0 { // for followers only
		o.To, o.Cc = o.Cc, nil
		a.To, a.Cc = o.To, nil
	}
	if i%3 == 0 {
		o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#" + pick(i, benchTopics), Href: string(a.Actor.Origin()) + "/tags/" + pick(i, benchTopics)}}
	}
	o.URL = string(o.ID)
	o.Raw = fmt.Appendf(nil, `{"@context":"https://www.w3.org/ns/activitystreams","id":%q,"type":"Note","attributedTo":%q,"content":%q,"published":%q}`,
		o.ID, o.AttributedTo, o.Content, o.Published.Format(time.RFC3339))
	return o
}

// peerActor returns an actor of a peer, and makes it if it is new.
func peerActor(ctx context.Context, tx *store.Tx, i int) (*federation.Actor, error) {
	id := federation.IRI(fmt.Sprintf("https://peer%d.example/users/somebody%d", i%97, i))
	a := &federation.Actor{
		ID: id, Type: "Person", Username: fmt.Sprintf("somebody%d", i), Name: "Somebody", Inbox: id + "/inbox",
		Outbox: id + "/outbox", Followers: id + "/followers", SharedInbox: federation.IRI(id.Origin() + "/inbox"), Fetched: tx.Now(),
	}
	known, err := tx.Actors(ctx, id)
	if err != nil || known[id] != nil {
		return a, err
	}
	return a, tx.PutActor(ctx, a)
}

// benchPost makes an offer or a need of an even number, and an event of an odd
// one.
func benchPost(c outbox.Composer, i int) (*federation.Object, outbox.Problems) {
	common := outbox.CommonForm{
		Title: strings.ToUpper(pick(i, benchGoods)[:1]) + pick(i, benchGoods)[1:] + " " + strconv.Itoa(i), Description: sentence(i) + "\n\n" + sentence(i+7),
		Place: benchPlace(i), Hashtags: pick(i, benchTopics) + ", " + pick(i/7, benchTopics), Language: "fr",
	}
	if i%2 == 1 {
		start := c.Now.AddDate(0, 0, 1+i%300)
		return outbox.EventForm{
			CommonForm: common, StartDate: start.Format(time.DateOnly), StartTime: "14:00", EndTime: "18:30",
			Category: pick(i, locale.EventCategories), Price: "gratuit", Capacity: "40",
		}.Object(c)
	}
	purpose := federation.PurposeOffer
	if i%8 == 6 {
		purpose = federation.PurposeRequest
	}
	return outbox.OfferForm{
		CommonForm: common, Purpose: purpose, Modes: []string{pick(i/2, federation.ExchangeModes), "sale"}, Quantity: "1", Unit: "kilogram",
		Available: strconv.Itoa(1 + i%60), Price: "4,50", Per: "unit", Category: pick(i/3, locale.Sectors),
		Parts: []outbox.PartForm{{Name: "Ferme", Kind: "production", Amount: "3,50"}, {Name: "Transport", Kind: "logistics", Amount: "1"}},
	}.Object(c)
}

func paris() *time.Location {
	if z, err := time.LoadLocation("Europe/Paris"); err == nil {
		return z
	}
	return time.UTC
}

// What the sample data is made of.
var (
	benchGoods  = []string{"courges", "pain au levain", "miel", "vélo réparé", "graines de tomates", "atelier couture", "panier de légumes", "perceuse", "compost", "fromage de chèvre", "bois de chauffage", "cours de français"}
	benchTopics = []string{"amap", "circuitscourts", "reparation", "energie", "entraide", "jardin", "velo", "cantine", "monnaielocale", "habitat"}
	benchWords  = strings.Fields("nous partageons avec tous les voisins de la vallée une récolte généreuse cette semaine parce que le marché du samedi reprend et que chacun peut venir goûter apporter réparer échanger ou simplement discuter autour d'un café dans la cour de la ferme puis repartir avec des graines du pain et quelques idées pour la saison prochaine")
	benchTowns  = []struct {
		name     string
		lat, lon float64
	}{
		{"Paris", 48.8566, 2.3522},
		{"Lyon", 45.7640, 4.8357},
		{"Marseille", 43.2965, 5.3698},
		{"Grenoble", 45.1885, 5.7245},
		{"Nantes", 47.2184, -1.5536},
		{"Toulouse", 43.6047, 1.4442},
		{"Lille", 50.6292, 3.0573},
		{"Rennes", 48.1173, -1.6778},
		{"Strasbourg", 48.5734, 7.7521},
		{"Die", 44.7535, 5.3703},
		{"Aurillac", 44.9310, 2.4440},
		{"Quimper", 47.9960, -4.1020},
	}
)

func pick(i int, list []string) string { return list[(i*7+i/3)%len(list)] }

// sentence returns about forty words, the same for the same i.
func sentence(i int) string {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	s := make([]string, 40)
	for k := range s {
		s[k] = benchWords[r.IntN(len(benchWords))]
	}
	return strings.Join(s, " ") + "."
}

// benchPlace is around a town: half of all around the first two of them.
func benchPlace(i int) outbox.PlaceForm {
	r := rand.New(rand.NewPCG(uint64(i), 11))
	city := benchTowns[min(int(float64(len(benchTowns))*r.Float64()*r.Float64()), len(benchTowns)-1)]
	degrees := func(f float64) string { return strconv.FormatFloat(f, 'f', 5, 64) }
	return outbox.PlaceForm{
		Name: "Place de la Mairie", City: city.name, Country: "France",
		Lat: degrees(city.lat + r.NormFloat64()*0.1), Lon: degrees(city.lon + r.NormFloat64()*0.15),
	}
}
