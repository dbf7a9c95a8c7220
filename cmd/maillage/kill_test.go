// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// brief is the program, but what a killed process had in hand is taken up
// after two seconds. This test binary is that under the name maillage-brief.
func brief() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	e := &env{getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	err := func() error {
		call, err := parse(os.Args[1:], e)
		if err != nil {
			return err
		}
		c, ok := call.Selected().Target.Addr().Interface().(*serveCommand)
		if !ok {
			return errors.New("only serve")
		}
		p, err := start(ctx, &c.Config, c.Logger(os.Stderr), withPace(2*time.Second, 100*time.Millisecond))
		if err != nil {
			return err
		}
		return p.wait(ctx)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitFailed)
	}
}

// A killable is an instance in a process of its own, that can be killed.
type killable struct {
	t        *testing.T
	name     string
	command  string // maillage, or maillage-brief
	data     string
	database string
	origin   string
	listen   string
	flags    []string
	env      []string
	token    string // to speak for the initiative
	client   *http.Client
	log      *bytes.Buffer // of the last process
	cmd      *exec.Cmd
}

// prepare finds an address for an instance; it is not started yet.
func prepare(t *testing.T, name, database string) *killable {
	t.Helper()
	p := &killable{t: t, name: name, command: "maillage", data: t.TempDir(), database: database, listen: freeLoopback(t)}
	if p.database == "" {
		p.database = "sqlite:" + filepath.Join(p.data, "maillage.db")
	}
	p.origin = "http://" + p.listen
	p.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	t.Cleanup(p.client.CloseIdleConnections)
	return p
}

func freeLoopback(t *testing.T) string {
	t.Helper()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// introduce starts an instance for the first time and gets a token.
func (p *killable) introduce() *killable {
	p.t.Helper()
	p.start()
	p.t.Cleanup(p.kill)
	p.token = p.say("account", "token", "admin-"+p.name, "--actor", p.name)
	return p
}

// say asks the program something about the data of the instance.
func (p *killable) say(args ...string) string {
	p.t.Helper()
	cmd := exec.Command("maillage", append(args, "--data", p.data, "--database", p.database)...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("maillage %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// start starts the process and waits until it answers.
func (p *killable) start() {
	p.t.Helper()
	p.log = new(bytes.Buffer)
	p.cmd = exec.Command(p.command, append([]string{
		"serve", "--data", p.data, "--database", p.database, "--origin", p.origin, "--listen", p.listen, "--handle", p.name,
		"--allow-private-networks", "--log-level", "warn",
	}, p.flags...)...)
	p.cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), p.env...)
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	eventuallyIn(p.t, 2*time.Minute, p.name+" is ready", func() bool {
		a, err := p.ask(http.MethodGet, "/healthz", nil)
		return err == nil && a.StatusCode == http.StatusOK
	})
}

// kill ends the process as a power cut would.
func (p *killable) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	_ = p.cmd.Wait()
}

// stop asks the process to end and waits for it.
func (p *killable) stop() {
	p.t.Helper()
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("%s: %v\n%s", p.name, err, p.log)
	}
	if d := time.Since(begin); d > 20*time.Second {
		p.t.Errorf("%s stopped after %s", p.name, d)
	}
	if text := p.log.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic") {
		p.t.Errorf("%s: %s", p.name, text)
	}
}

// ask sends a request to this process, whatever the origin is.
func (p *killable) ask(method, path string, body []byte) (*httpAnswer, error) {
	scheme, host, _ := strings.Cut(p.origin, "://")
	r, err := http.NewRequest(method, scheme+"://"+p.listen+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Host = host
	r.Header.Set("Accept", "application/activity+json")
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/activity+json")
	}
	resp, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return &httpAnswer{resp, answer}, err
}

// post publishes by the client-to-server outbox and returns the object's id, or
// "" if that was not acknowledged.
func (p *killable) post(doc jsonDoc) string {
	raw, err := json.Marshal(doc)
	if err != nil {
		return ""
	}
	a, err := p.ask(http.MethodPost, "/actors/"+p.name+"/outbox", raw)
	if err != nil || a.StatusCode != http.StatusCreated {
		return ""
	}
	var spoken jsonDoc
	if json.Unmarshal(a.Body, &spoken) != nil {
		return ""
	}
	return idIn(spoken["object"])
}

func (p *killable) column(query string) (list []string) {
	p.t.Helper()
	i := &instance{t: p.t, raw: openRaw(p.t, p.database)}
	defer i.raw.Close()
	return i.column(query, 0)
}

