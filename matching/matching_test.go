// SPDX-License-Identifier: AGPL-3.0-or-later

package matching

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"github.com/google/go-cmp/cmp"
)

// item makes an offer or a need: "need amap Pommes".
func item(line string, change ...func(*Item)) Item {
	purpose, rest, _ := strings.Cut(line, " ")
	author, title, _ := strings.Cut(rest, " ")
	i := Item{
		ID:     federation.IRI("https://" + author + ".example/" + purpose + "/" + strings.ReplaceAll(title, " ", "-")),
		Author: federation.IRI("https://" + author + ".example/actor"), Need: purpose == "need", Title: title,
	}
	for _, c := range change {
		c(&i)
	}
	return i
}

func at(lat, lon float64) func(*Item) {
	return func(i *Item) { i.Point = &federation.Point{Latitude: lat, Longitude: lon} }
}
func by(modes ...string) func(*Item)    { return func(i *Item) { i.Modes = modes } }
func tags(tags ...string) func(*Item)   { return func(i *Item) { i.Tags = tags } }
func of(category string) func(*Item)    { return func(i *Item) { i.Category = category } }
func saying(text string) func(*Item)    { return func(i *Item) { i.Text = text } }
func during(a, b time.Time) func(*Item) { return func(i *Item) { i.From, i.Until = a, b } }
func amount(value federation.Decimal, unit string) func(*Item) {
	return func(i *Item) { i.Amount, i.Unit = &value, unit }
}
func least(value federation.Decimal) func(*Item) { return func(i *Item) { i.Least = &value } }

// answers lists the titles of what answers the first item.
func answers(items ...Item) []string {
	b := NewBoard(items)
	titles := []string{}
	for _, m := range b.For(0, 10) {
		other := m.Offer
		if other == 0 {
			other = m.Need
		}
		titles = append(titles, b.items[other].Title)
	}
	return titles
}

