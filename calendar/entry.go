// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// Bounds of what one event brings along, in letters or in number.
const (
	maxName       = 300
	maxText       = 20_000
	maxCategories = 50
	maxImages     = 10
	maxAnswers    = 100
)

// An Entry is one VEVENT: an event, or one changed time of an event that
// happens more than once. Its texts are as they came: HTML is for the caller to
// reduce, and to escape.
type Entry struct {
	UID        string
	MadeUID    bool // it had none, or one that another event has
	Sequence   int
	Status     string // Confirmed, Tentative, Cancelled, or "" if it does not say
	Title      string // on one line
	Text       string // DESCRIPTION, plain
	HTML       string // X-ALT-DESC, and what is HTML in DESCRIPTION
	Place      string
	Point      *Point // GEO
	URL        string // http or https
	Categories []string
	Organizer  Person
	Images     []string // addresses of pictures
	Start, End time.Time
	AllDay     bool      // Start and End are midnights, and End is the day after the last
	Modified   time.Time // LAST-MODIFIED, else DTSTAMP; zero: not said
	Recurrence *Recurrence
	Was        time.Time // RECURRENCE-ID of a changed time; else zero
	Changes    []*Entry  // changed times of this event
	Answers    []Answer  // only of METHOD:REPLY: who else is invited is not ours to know
	Line       int

	wasDay bool // Was is a day, though the event has hours
}

// A Person is who organises or answers.
type Person struct{ Name, Address string }

// An Answer is what somebody who was invited answers. RFC 5546 3.2.3.
type Answer struct {
	Person
	Status  string // ACCEPTED, DECLINED, TENTATIVE ...
	Comment string
}

// entryOf understands a VEVENT; nil if it is left out.
func entryOf(c *component, method string, z *zones) *Entry {
	e := &Entry{Line: c.number}
	comment := ""
	for _, p := range c.properties {
		switch p.name {
		case "CLASS":
			if class := strings.ToUpper(strings.TrimSpace(p.value)); class == "PRIVATE" || class == "CONFIDENTIAL" {
				z.report.add("report_private", c.number)
				return nil
			}
		case "COMMENT":
			comment = cut(unescape(p.value), maxText)
		case "ATTENDEE":
			if method == "REPLY" && len(e.Answers) < maxAnswers {
				e.Answers = append(e.Answers, Answer{Person: person(p), Status: strings.ToUpper(p.params["PARTSTAT"])})
			}
		default:
			e.property(p, z)
		}
	}
	for i := range e.Answers {
		e.Answers[i].Comment = comment
	}
	if !e.when(c, z) {
		return nil
	}
	if e.Title == "" && method != "REPLY" {
		z.report.add("report_no_title", c.number)
	}
	if e.UID == "" {
		e.makeUID()
		z.report.add("report_no_uid", c.number)
	}
	return e
}

// property takes one property that is no time.
func (e *Entry) property(p property, z *zones) {
	switch p.name {
	case "UID":
		if e.UID = strings.Join(strings.Fields(p.value), " "); len(e.UID) > maxName {
			sum := sha256.Sum256([]byte(e.UID))
			e.UID = hex.EncodeToString(sum[:16]) + "@long.invalid"
		}
	case "SEQUENCE":
		e.Sequence, _ = strconv.Atoi(strings.TrimSpace(p.value))
		e.Sequence = min(max(e.Sequence, 0), math.MaxInt32)
	case "SUMMARY":
		e.Title = oneLine(unescape(p.value), maxName)
	case "DESCRIPTION":
		e.describe(p)
	case "X-ALT-DESC":
		if strings.EqualFold(p.params["FMTTYPE"], "text/html") {
			e.HTML = cut(unescape(p.value), maxText)
		}
	case "LOCATION":
		e.Place = oneLine(unescape(p.value), maxName)
	case "GEO":
		e.Point = point(p, z)
	case "URL":
		e.URL = link(p.value)
	case "STATUS":
		e.status(p, z)
	case "CATEGORIES":
		for _, name := range list(p.value) {
			if len(e.Categories) < maxCategories {
				e.Categories = append(e.Categories, oneLine(name, 100))
			}
		}
	case "ORGANIZER":
		e.Organizer = person(p)
	case "ATTACH", "IMAGE": // RFC 7986
		if address := picture(p); address != "" && len(e.Images) < maxImages {
			e.Images = append(e.Images, address)
		}
	case "LAST-MODIFIED", "DTSTAMP":
		if t, _, ok := p.time(z); ok && (p.name == "LAST-MODIFIED" || e.Modified.IsZero()) {
			e.Modified = t
		}
	}
}