// retry tries a host again that is left alone because it was down a moment ago.
func (p *killable) retry(host string) {
	p.t.Helper()
	ctx := context.WithoutCancel(p.t.Context())
	db, err := store.Open(ctx, store.Options{Database: p.database, Origin: p.origin})
	if err != nil {
		p.t.Fatal(err)
	}
	for range 5 { // the sender writes too, and a busy machine keeps one waiting
		err = db.Update(ctx, func(tx *store.Tx) error { return tx.RetryHost(ctx, host) })
		if err == nil || errors.Is(err, federation.ErrNotFound) {
			break
		}
	}
	if err = errors.Join(err, db.Close()); err != nil && !errors.Is(err, federation.ErrNotFound) {
		p.t.Fatal(err)
	}
}

// kills is how often a test kills: a few times, unless MAILLAGE_KILLS says.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("MAILLAGE_KILLS")); err == nil {
		return n
	}
	return 6
}

// TestKilledUnderLoad: whatever was acknowledged arrives, once, however often
// the sender and the receiver are killed. F1.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	sender, receiver := prepare(t, "sender", "").introduce(), prepare(t, "receiver", "").introduce()
	killAndCount(t, []*killable{sender}, receiver)
}

// TestKilledUnderLoadOnPostgres: the same with two processes that send from
// one database. F13.
func TestKilledUnderLoadOnPostgres(t *testing.T) {
	t.Parallel()
	database := onPostgres(t)
	one, receiver := prepare(t, "sender", database), prepare(t, "receiver", "")
	one.command = "maillage-brief"
	one.introduce()
	receiver.introduce()
	two := *one
	two.listen, two.data = freeLoopback(t), t.TempDir()
	two.start()
	t.Cleanup(two.kill)
	killAndCount(t, []*killable{one, &two}, receiver)
}

// killAndCount publishes without pause while all are killed by turns, lets the
// queues run empty and holds the ledger against what both sides have.
func killAndCount(t *testing.T, senders []*killable, receiver *killable) {
	t.Helper()
	sender := senders[0]
	followed := sender.origin + "/actors/sender"
	receiver.post(jsonDoc{"type": "Follow", "object": followed, "to": []string{followed}})
	eventually(t, "the follow", func() bool {
		return len(sender.column("SELECT source FROM edges WHERE kind = 'Follow' AND pending = 0")) == 1
	})
	var l ledger
	seed := rand.Uint64()
	dice := rand.New(rand.NewPCG(seed, 0))
	victims := append([]*killable{receiver}, senders...)
	l.publishDuring(t, senders, func() {
		for n := range kills() {
			enough := l.size() + 15
			eventuallyIn(t, 2*time.Minute, "some posts are acknowledged", func() bool { return l.size() >= enough })
			select {
			case <-t.Context().Done():
				return
			case <-time.After(time.Duration(dice.IntN(50)) * time.Millisecond):
			}
			victim := victims[n%len(victims)]
			victim.kill()
			victim.start()
			if victim == receiver {
				sender.retry(hostOf(receiver.origin))
			}
		}
	})
	t.Logf("seed %d: %d posts and %d changes acknowledged, %d kills", seed, len(l.posts), len(l.changes), kills())
	asked := time.Now()
	eventuallyIn(t, 3*time.Minute, "the queues are empty", func() bool {
		if len(sender.column("SELECT id FROM deliveries WHERE state = 'pending'")) == 0 {
			return len(receiver.column("SELECT id FROM received WHERE state = 'pending'")) == 0
		}
		if time.Since(asked) > time.Second {
			sender.retry(hostOf(receiver.origin))
			asked = time.Now()
		}
		return false
	})
	for _, p := range victims {
		p.stop()
	}
	l.reconcile(t, sender, receiver)
}

// A ledger is what was acknowledged.
type ledger struct {
	mu      sync.Mutex
	posts   []string
	changes map[string]string // what an object said last
}

func (l *ledger) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.posts)
}

func (l *ledger) posted(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posts = append(l.posts, id)
}

func (l *ledger) changed(id, content string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changes == nil {
		l.changes = map[string]string{}
	}
	l.changes[id] = content
}

// publishDuring publishes from several sides until during has ended.
func (l *ledger) publishDuring(t *testing.T, senders []*killable, during func()) {
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer func() { stop(); all.Wait() }()
	for k := range 4 {
		p := senders[k%len(senders)]
		all.Go(func() {
			pause := time.NewTicker(20 * time.Millisecond)
			defer pause.Stop()
			for n := 0; ctx.Err() == nil; n++ {
				id := p.post(jsonDoc{
					"type": "Note", "content": fmt.Sprintf("<p>%d-%d</p>", k, n),
					"to": []string{"as:Public"}, "cc": []string{p.origin + "/actors/sender/followers"},
				})
				if id == "" {
					<-pause.C // it is down
					continue
				}
				l.posted(id)
				content := fmt.Sprintf("<p>%d-%d, changed</p>", k, n)
				if n%5 == 0 && p.post(jsonDoc{"type": "Update", "object": jsonDoc{"id": id, "content": content}}) == id {
					l.changed(id, content)
				}
			}
		})
	}
	during()
}

