// SPDX-License-Identifier: AGPL-3.0-or-later

package gazetteer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/borders.tsv.gz
var packedBorders []byte

// An Area is a département, province or canton, or a part of Luxembourg.
type Area struct {
	Country, Code, Name string
	Rings               []Ring
}

// A Ring is the outline of an area or of a part of it: longitudes and
// latitudes in thousandths of a degree, one after the other.
type Ring struct {
	Line                     []int32
	West, South, East, North int32
}

// Unit is how many units of a Ring make a degree.
const Unit = 1000

var areas = sync.OnceValue(func() []Area {
	list, err := unpackBorders(packedBorders)
	if err != nil {
		panic(err) // compiled in, and tested
	}
	return list
})

// Areas returns every area there is; they belong to the package.
func Areas() []Area { return areas() }

func unpackBorders(packed []byte) (list []Area, err error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(z)
	for {
		text, err := r.ReadString('\n')
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		text = strings.TrimSuffix(text, "\n")
		if cells := strings.Split(text, "\t"); len(cells) == 4 {
			list = append(list, Area{Country: cells[1], Code: cells[2], Name: cells[3]})
			continue
		}
		ring, err := ringOf(text)
		if err != nil {
			return nil, err
		}
		last := &list[len(list)-1]
		last.Rings = append(last.Rings, ring)
	}
}

// ringOf reads a ring: the first pair is a point, the others the way to the
// next one.
func ringOf(text string) (Ring, error) {
	numbers := strings.Fields(text)
	r := Ring{Line: make([]int32, 0, len(numbers))}
	var at [2]int32
	for i, n := range numbers {
		step, err := strconv.ParseInt(n, 10, 32)
		if err != nil {
			return Ring{}, err
		}
		at[i%2] += int32(step)
		r.Line = append(r.Line, at[i%2])
		if i == 1 {
			r.West, r.East, r.South, r.North = at[0], at[0], at[1], at[1]
		}
		if i%2 == 1 {
			r.West, r.East = min(r.West, at[0]), max(r.East, at[0])
			r.South, r.North = min(r.South, at[1]), max(r.North, at[1])
		}
	}
	return r, nil
}
