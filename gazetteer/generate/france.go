// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// france reads the communes of today, with coordinates: of the town as
// GeoNames has it, else the middle of the contour. The first result is a line
// for each département.
func (s sources) france(towns []town) (areas []string, list []place, err error) {
	byName := map[string][]town{}
	for _, t := range towns {
		byName[key(t.Name)] = append(byName[key(t.Name)], t)
	}
	middles, err := s.middles()
	if err != nil {
		return nil, nil, err
	}
	people, err := s.people()
	if err != nil {
		return nil, nil, err
	}
	if areas, err = s.departments(); err != nil {
		return nil, nil, err
	}
	at := map[string]int{} // commune of today: its index
	add := func(code, department, name string, population int) {
		p := place{code: code, name: name, area: "FR\t" + department, population: population, at: middles[code]}
		if t := nearest(byName[key(name)], p.at, department); t != nil {
			p.at = t
		}
		at[code] = len(list)
		list = append(list, p)
	}
	rows, err := table(filepath.Join(s.cog, "communes.csv"), ',')
	if err != nil {
		return nil, nil, err
	}
	for _, r := range rows {
		if r["TYPECOM"] == "COM" {
			add(r["COM"], r["DEP"], r["LIBELLE"], people[r["COM"]])
		}
	}
	overseas, err := table(filepath.Join(s.cog, "collectivites-outremer.csv"), ',')
	if err != nil {
		return nil, nil, err
	}
	for _, r := range overseas {
		if _, ok := at[r["code_commune"]]; !ok {
			n, _ := strconv.Atoi(r["population"]) // unknown is nobody
			add(r["code_commune"], r["code_collectivite"], r["nom_commune"], n)
		}
	}
	return areas, list, s.former(rows, list, at, middles)
}

// former notes the names of communes that became part of others, and names
// that communes had before. What was split off since the contours were drawn
// lies where it was split off from.
func (s sources) former(rows []map[string]string, list []place, at map[string]int, middles map[string]*point) error {
	note := func(name, code string) {
		i, ok := at[code]
		if ok && key(name) != key(list[i].name) && !slices.ContainsFunc(list[i].former, func(f string) bool { return key(f) == key(name) }) {
			list[i].former = append(list[i].former, name)
		}
	}
	for _, r := range rows {
		if r["TYPECOM"] == "COMD" || r["TYPECOM"] == "COMA" {
			note(r["LIBELLE"], r["COMPARENT"])
		}
	}
	moves, err := table(filepath.Join(s.cog, "mouvements-communes.csv"), ',')
	if err != nil {
		return err
	}
	into := map[string]string{}
	for _, m := range slices.Backward(moves) { // the oldest first
		if m["COM_AV"] != m["COM_AP"] {
			into[m["COM_AV"]] = m["COM_AP"]
		}
	}
	for _, m := range moves {
		code := m["COM_AP"]
		for range 10 {
			if _, ok := at[code]; ok || into[code] == "" {
				break
			}
			code = into[code]
		}
		note(m["LIBELLE_AV"], code)
		if i, ok := at[m["COM_AP"]]; ok && list[i].at == nil && middles[m["COM_AV"]] != nil {
			list[i].at = middles[m["COM_AV"]]
		}
	}
	return nil
}

// nearest returns which of the towns of that name is meant: one near the
// middle of the commune, else one of the département.
func nearest(towns []town, middle *point, department string) *point {
	for _, t := range towns {
		near := middle != nil && abs(t.lat-middle.lat) < 0.1 && abs(t.lon-middle.lon) < 0.15
		if t.Country != "BE" && t.Country != "CH" && t.Country != "LU" && (near || middle == nil && t.department() == department) {
			return &point{t.lat, t.lon}
		}
	}
	return nil
}

func abs(x float64) float64 { return max(x, -x) }

// departments makes a line of each département and collectivity.
func (s sources) departments() (lines []string, err error) {
	rows, err := table(filepath.Join(s.cog, "departements.csv"), ',')
	for _, r := range rows {
		lines = append(lines, "#\tFR\t"+r["DEP"]+"\t"+r["LIBELLE"])
	}
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	rows, err = table(filepath.Join(s.cog, "collectivites-outremer.csv"), ',')
	for _, r := range rows {
		if !seen[r["code_collectivite"]] {
			seen[r["code_collectivite"]] = true
			lines = append(lines, "#\tFR\t"+r["code_collectivite"]+"\t"+r["nom_collectivite"])
		}
	}
	return lines, err
}

// people is how many live in each commune.
func (s sources) people() (map[string]int, error) {
	rows, err := table(filepath.Join(s.cog, "donnees_communes_population.csv"), ';')
	all := map[string]int{}
	for _, r := range rows {
		n, _ := strconv.Atoi(strings.ReplaceAll(r["PMUN"], " ", "")) // unknown is nobody
		all[r["COM"]] = n
		for prefix, city := range map[string]string{"751": "75056", "6938": "69123", "132": "13055"} { // by arrondissements
			if strings.HasPrefix(r["COM"], prefix) {
				all[city] += n
			}
		}
	}
	return all, err
}

// middles are the centroids of the contours of communes.
func (s sources) middles() (map[string]*point, error) {
	names, err := filepath.Glob(filepath.Join(s.contours, "communes-*.geojson"))
	if err != nil {
		return nil, err
	}
	all := map[string]*point{}
	for _, name := range names {
		features, err := features(name)
		if err != nil {
			return nil, err
		}
		for _, f := range features {
			all[f.code] = centroid(f.rings)
		}
	}
	return all, nil
}

// table reads a CSV file with a heading.
func table(name string, comma rune) ([]map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = comma, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var all []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[strings.TrimPrefix(rows[0][i], "\ufeff")] = cell
		}
		all = append(all, m)
	}
	return all, nil
}

// read decodes a JSON file.
func read(name string, to any) error {
	body, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, to)
}
