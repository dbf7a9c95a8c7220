// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/store"
)

// What polling 200 calendars may cost: a hundredth of a core.
const calendars = 200

// BenchmarkPoll measures the processor's time that reading a calendar of 100
// dates takes, the server's side and a new TLS connection for each included,
// and what share of a core that is for 200 calendars, each read once an hour.
func BenchmarkPoll(b *testing.B) {
	b.Run("unchanged, by ETag", func(b *testing.B) { poll(b, true, false) })
	b.Run("unchanged, without ETag", func(b *testing.B) { poll(b, false, false) })
	b.Run("one date changed", func(b *testing.B) { poll(b, true, true) })
}

func poll(pb *testing.B, tagged, changing bool) {
	b := start(pb, "sqlite:"+filepath.Join(pb.TempDir(), "bench.db"))
	server := httptest.NewTLSServer(http.HandlerFunc(b.serve))
	pb.Cleanup(server.Close)
	client := server.Client().Transport.(*http.Transport).Clone()
	client.DisableKeepAlives = true
	b.worker.Client = remote.New(remote.Options{AllowPrivate: true, Origin: home, Now: b.now, RoundTripper: client})
	base := b.now().AddDate(2, 0, 0) // that none is over however often we read
	event := func(i int, title string) string {
		return vevent(fmt.Sprintf("UID:%d@x", i), "SUMMARY:"+title, "DTSTART:"+base.AddDate(0, 0, i).Format("20060102T150405Z"),
			"DESCRIPTION:Apportez ce qui est cassé\\, et de quoi le démonter.", "LOCATION:Salle des fêtes\\, 26000 Valence")
	}
	events := make([]string, 100)
	for i := range events {
		events[i] = event(i, fmt.Sprintf("Atelier %d", i))
	}
	change := func(n int) {
		if changing {
			events[n%100] = event(n%100, fmt.Sprintf("Atelier %d, encore", n))
		}
		b.put("/a.ics", events...)
		if !tagged {
			b.pages["/a.ics"].etag = ""
		}
	}
	change(0)
	c := &store.Calendar{Actor: b.author.ID, URL: server.URL + "/a.ics", State: store.CalendarActive}
	b.update(func(tx *store.Tx) error { return tx.AddCalendar(b.ctx, c) })
	again := func() {
		b.pass(75 * time.Minute)
		if read, err := b.worker.ReadNext(b.ctx); err != nil || !read {
			pb.Fatal(read, err)
		}
	}
	again()
	pb.ResetTimer()
	before := processorTime(pb)
	n := 0
	for pb.Loop() {
		n++
		pb.StopTimer()
		change(n)
		pb.StartTimer()
		again()
	}
	used := processorTime(pb) - before
	each := used / time.Duration(n)
	if f := b.calendar(c.ID); f.Fault != "" {
		pb.Fatal(f.Detail)
	}
	pb.ReportMetric(each.Seconds()*1000, "cpu-ms/poll")
	pb.ReportMetric(100*each.Seconds()*calendars/Usual.Seconds(), "%core/200calendars")
	if limit := os.Getenv("MAILLAGE_REQUIRE"); limit != "" && each.Seconds()*calendars/Usual.Seconds() > 0.01 {
		pb.Errorf("%v for each reading is more than a hundredth of a core", each)
	}
}

// processorTime is what this process used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