// reconcile holds the ledger against what both sides have.
func (l *ledger) reconcile(t *testing.T, sender, receiver *killable) {
	t.Helper()
	held, arrived := contents(t, sender), contents(t, receiver)
	applied := map[string]int{}
	for _, id := range receiver.column("SELECT object FROM activities WHERE type = 'Create' AND local = 0") {
		applied[id]++
	}
	for _, id := range l.posts {
		if _, ok := held[id]; !ok {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	for id, content := range l.changes {
		if held[id] != content {
			t.Errorf("%s was changed to %q and is %q", id, content, held[id])
		}
	}
	for id, content := range held { // what was stored but not acknowledged too
		if applied[id] != 1 || arrived[id] != content {
			t.Errorf("%s was applied %d times and is %q there, want %q", id, applied[id], arrived[id], content)
		}
	}
	if len(arrived) != len(held) {
		t.Errorf("%d posts arrived of %d", len(arrived), len(held))
	}
	if got := sender.column("SELECT state FROM deliveries WHERE state NOT IN ('delivered', 'superseded')"); len(got) != 0 {
		t.Errorf("deliveries are %v", got)
	}
	for _, p := range []*killable{sender, receiver} {
		if got := p.column("SELECT host FROM hosts WHERE lease_until > 0 UNION ALL SELECT activity FROM received WHERE lease_until > 0"); len(got) != 0 {
			t.Errorf("%s: still in hand: %v", p.name, got)
		}
		if !strings.HasPrefix(p.database, "sqlite:") {
			continue
		}
		if got := p.column("PRAGMA integrity_check"); len(got) != 1 || got[0] != "ok" {
			t.Errorf("%s: %v", p.name, got)
		}
		if got := p.column("SELECT \"table\" FROM pragma_foreign_key_check"); len(got) != 0 {
			t.Errorf("%s: rows without their parents in %v", p.name, got)
		}
	}
}

// contents returns what every note says.
func contents(t *testing.T, p *killable) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, data := range p.column("SELECT d.data FROM objects o JOIN object_documents d ON d.object = o.seq WHERE o.type = 'Note'") {
		var o federation.Object
		if err := json.Unmarshal([]byte(data), &o); err != nil {
			t.Fatal(err)
		}
		all[string(o.ID)] = o.Content
	}
	return all
}

// TestHTTPS: two instances with certificates of an authority of their own.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	amap, cafe := prepare(t, "amap", ""), prepare(t, "cafe", "")
	for _, p := range []*killable{amap, cafe} {
		p.origin = "https://" + p.listen
		cert, key := ca.issue(t, "127.0.0.1")
		p.flags, p.env = []string{"--tls-cert", cert, "--tls-key", key}, []string{"SSL_CERT_FILE=" + ca.file}
		p.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.pool}, ForceAttemptHTTP2: true}
		p.introduce()
	}
	followed := amap.origin + "/actors/amap"
	if id := cafe.post(jsonDoc{"type": "Follow", "object": followed}); id != followed {
		t.Fatalf("the follow was not taken: %q", id)
	}
	eventually(t, "the follow is accepted", func() bool {
		return len(cafe.column("SELECT target FROM edges WHERE kind = 'Follow' AND pending = 0")) == 1
	})
	id := amap.post(jsonDoc{"type": "Note", "content": "<p>chiffré</p>", "to": []string{"as:Public"}, "cc": []string{followed + "/followers"}})
	arrived := func(gone string) func() bool {
		return func() bool {
			return len(cafe.column("SELECT id FROM objects WHERE id = '"+id+"' AND gone = "+gone)) == 1
		}
	}
	eventually(t, "the post arrives", arrived("0"))
	a, err := amap.ask(http.MethodGet, strings.TrimPrefix(id, amap.origin), nil)
	if err != nil || a.StatusCode != http.StatusOK || a.TLS == nil || a.ProtoMajor != 2 {
		t.Errorf("it answers %+v %v", a, err)
	}
	amap.post(jsonDoc{"type": "Delete", "object": id})
	eventually(t, "it is deleted there too", arrived("1"))
	amap.stop()
	cafe.stop()
}
