// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// benchmark runs a bench with small numbers and returns its report.
func benchmark(t *testing.T, args ...string) *report {
	t.Helper()
	dir := t.TempDir()
	var out, said bytes.Buffer
	args = append([]string{"bench", args[0], "--json", "--dir", dir}, args[1:]...)
	if status := run(t.Context(), args, func(string) string { return "" }, nil, &out, &said); status != exitDone {
		t.Fatalf("maillage %s: status %d: %s", strings.Join(args, " "), status, said.String())
	}
	r := new(report)
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		t.Fatal(err)
	}
	if r.Limits.Signs <= 0 || r.Limits.Verifies <= 0 || r.Limits.Commits <= 0 {
		t.Errorf("limits %+v", r.Limits)
	}
	for _, f := range r.Figures {
		if f.Value <= 0 && f.Unit != "s" { // "later by" may be negative
			t.Errorf("%s: %v", f.Name, f.Value)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return r
}

// has wants a figure of that name.
func (r *report) has(t *testing.T, name string) {
	t.Helper()
	for _, f := range r.Figures {
		if f.Name == name {
			return
		}
	}
	t.Errorf("no figure %q", name)
}

func TestBenchInbox(t *testing.T) {
	t.Parallel()
	r := benchmark(t, "inbox", "--requests", "40", "--actors", "5", "--connections", "4")
	r.has(t, "applied, from the first request until all is stored")
}

func TestBenchFanout(t *testing.T) {
	t.Parallel()
	r := benchmark(t, "fanout", "--followers", "20", "--hosts", "10", "--delay", "1ms")
	r.has(t, "own inboxes: of the limit of signatures")
	r.has(t, "the publisher's own request, slowest of all")
}

func TestBenchRead(t *testing.T) {
	t.Parallel()
	r := benchmark(t, "read", "--items", "20", "--peer-items", "20", "--stored", "30", "--duration", "50ms", "--connections", "2")
	r.has(t, "first page")
	r.has(t, "the figure that suffers most keeps, of what it was")
	r.has(t, "start until ready, median of 5")
}

func TestBenchOnPostgres(t *testing.T) {
	dsn := os.Getenv("TEST_POSTGRES")
	if dsn == "" {
		t.Skip("TEST_POSTGRES is not set")
	}
	benchmark(t, "inbox", "--requests", "20", "--actors", "3", "--connections", "2", "--database", dsn)
}

func TestBenchLeavesAServedDatabaseAlone(t *testing.T) {
	e := &env{getenv: func(name string) string {
		if name == "MAILLAGE_DATABASE" {
			return "postgres://somebody@db.example/served"
		}
		return ""
	}, stdout: io.Discard, stderr: io.Discard}
	call, err := parse([]string{"bench", "inbox"}, e)
	if err != nil {
		t.Fatal(err)
	}
	if got := call.Model.Target.FieldByName("Bench").FieldByName("Database").String(); got != "" {
		t.Errorf("bench would load %s", got)
	}
}

func TestReadAnswer(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		rest         string
	}{
		{"a length", "HTTP/1.1 202 Accepted\r\ncontent-length: 3\r\n\r\nabcNEXT", 202, "NEXT"},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nNEXT", 200, "NEXT"},
		{"nothing", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\nNEXT", 204, "NEXT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := bufio.NewReader(strings.NewReader(test.answer))
			status, err := readAnswer(r)
			if err != nil || status != test.status {
				t.Fatalf("got %d, %v", status, err)
			}
			if rest, _ := io.ReadAll(r); string(rest) != test.rest {
				t.Errorf("left %q, want %q", rest, test.rest)
			}
		})
	}
	for _, bad := range []string{"", "SSH-2.0-x\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"} {
		if _, err := readAnswer(bufio.NewReader(strings.NewReader(bad))); err == nil {
			t.Errorf("%q was taken for an answer", bad)
		}
	}
}

