// SPDX-License-Identifier: AGPL-3.0-or-later

// Package web is what people see: pages made on the server, which work without
// any script.
//
// routes.go names every address and who may ask for it; a page is a file here
// and its template. A page that is looked at is a reading: one transaction in
// which everything it shows is read, rendered after it ended. What a form does
// is a doing: it changes things through outbox.Publish, like everybody else,
// and then sends the browser to a page (post, redirect, get). Both return an
// error where they cannot go on; visit.go turns it into a status and a page.
//
// What somebody may not read is answered exactly like what does not exist.
// Nothing is loaded from another server: pictures of peers are links.
package web

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/watch"
	"github.com/klauspost/compress/gzhttp"
	"golang.org/x/time/rate"
)

// A Site is the pages of one instance. Its fields are set before Routes is
// called and not changed afterwards.
type Site struct {
	DB        *store.DB
	Origin    string // our own, such as https://amap.example
	Directory *remote.Directory
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
	Secure    bool             // reached by https: cookies are for this host alone
	Version   string
	Mail      bool         // letters that are queued are sent: an SMTP server is configured
	Backups   string       // directory beside the data for copies of it; empty: none are made
	File      bool         // the database is a file, not a server with tools of its own
	Watch     *watch.Watch // what goes together; nil: nothing is shown of that

	once       sync.Once
	passwords  *passwords
	signIns    *limiter // by network and by account
	seconds    *limiter // attempts at the second factor, by account
	lookups    *limiter // of other servers, by network or account
	uploads    *limiter // by account
	mails      *limiter // that strangers ask for, by network and by whom to
	invites    *limiter // letters to those who are invited, by account
	searches   *limiter // of communes, by network
	complaints *limiter // of what is wrong, from people without an account, by network
	copying    sync.Mutex
	front      front
	documents  keptDocuments
	facts      facts
}

// start makes what the fields leave open.
func (s *Site) start() {
	s.once.Do(func() {
		if s.Now == nil {
			s.Now = time.Now
		}
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
		s.passwords = newPasswords()
		s.signIns = newLimiter(rate.Every(12*time.Second), 25)
		s.seconds = newLimiter(rate.Every(5*time.Minute), 10)
		s.lookups = newLimiter(rate.Every(10*time.Second), 30)
		s.mails = newLimiter(rate.Every(6*time.Minute), 5)
		s.uploads = newLimiter(rate.Every(20*time.Second), 60)
		s.invites = newLimiter(rate.Every(2*time.Minute), 30)
		s.searches = newLimiter(4, 60)
		s.complaints = newLimiter(rate.Every(10*time.Minute), 5)
	})
}

// harden sets what every answer says to browsers: nothing foreign, no frame,
// no script but ours, and none in a page itself.
func harden(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.ServeHTTP(w, r)
	})
}

// compress packs what is text for those who can unpack it. Nothing secret that
// a form of another site could make us repeat stands on our pages; the length
// is blurred all the same.
var compress = func() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.ContentTypes([]string{
		"text/html", "text/css", "text/javascript", "text/calendar", "image/svg+xml", "application/json", "application/geo+json",
		"application/atom+xml", "application/rss+xml", "application/manifest+json",
	}), gzhttp.RandomJitter(32, 0, false))
	if err != nil {
		panic(err) // options in the source
	}
	return wrap
}()

// policy is what pages may load. Sites are told apart from what they show:
// everything comes from this instance.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// policyWith is the policy of a page whose map is made of tiles from elsewhere.
func policyWith(tiles string) string {
	return strings.Replace(policy, "img-src 'self' data:", "img-src 'self' data: "+tiles, 1)
}

// zone is the clocks that dates without a zone of their own are shown on.
func (s *Site) zone() *time.Location { return locale.Clocks(s.facts.setting(locale.ZoneSetting)) }
