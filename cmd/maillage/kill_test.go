// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A killable is an instance in a process of its own, that can be killed.
type killable struct {
	t      *testing.T
	name   string
	data   string
	origin string
	token  string // to speak for the initiative
	cmd    *exec.Cmd
}

// startKillable starts this test's own binary as maillage serve.
func startKillable(t *testing.T, name string) *killable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &killable{t: t, name: name, data: t.TempDir(), origin: "http://" + l.Addr().String()}
	_ = l.Close()
	p.start()
	t.Cleanup(p.kill)
	p.token = p.say("account", "token", "admin-"+name, "--data", p.data, "--actor", name)
	return p
}

// command is this test's own binary, as the program: TestMain puts it there
// under that name.
func (p *killable) command(args ...string) *exec.Cmd { return exec.Command("maillage", args...) }

func (p *killable) say(args ...string) string {
	p.t.Helper()
	out, err := p.command(args...).Output()
	if err != nil {
		p.t.Fatalf("maillage %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

func (p *killable) start() {
	p.t.Helper()
	p.cmd = p.command("serve", "--data", p.data, "--listen", strings.TrimPrefix(p.origin, "http://"), "--handle", p.name, "--allow-private-networks")
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, p.name+" is ready", func() bool {
		resp, err := http.Get(p.origin + "/healthz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// kill ends the process as a power cut would.
func (p *killable) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	_ = p.cmd.Wait()
}

// post publishes by the client-to-server outbox and returns the object's id, or
// "" if it was not acknowledged.
func (p *killable) post(c *http.Client, doc jsonDoc) string {
	raw, err := json.Marshal(doc)
	if err != nil {
		return ""
	}
	r, err := http.NewRequest(http.MethodPost, p.origin+"/actors/"+p.name+"/outbox", bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/activity+json")
	resp, err := c.Do(r)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var a struct {
		Object struct{ ID string }
	}
	if err != nil || resp.StatusCode != http.StatusCreated || json.Unmarshal(body, &a) != nil {
		return ""
	}
	return a.Object.ID
}

// column reads the process's tables from outside.
func (p *killable) column(query string) (list []string) {
	p.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.data, "maillage.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(query)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			p.t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return list
}

// F1: whatever was acknowledged arrives, once, however often either side is
// killed. MAILLAGE_KILLS says how often; a few times unless told.
func TestKilledUnderLoad(t *testing.T) {
	kills := 8
	if n, err := strconv.Atoi(os.Getenv("MAILLAGE_KILLS")); err == nil {
		kills = n
	}
	sender, receiver := startKillable(t, "sender"), startKillable(t, "receiver")
	client := &http.Client{Timeout: 10 * time.Second}
	followed := sender.origin + "/actors/sender"
	receiver.post(client, jsonDoc{"type": "Follow", "object": followed, "to": []string{followed}})
	eventually(t, "the follow", func() bool {
		return len(sender.column(`SELECT source FROM edges WHERE kind = 'Follow' AND pending = 0`)) == 1
	})

	ledger := publishDuring(t, sender, client, func() {
		for range kills {
			victim := []*killable{sender, receiver}[rand.IntN(2)]
			time.Sleep(time.Duration(50+rand.IntN(350)) * time.Millisecond)
			victim.kill()
			victim.start()
		}
	})
	t.Logf("%d posts acknowledged, %d kills", len(ledger), kills)
	if len(ledger) == 0 {
		t.Fatal("nothing was published")
	}
	// A sign of life ends the back-off that being killed brought about.
	receiver.post(client, jsonDoc{"type": "Note", "content": "<p>me revoilà</p>", "to": []string{followed}})
	eventually(t, "both queues are empty", func() bool {
		return len(sender.column(`SELECT id FROM deliveries WHERE state = 'pending'`)) == 0 &&
			len(receiver.column(`SELECT id FROM received WHERE state = 'pending'`)) == 0
	})
	reconcile(t, ledger, sender, receiver)
}

// publishDuring publishes from several sides until during has ended, and returns what
// was acknowledged.
func publishDuring(t *testing.T, p *killable, c *http.Client, during func()) (ledger []string) {
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := p.post(c, jsonDoc{
					"type": "Note", "content": fmt.Sprintf("<p>%d-%d</p>", k, n),
					"to": []string{"as:Public"}, "cc": []string{p.origin + "/actors/" + p.name + "/followers"},
				})
				if id == "" {
					time.Sleep(20 * time.Millisecond) // it is down
					continue
				}
				mu.Lock()
				ledger = append(ledger, id)
				mu.Unlock()
			}
		})
	}
	during()
	stop()
	all.Wait()
	return ledger
}

// reconcile holds the ledger against what both sides have.
func reconcile(t *testing.T, ledger []string, sender, receiver *killable) {
	t.Helper()
	held, arrived := map[string]int{}, map[string]int{}
	for _, id := range sender.column(`SELECT id FROM objects WHERE type = 'Note' AND local = 1`) {
		held[id]++
	}
	for _, id := range receiver.column(`SELECT object FROM activities WHERE type = 'Create' AND local = 0`) {
		arrived[id]++
	}
	for _, id := range ledger {
		if held[id] != 1 {
			t.Errorf("%s was acknowledged and is held %d times", id, held[id])
		}
	}
	for id := range held {
		if arrived[id] != 1 {
			t.Errorf("%s arrived %d times", id, arrived[id])
		}
	}
	for _, p := range []*killable{sender, receiver} {
		if got := p.column(`PRAGMA integrity_check`); len(got) != 1 || got[0] != "ok" {
			t.Errorf("%s: %v", p.name, got)
		}
		if got := p.column(`SELECT "table" FROM pragma_foreign_key_check`); len(got) != 0 {
			t.Errorf("%s: rows without their parents in %v", p.name, got)
		}
	}
}