// describe takes a DESCRIPTION. Google writes HTML into it without saying so,
// and others say so where they should not.
func (e *Entry) describe(p property) {
	text := cut(strings.TrimSpace(unescape(p.value)), maxText)
	lower := strings.ToLower(text)
	for _, tag := range []string{"<br>", "<br/>", "<br />", "<p>", "</p>", "</a>", "</li>", "</b>", "</span>", "</div>", "</html>"} {
		if strings.Contains(lower, tag) {
			e.HTML = text
			return
		}
	}
	e.Text = text
}

func (e *Entry) status(p property, z *zones) {
	switch s := strings.ToUpper(strings.TrimSpace(p.value)); s {
	case Confirmed, Tentative, Cancelled:
		e.Status = s
	case "CANCELED":
		e.Status = Cancelled
	case "":
	default:
		z.report.add("report_status", p.number, "Status", s)
	}
}

// makeUID derives a name from the content, the same each time the file is read.
func (e *Entry) makeUID() {
	sum := sha256.Sum256([]byte(e.Title + "\x00" + e.Start.UTC().Format(utc) + "\x00" + e.Place))
	e.UID, e.MadeUID = hex.EncodeToString(sum[:16])+"@made.invalid", true
}

// person reads ORGANIZER or ATTENDEE.
func person(p property) Person {
	address := strings.TrimSpace(p.value)
	if len(address) >= 7 && strings.EqualFold(address[:7], "mailto:") {
		address = address[7:]
	} else if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		address = ""
	}
	if decoded, err := url.PathUnescape(address); err == nil && strings.Contains(decoded, "@") {
		address = decoded
	}
	return Person{Name: oneLine(p.params["CN"], maxName), Address: oneLine(address, maxName)}
}

// point reads GEO, "latitude;longitude", also with a comma as some write.
func point(p property, z *zones) *Point {
	a, b, ok := strings.Cut(strings.NewReplacer(`\`, "", ",", ";").Replace(p.value), ";")
	lat, err1 := strconv.ParseFloat(strings.TrimSpace(a), 64)
	lon, err2 := strconv.ParseFloat(strings.TrimSpace(b), 64)
	if !ok || err1 != nil || err2 != nil || !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) || lat == 0 && lon == 0 {
		z.report.add("report_geo", p.number)
		return nil
	}
	return &Point{Latitude: lat, Longitude: lon}
}

// link returns an address that one can follow, or "".
func link(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(s, `\`, ""))
	u, err := url.Parse(s)
	if err != nil || len(s) > 2000 || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// picture returns the address of a picture that is linked; what is inside the
// file itself is not taken.
func picture(p property) string {
	address := link(p.value)
	if address == "" || strings.EqualFold(p.params["VALUE"], "BINARY") {
		return ""
	}
	if p.name == "IMAGE" || strings.HasPrefix(strings.ToLower(p.params["FMTTYPE"]), "image/") {
		return address
	}
	if u, err := url.Parse(address); err == nil {
		switch strings.ToLower(path.Ext(u.Path)) {
		case ".jpg", ".jpeg", ".png", ".webp", ".gif":
			return address
		}
	}
	return ""
}

// oneLine makes one line of a text: a title with a line break stays one title.
func oneLine(s string, most int) string { return short(strings.Join(strings.Fields(s), " "), most) }

// cut bounds a text.
func cut(s string, most int) string { return short(s, most) }
