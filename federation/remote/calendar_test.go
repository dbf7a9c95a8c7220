// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"code.dny.dev/ssrf"

	"codeberg.org/maillage/maillage/federation"
)

const agenda = federation.IRI("https://cloud.example/agenda.ics")

func TestCalendarAddress(t *testing.T) {
	c := New(Options{Origin: here})
	for typed, want := range map[string]federation.IRI{
		"webcal://cloud.example/a.ics":                  "https://cloud.example/a.ics",
		"WEBCALS://Cloud.Example/A.ics":                 "https://cloud.example/A.ics",
		"http://cloud.example/a.ics":                    "https://cloud.example/a.ics",
		" cloud.example/public.php/dav/a?export#part ":  "https://cloud.example/public.php/dav/a?export",
		"https://cloud.example/l'agenda%20de la ferme/": "https://cloud.example/l'agenda%20de%20la%20ferme/",
		"https://cloud.example:443/a.ics":               "https://cloud.example/a.ics",
		"ftp://cloud.example/a.ics":                     "",
		"https://user:pass@cloud.example/a.ics":         "",
		"https://127.0.0.1/a.ics":                       "",
		"https://[::1]/a.ics":                           "",
		"https://localhost/a.ics":                       "",
		"https://cloud.example:8443/a.ics":              "",
		"https://0x7f.1/a.ics":                          "",
		here + "/events/calendar.ics":                   "",
		"javascript:alert(1)":                           "",
		"":                                              "",
	} {
		got, err := c.CalendarAddress(typed)
		if (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
}

func TestACalendarIsReadAgainOnlyIfItChanged(t *testing.T) {
	n := newNetwork(t)
	c := clientOf(n, newClock())
	n.hosts["cloud.example"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Signature") != "" {
			t.Error("signed: a calendar is nobody's document")
		}
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Last-Modified", "Sun, 21 Jun 2026 10:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"1"` && r.Header.Get("If-Modified-Since") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte("BEGIN:VCALENDAR"))
	}
	r, err := c.Calendar(t.Context(), agenda, Seen{}, 1000)
	if err != nil || r.Unchanged || string(r.Body) != "BEGIN:VCALENDAR" || r.Seen.ETag != `"1"` {
		t.Fatalf("%+v %v", r, err)
	}
	r, err = c.Calendar(t.Context(), agenda, r.Seen, 1000)
	if err != nil || !r.Unchanged || len(r.Body) != 0 || r.Seen.Modified == "" {
		t.Fatalf("%+v %v", r, err)
	}
}

func TestAnswersOfCalendarServers(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		kind   error
		again  time.Duration
	}{
		{"not there", status(404), federation.ErrNotFound, 0},
		{"gone", status(410), federation.ErrGone, 0},
		{"broken", status(500), federation.ErrUnavailable, 0},
		{"wants a password", status(401), ErrClosed, 0},
		{"forbidden", status(403), ErrClosed, 0},
		{"304 to a question without conditions", status(304), federation.ErrUnavailable, 0},
		{"busy", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7200")
			w.WriteHeader(429)
		}, federation.ErrUnavailable, 2 * time.Hour},
		{"too long", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1001)) }, ErrLarge, 0},
		{"compressed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("x"))
		}, ErrPacked, 0},
		{"leads into a private network", moved("https://10.0.0.1/a.ics"), federation.ErrMalformed, 0},
		{"leads to this machine", moved("http://localhost/a.ics"), federation.ErrMalformed, 0},
		{"leads to another port", moved("https://cloud.example:6379/"), federation.ErrMalformed, 0},
		{"leads to us", moved(here + "/a.ics"), federation.ErrForbidden, 0},
		{"leads to a file", moved("file:///etc/passwd"), federation.ErrMalformed, 0},
		{"leads in a circle", moved(string(agenda)), federation.ErrForbidden, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNetwork(t)
			n.hosts["cloud.example"] = test.answer
			r, err := clientOf(n, newClock()).Calendar(t.Context(), agenda, Seen{}, 1000)
			wantErr(t, err, test.kind)
			if r.Again != test.again {
				t.Errorf("again in %v, want %v", r.Again, test.again)
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func moved(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(302)
	}
}

func TestACalendarOfANameInAPrivateNetworkIsNotAsked(t *testing.T) {
	c := New(Options{Now: newClock().now})
	c.net = transport(false, nameserver(t, "192.168.1.1"))
	_, err := c.Calendar(context.Background(), "https://rebinding.example/a.ics", Seen{}, 1000)
	wantErr(t, err, ssrf.ErrProhibitedIP)
	wantErr(t, err, federation.ErrForbidden)
}

func TestAHostileValidatorIsNotSentBack(t *testing.T) {
	n := newNetwork(t)
	n.hosts["cloud.example"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Etag"] = []string{strings.Repeat("x", 2000)}
		w.Header()["Last-Modified"] = []string{"a\x01b"}
		_, _ = w.Write([]byte("x"))
	}
	r, err := clientOf(n, newClock()).Calendar(t.Context(), agenda, Seen{}, 1000)
	if err != nil || r.Seen != (Seen{}) {
		t.Errorf("%+v %v", r.Seen, err)
	}
}
