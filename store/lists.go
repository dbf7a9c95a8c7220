// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// maxLimit is the longest page of a list.
const maxLimit = 100

func limited(n int) int {
	if n <= 0 || n > maxLimit {
		return maxLimit
	}
	return n
}

// A bound is a place in a list ordered by time and then number. It is where
// the next page begins, and stands in its cursor.
type bound struct{ at, seq int64 }

// Before and after everything.
var (
	newest = bound{math.MaxInt64, math.MaxInt64}
	oldest = bound{-math.MaxInt64, -math.MaxInt64}
)

func (b bound) cursor() string {
	return strconv.FormatInt(b.at, 36) + "." + strconv.FormatInt(b.seq, 36)
}

// boundOf reads a cursor; an empty one is start.
func boundOf(cursor string, start bound) (b bound, err error) {
	if cursor == "" {
		return start, nil
	}
	at, seq, _ := strings.Cut(cursor, ".")
	if b.at, err = strconv.ParseInt(at, 36, 64); err == nil {
		b.seq, err = strconv.ParseInt(seq, 36, 64)
	}
	if err != nil {
		return b, fmt.Errorf("%w: cursor %q", federation.ErrMalformed, cursor)
	}
	return b, nil
}

// cut shortens a list that was asked for one more than limit, and returns the
// cursor that goes on from there.
func cut[T any](list []T, limit int, at func(T) bound) ([]T, string) {
	if len(list) <= limit {
		return list, ""
	}
	list = list[:limit]
	return list, at(list[limit-1]).cursor()
}
