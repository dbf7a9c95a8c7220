// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// MaxSeries is how many series that are not over one author may have.
const MaxSeries = 100

// A Series is an event of ours that happens again and again. It has a rule and
// an event that each date is like; its dates are events of their own.
type Series struct {
	ID      federation.IRI `json:"-"` // the collection of its dates
	Author  federation.IRI `json:"-"`
	Like    *federation.Object
	Rule    string    // RFC 5545 RRULE; "" if the added days are all
	First   string    // the first day by the rule, YYYY-MM-DD on the event's clocks
	Skipped []string  `json:",omitempty"` // days likewise
	Added   []string  `json:",omitempty"`
	Kept    bool      `json:",omitempty"` // by a calendar elsewhere: its dates are made by nobody else
	More    bool      `json:"-"`          // dates are still to be made
	Created time.Time `json:"-"`
	Changed time.Time `json:"-"`
	Told    time.Time `json:"-"` // when followers last got a date
}

// A SeriesDate is one date of a series.
type SeriesDate struct {
	Series  federation.IRI
	Day     string // its name: when the rule has it
	Object  federation.IRI
	Waiting bool // not sent to followers yet
	Own     bool // it was changed by itself

	// Of the event, where it is read with it:
	Start, End   time.Time
	Closed, Gone bool
}

const seriesColumns = `id, author, data, more, created, changed, told`

func scanSeries(r row) (*Series, error) {
	s := new(Series)
	var data string
	var created, changed, told int64
	if err := r.Scan(&s.ID, &s.Author, &data, &s.More, &created, &changed, &told); err != nil {
		return nil, err
	}
	s.Created, s.Changed, s.Told = moment(created), moment(changed), moment(told)
	return s, json.Unmarshal([]byte(data), s)
}

// PutSeries stores a series, or its next state. federation.ErrConflict says
// that its author has too many.
func (tx *Tx) PutSeries(ctx context.Context, s *Series) error {
	data, err := json.Marshal(s)
	if err != nil {
		return named(err, "series", s.ID)
	}
	s.Changed = tx.now
	if s.Created.IsZero() {
		s.Created = tx.now
		n, err := tx.number(ctx, `
			SELECT COUNT(*) FROM (SELECT 1 FROM series s WHERE s.author = ? AND (s.more = 1 OR EXISTS (
				SELECT 1 FROM series_dates d JOIN objects o ON o.id = d.object
				WHERE d.series = s.id AND o.gone = 0 AND o.end_at >= ?)) LIMIT ?) x`, s.Author, tx.now, MaxSeries)
		if err == nil && n >= MaxSeries {
			err = fmt.Errorf("%w: %d series", federation.ErrConflict, n)
		}
		if err != nil {
			return named(err, "series of", s.Author)
		}
	}
	_, err = tx.exec(ctx, `
		INSERT INTO series (id, author, data, more, created, changed, told) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET data = excluded.data, more = excluded.more, changed = excluded.changed, told = excluded.told`,
		s.ID, s.Author, string(data), s.More, s.Created, s.Changed, s.Told)
	return named(err, "series", s.ID)
}

// Series returns a series.
func (tx *Tx) Series(ctx context.Context, id federation.IRI) (*Series, error) {
	s, err := first(ctx, tx, scanSeries, `SELECT `+seriesColumns+` FROM series WHERE id = ?`, id)
	return s, named(err, "series", id)
}

// SeriesBy returns the series of an author, the newest first.
func (tx *Tx) SeriesBy(ctx context.Context, author federation.IRI) ([]*Series, error) {
	return all(ctx, tx, scanSeries, `
		SELECT `+seriesColumns+` FROM series WHERE author = ? ORDER BY created DESC, id LIMIT ?`, author, 2*MaxSeries)
}

const dateColumns = `d.series, d.day, d.object, d.waiting, d.own, COALESCE(o.start_at, 0), COALESCE(o.end_at, 0), COALESCE(o.closed, 1), COALESCE(o.gone, 1)`

func scanDate(r row) (d SeriesDate, err error) {
	var start, end int64
	err = r.Scan(&d.Series, &d.Day, &d.Object, &d.Waiting, &d.Own, &start, &end, &d.Closed, &d.Gone)
	d.Start, d.End = moment(start), moment(end)
	return d, err
}

// maxDates is how many dates of a series are read at once: more than are made
// in fifteen years of one a week.
const maxDates = 800

// SeriesDates returns the latest dates of a series in the order of their
// names, those that were deleted included.
func (tx *Tx) SeriesDates(ctx context.Context, series federation.IRI) ([]SeriesDate, error) {
	list, err := all(ctx, tx, scanDate, `
		SELECT `+dateColumns+` FROM series_dates d LEFT JOIN objects o ON o.id = d.object
		WHERE d.series = ? ORDER BY d.day DESC LIMIT ?`, series, maxDates)
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, named(err, "dates of", series)
}

// SeriesDateOf returns which date of which series an event is.
func (tx *Tx) SeriesDateOf(ctx context.Context, object federation.IRI) (SeriesDate, error) {
	d, err := first(ctx, tx, scanDate, `
		SELECT `+dateColumns+` FROM series_dates d LEFT JOIN objects o ON o.id = d.object WHERE d.object = ?`, object)
	return d, named(err, "date of a series", object)
}

// AddSeriesDate takes the name of a date for an event that is about to be made.
// It reports whether the name was free: of two who make dates ahead, one does.
func (tx *Tx) AddSeriesDate(ctx context.Context, d SeriesDate) (bool, error) {
	n, err := tx.exec(ctx, `
		INSERT INTO series_dates (series, day, object, waiting, own) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (series, day) DO NOTHING`, d.Series, d.Day, d.Object, d.Waiting, d.Own)
	return n == 1, named(err, "date of", d.Series)
}

// PutSeriesDate notes what became of a date.
func (tx *Tx) PutSeriesDate(ctx context.Context, d SeriesDate) error {
	n, err := tx.exec(ctx, `UPDATE series_dates SET object = ?, waiting = ?, own = ? WHERE series = ? AND day = ?`,
		d.Object, d.Waiting, d.Own, d.Series, d.Day)
	return named(changed(n, err), "date of", d.Series)
}

// SeriesToDo returns the series with something to do: dates to be made, or
// dates that begin before a time and were not sent.
func (tx *Tx) SeriesToDo(ctx context.Context, before time.Time) ([]federation.IRI, error) {
	return all(ctx, tx, column[federation.IRI], `
		SELECT id FROM series WHERE more = 1
		UNION
		SELECT d.series FROM series_dates d JOIN objects o ON o.id = d.object WHERE d.waiting = 1 AND o.start_at < ?`, before)
}

// Behind puts an object at the end of the lists that begin with the newest: it
// is there, in agendas and by its address, but it is no news.
func (tx *Tx) Behind(ctx context.Context, id federation.IRI) error {
	_, err := tx.exec(ctx, `UPDATE objects SET published = 1 WHERE id = ?`, id)
	if err == nil {
		_, err = tx.exec(ctx, `UPDATE object_tags SET published = 1 WHERE object = (SELECT seq FROM objects WHERE id = ?)`, id)
	}
	return named(err, "object", id)
}

// IsBehind reports whether an object is no news.
func (tx *Tx) IsBehind(ctx context.Context, id federation.IRI) (bool, error) {
	return tx.exists(ctx, `SELECT 1 FROM objects WHERE id = ? AND published = 1`, id)
}