func TestPeersRememberWhatArrives(t *testing.T) {
	ps, err := startPeers(t.Context(), 3, 0, func(i int) mood { return mood(i) })
	if err != nil {
		t.Fatal(err)
	}
	defer ps.close()
	ps.expect(2)
	post := func(i int, id string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, ps.list[i].origin+"/inbox", strings.NewReader(`{"id":"`+id+`"}`))
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	for _, id := range []string{"a", "b", "a"} {
		if err := post(0, id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ps.wait(t.Context()); err != nil {
		t.Error(err)
	}
	if n := ps.repeated(); n != 1 {
		t.Errorf("%d came twice, want 1", n)
	}
	if post(1, "a") == nil || post(2, "a") == nil {
		t.Error("a peer that refuses or hangs answered")
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		f    figure
		want string
	}{
		{figure{Value: 10}, ""},
		{figure{Value: 10, AtLeast: 10}, "reached"},
		{figure{Value: 9, AtLeast: 10}, "missed"},
		{figure{Value: 11, AtMost: 10}, "missed"},
		{figure{Value: -1, AtMost: 2}, "reached"},
	} {
		if got := test.f.verdict(); got != test.want {
			t.Errorf("%+v: %q", test.f, got)
		}
	}
	for value, want := range map[float64]string{0: "0.00", 0.734: "0.73", 4.56: "4.56", 45.678: "45.7", 1234.5: "1234", -3: "-3.00"} {
		if got := (figure{Value: value}).String(); got != want {
			t.Errorf("%v is written %q, want %q", value, got, want)
		}
	}
}

// BenchmarkInbox takes in signed posts: verified, filed, applied and stored.
func BenchmarkInbox(b *testing.B) {
	ctx, c := b.Context(), &benchInbox{Actors: 8, Connections: 64, Duration: time.Hour}
	in, err := (&benchCommand{Dir: b.TempDir()}).instance(ctx, &env{stdout: io.Discard, stderr: b.Output()})
	if err != nil {
		b.Fatal(err)
	}
	defer in.end()
	ps, err := startPeers(ctx, 2, 0, func(int) mood { return answers })
	if err != nil {
		b.Fatal(err)
	}
	defer ps.close()
	senders, err := c.senders(ctx, in, ps)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	next, rounds := 0, 0
	take := func(n int) {
		rounds++
		from := next
		next += n
		s, err := writeScript(ctx, filepath.Join(in.config.Data, fmt.Sprint("requests", rounds)), n, func(i int) ([]byte, error) {
			return senders[(from+i)%len(senders)].post(in.Origin, from+i)
		})
		if err != nil {
			b.Fatal(err)
		}
		defer s.close()
		b.StartTimer()
		defer b.StopTimer()
		l := &load{address: in.address(), connections: c.Connections, status: http.StatusAccepted, count: n, duration: c.Duration, request: s.request}
		if _, err := l.run(ctx); err != nil {
			b.Fatal(err)
		}
		if err := in.until(ctx, (*store.Tx).ReceivedDepth); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	take(len(senders)) // their keys are fetched
	b.ResetTimer()
	take(b.N)
	if err := stored(ctx, in.DB, next, func(i int) federation.IRI { return senders[i%len(senders)].note(i) }); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkDocuments asks for documents and pages, one at a time.
func BenchmarkDocuments(b *testing.B) {
	ctx := b.Context()
	in, err := (&benchCommand{Dir: b.TempDir()}).instance(ctx, &env{stdout: io.Discard, stderr: b.Output()})
	if err != nil {
		b.Fatal(err)
	}
	defer in.end()
	r := new(report)
	targets, err := (&benchRead{Items: 500, PeerItems: 500}).fill(ctx, &env{stderr: b.Output()}, in, r)
	if err != nil {
		b.Fatal(err)
	}
	for _, a := range (&reading{targets: targets}).list() {
		b.Run(a.name, func(b *testing.B) {
			b.ReportAllocs()
			l := &load{address: in.address(), connections: 1, status: http.StatusOK, count: b.N, duration: time.Hour, request: rotate(in.address(), a.accept, a.paths)}
			if _, err := l.run(ctx); err != nil {
				b.Fatal(err)
			}
		})
	}
}