func TestWhatAnswersWhat(t *testing.T) {
	june, july := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		items []Item
		want  []string
	}{
		{
			"words are compared by their stems",
			[]Item{item("need cafe réparer un vélo"), item("offer atelier Réparation de vélos"), item("offer amap Paniers de légumes")},
			[]string{"Réparation de vélos"},
		},
		{
			"offers are answered by needs",
			[]Item{item("offer atelier Réparation de vélos"), item("need cafe réparer un vélo"), item("need amap Bénévoles")},
			[]string{"réparer un vélo"},
		},
		{
			"what says nothing leads to nothing",
			[]Item{item("need cafe Nous cherchons pour samedi"), item("offer atelier Nous proposons samedi")},
			[]string{},
		},
		{
			"a sector alone leads to nothing",
			[]Item{item("need cafe pommes", of("alimentation")), item("offer amap farine", of("alimentation"))},
			[]string{},
		},
		{
			"a hashtag is as good as a title",
			[]Item{item("need cafe de quoi cuisiner", tags("légumes")), item("offer amap Paniers", tags("legumes"))},
			[]string{"Paniers"},
		},
		{
			"nobody answers themselves",
			[]Item{item("need amap pommes"), item("offer amap pommes rouges")},
			[]string{},
		},
		{
			"kinds of exchange must agree where both name them",
			[]Item{
				item("need cafe pommes", by("barter")), item("offer a pommes vendues", by("sale")),
				item("offer b pommes troquées", by("barter", "sale")), item("offer c pommes cueillies"),
			},
			[]string{"pommes troquées", "pommes cueillies"},
		},
		{
			"they must be valid at the same time",
			[]Item{
				item("need cafe pommes", during(june, july)), item("offer a pommes tard", during(july.AddDate(0, 0, 1), time.Time{})),
				item("offer b pommes tôt", during(time.Time{}, june.AddDate(0, 0, -1))), item("offer c pommes juin", during(june, june.AddDate(0, 0, 9))),
			},
			[]string{"pommes juin"},
		},
		{
			"the nearer comes first",
			[]Item{
				item("need cafe pommes", at(44.75, 5.37)), item("offer a pommes Lille", at(50.63, 3.06)),
				item("offer b pommes Crest", at(44.73, 5.02)), item("offer c pommes Die", at(44.75, 5.38)),
			},
			[]string{"pommes Die", "pommes Crest", "pommes Lille"},
		},
		{
			"enough comes before a part, and that before another unit",
			[]Item{
				item("need cafe pommes", amount("20", "kilogram")), item("offer a pommes litre", amount("30", "litre")),
				item("offer b pommes part", amount("5", "kilogram")), item("offer c pommes assez", amount("20000", "gram")),
			},
			[]string{"pommes assez", "pommes part", "pommes litre"},
		},
		{
			"who wants little is not led to who gives much at least",
			[]Item{
				item("need cafe pommes", amount("2", "kilogram")), item("offer a pommes palette", amount("500", "kilogram"), least("100")),
				item("offer b pommes caisse", amount("500", "kilogram"), least("1")),
			},
			[]string{"pommes caisse", "pommes palette"},
		},
		{
			"what stands in texts only is passed over",
			[]Item{item("need cafe pommes", saying("venez à vélo")), item("offer atelier pneus", saying("pour votre vélo"))},
			[]string{},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, answers(test.items...)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhy(t *testing.T) {
	b := NewBoard([]Item{
		item("need cafe Légumes de saison", at(44.75, 5.37), by("sale", "barter"), of("alimentation"), tags("bio"), amount("20", "kilogram"),
			saying("pour notre cuisine, des courges")),
		item("offer amap Paniers de légumes", at(44.73, 5.02), by("barter", "gift"), of("alimentation"), tags("bio", "amap"), amount("8", "kilogram"),
			saying("courge et poireau"), during(time.Time{}, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))),
	})
	list := b.For(0, 5)
	if len(list) != 1 {
		t.Fatalf("%d matches", len(list))
	}
	got := Why(&b.items[0], &b.items[1], b.Words(list[0]))
	if got.Km < 27 || got.Km > 28 {
		t.Errorf("%g km", got.Km)
	}
	got.Km = 0
	want := Reason{
		Tags: []string{"bio"}, Words: []string{"légumes", "courges"}, Category: "alimentation", Modes: []string{"barter"}, Supply: Part, Bounded: true,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLoops(t *testing.T) {
	b := NewBoard([]Item{
		item("need cafe légumes"), item("offer amap légumes"),
		item("need amap réparer des vélos"), item("offer atelier réparation de vélos"),
		item("need atelier repas de midi"), item("offer cafe repas de midi"),
		item("need scierie gâteaux"), item("offer cafe gâteaux"), // leads nowhere
		item("need riche tableaux", by("sale")), item("offer peintre tableaux"),
		item("need peintre châssis", by("sale")), item("offer riche châssis"), // for money
	})
	ours, others := b.Loops(b.All(5), 10, func(a federation.IRI) bool { return a == "https://atelier.example/actor" })
	if len(others) != 0 || len(ours) != 1 {
		t.Fatalf("%d and %d loops", len(ours), len(others))
	}
	var told []string
	for _, s := range ours[0].Steps {
		told = append(told, b.items[s.Need].Author.Host()+" seeks "+b.items[s.Need].Title+" of "+b.items[s.Offer].Author.Host())
	}
	want := []string{
		"amap.example seeks réparer des vélos of atelier.example",
		"atelier.example seeks repas de midi of cafe.example",
		"cafe.example seeks légumes of amap.example",
	}
	if d := cmp.Diff(want, told); d != "" {
		t.Error(d)
	}
}

// vocabulary are words that no two stems of are the same.
func vocabulary(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "w" + strings.Map(func(r rune) rune { return r - '0' + 'b' }, fmt.Sprintf("%05d", i)) + "k"
	}
	return list
}

// market makes n offers and n needs of n/per authors, in common words.
func market(r *rand.Rand, n, per int) []Item {
	common, all := vocabulary(2000), make([]Item, 0, 2*n)
	for i := range 2 * n {
		who := r.IntN(n/per + 1)
		word := func() string { return common[int(float64(len(common))*r.Float64()*r.Float64()*r.Float64())] }
		purpose := "offer"
		if i%2 == 0 {
			purpose = "need"
		}
		line := fmt.Sprintf("%s a%05d %s %s %s", purpose, who, word(), word(), word())
		it := item(line, at(42+9*r.Float64(), -4+11*r.Float64()), saying(strings.Repeat(word()+" "+word()+" de ", 6)), of([]string{"alimentation", "energie", ""}[r.IntN(3)]))
		it.ID += federation.IRI(fmt.Sprintf("-%d", i))
		if r.IntN(2) == 0 {
			it.Modes = []string{federation.ExchangeModes[r.IntN(9)], federation.ExchangeModes[r.IntN(9)]}
		}
		all = append(all, it)
	}
	return all
}

// plant adds a round of so many authors, in words that nobody else uses.
func plant(items []Item, n, length int, words []string) (_ []Item, authors []string) {
	for i := range length {
		authors = append(authors, fmt.Sprintf("planted%d-%d", n, i))
	}
	for i, a := range authors {
		next := authors[(i+1)%length]
		items = append(items, item("need "+a+" "+words[i]), item("offer "+next+" "+words[i]))
	}
	return items, authors
}

// Whatever else there is, a round that is there is found, once.
func TestPlantedLoopsAreFound(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 7))
		items := market(r, 300, 4)
		words := vocabulary(4000)[2000:]
		want := map[string]bool{}
		for n := range 12 {
			var authors []string
			items, authors = plant(items, n, 2+n%3, words[4*n:])
			slices.Sort(authors)
			want[strings.Join(authors, " ")] = true
		}
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		b := NewBoard(items)
		ours, others := b.Loops(b.All(8), 100, func(a federation.IRI) bool { return strings.Contains(string(a), "planted") })
		found := map[string]int{}
		for _, l := range append(ours, others...) {
			found[roundOf(t, b, l)]++
		}
		for round := range want {
			if found[round] != 1 {
				t.Errorf("seed %d: the round of %s was found %d times", seed, round, found[round])
			}
		}
	}
}

