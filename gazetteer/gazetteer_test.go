// SPDX-License-Identifier: AGPL-3.0-or-later

package gazetteer

import (
	"math"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

func names(list []Place) (all []string) {
	for _, p := range list {
		all = append(all, p.Name+" ("+p.RegionCode+")")
	}
	return all
}

func TestPlacesAreFoundByTheBeginningsOfTheirWords(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"valence", "Valence (26)"},
		{"VALENCE", "Valence (26)"},
		{"Crest", "Crest (26)"},
		{"st etienne", "Saint-Étienne (42)"},
		{"Saint-Etienn", "Saint-Étienne (42)"},
		{"romans sur is", "Romans-sur-Isère (26)"},
		{"L'Haÿ les Roses", "L'Haÿ-les-Roses (94)"},
		{"mont de marsan", "Mont-de-Marsan (40)"},
		{"Saint-Denis (La Réunion)", "Saint-Denis (974)"},
		{"bruxelles", "Bruxelles (BRU)"},
		{"Brussels", "Bruxelles (BRU)"},
		{"gand", "Gand (VOV)"},
		{"geneve", "Genève (GE)"},
		{"Esch-sur-Alz", "Esch-sur-Alzette (ES)"},
		{"mamoudzou", "Mamoudzou (976)"},
		{"paris", "Paris (75)"},
		{"Ajaccio", "Ajaccio (2A)"},
	} {
		found := Search(row.text, 5)
		if len(found) == 0 || names(found)[0] != row.want {
			t.Errorf("%q finds %v, want %s first", row.text, names(found), row.want)
		}
	}
}

func TestNothingIsFoundForNothing(t *testing.T) {
	for _, text := range []string{"", "   ", "-", "(Drôme)", "xqzwv", "\x00\xff", "valence xqzwv"} {
		if found := Search(text, 5); len(found) > 0 {
			t.Errorf("%q finds %v", text, names(found))
		}
	}
}

func TestWhatIsNearIsLikelier(t *testing.T) {
	reunion := federation.Point{Latitude: -21.1, Longitude: 55.5}
	if found := SearchNear("saint-pierre", reunion, 1); names(found)[0] != "Saint-Pierre (974)" {
		t.Errorf("near Réunion: %v", names(found))
	}
	agen := federation.Point{Latitude: 44.2, Longitude: 0.62}
	if found := SearchNear("valence", agen, 1); names(found)[0] != "Valence (82)" && names(found)[0] != "Valence (26)" {
		t.Errorf("near Agen: %v", names(found))
	}
}

func TestFormerNamesLeadToTheCommuneOfToday(t *testing.T) {
	found := Search("Rignat", 3)
	if len(found) == 0 || found[0].Name != "Bohas-Meyriat-Rignat" && found[0].Was != "Rignat" {
		t.Errorf("Rignat is %+v", found)
	}
}

func TestNamesThatManyHaveAreAllNamed(t *testing.T) {
	if found := Named("saint denis", 20); len(found) < 4 {
		t.Errorf("Saint-Denis: %v", names(found))
	}
	if found := Named("Die", 20); len(found) != 1 || found[0].Code != "26113" {
		t.Errorf("Die: %v", names(found))
	}
}

func TestAPlaceIsFoundByItsCode(t *testing.T) {
	p, ok := ByCode("26362")
	if !ok || p.Name != "Valence" || p.Region != "Drôme" || p.Country != "FR" || p.Population < 50000 {
		t.Errorf("26362 is %+v", p)
	}
	if math.Abs(p.Point.Latitude-44.93) > 0.02 || math.Abs(p.Point.Longitude-4.89) > 0.02 {
		t.Errorf("Valence lies at %v", p.Point)
	}
	for _, code := range []string{"", "2636", "99999"} {
		if p, ok := ByCode(code); ok {
			t.Errorf("%q is %+v", code, p)
		}
	}
}

// Every place must have sound coordinates and an area with a name, or a form
// would put things into the sea.
func TestTheDataIsSound(t *testing.T) {
	a := world()
	if len(a.places) < 38000 {
		t.Fatalf("%d places", len(a.places))
	}
	codes := map[string]bool{}
	for i := range a.places {
		p := a.place(uint32(i), span{})
		if p.Region == "" || p.Name == "" || !p.Point.Valid() || p.Point == (federation.Point{}) || codes[p.Code] {
			t.Errorf("%+v", p)
		}
		codes[p.Code] = true
	}
	counts := map[string]int{}
	for _, area := range Areas() {
		counts[area.Country]++
		for _, r := range area.Rings {
			if len(r.Line) < 8 || len(r.Line)%2 != 0 || r.West < -180*Unit || r.East > 180*Unit || r.South < -90*Unit || r.North > 90*Unit {
				t.Errorf("%s: a ring of %d numbers", area.Name, len(r.Line))
			}
		}
	}
	if counts["FR"] != 101 || counts["BE"] != 11 || counts["CH"] != 26 || counts["LU"] != 3 {
		t.Errorf("areas: %v", counts)
	}
}

func FuzzSearch(f *testing.F) {
	for _, s := range []string{"valence", "st", "Saint-Denis (974)", "é(", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if found := Search(text, 8); len(found) > 8 {
			t.Errorf("%d found", len(found))
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	for _, text := range []string{"s", "saint", "valence", "saint pierre d entremont"} {
		b.Run(text, func(b *testing.B) {
			Search(text, 8)
			for b.Loop() {
				Search(text, 8)
			}
		})
	}
}

func BenchmarkUnpack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := unpack(packedPlaces); err != nil {
			b.Fatal(err)
		}
	}
}