// roundOf names who takes part in a loop, and fails where it is none.
func roundOf(t *testing.T, b *Board, l Loop) string {
	t.Helper()
	var authors []string
	for i, s := range l.Steps {
		next := l.Steps[(i+1)%len(l.Steps)]
		if !b.items[s.Need].Need || b.items[s.Offer].Need || b.items[s.Offer].Author != b.items[next.Need].Author {
			t.Errorf("no round: %+v", l)
		}
		name, _, _ := strings.Cut(b.items[s.Need].Author.Host(), ".")
		authors = append(authors, name)
	}
	slices.Sort(authors)
	if len(slices.Compact(slices.Clone(authors))) != len(l.Steps) {
		t.Errorf("somebody takes part twice: %v", authors)
	}
	return strings.Join(authors, " ")
}

func TestTheSameItemsGiveTheSameAnswer(t *testing.T) {
	items := market(rand.New(rand.NewPCG(1, 2)), 500, 5)
	answer := func() ([]Match, []Loop) {
		b := NewBoard(items)
		all := b.All(6)
		_, loops := b.Loops(all, 50, nil)
		return all, loops
	}
	m1, l1 := answer()
	m2, l2 := answer()
	if len(m1) == 0 || len(l1) == 0 {
		t.Fatalf("%d matches, %d loops", len(m1), len(l1))
	}
	if d := cmp.Diff(m1, m2); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(l1, l2); d != "" {
		t.Error(d)
	}
	for i := 1; i < len(l1); i++ {
		if l1[i].Score > l1[i-1].Score {
			t.Errorf("loop %d is better than the one before", i)
		}
	}
}

func BenchmarkTenThousand(b *testing.B) {
	items := market(rand.New(rand.NewPCG(1, 2)), 10000, 6)
	b.Run("board", func(b *testing.B) {
		for b.Loop() {
			NewBoard(items)
		}
	})
	board := NewBoard(items)
	var all []Match
	b.Run("matches", func(b *testing.B) {
		for b.Loop() {
			all = board.All(8)
		}
		b.ReportMetric(float64(len(all)), "matches")
	})
	b.Run("loops", func(b *testing.B) {
		var loops []Loop
		for b.Loop() {
			_, loops = board.Loops(all, 100, nil)
		}
		b.ReportMetric(float64(len(loops)), "loops")
	})
}
