// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/store"
)

// benchInbox measures what peers send us: posts are verified, filed, answered
// and applied, and what counts is what is stored in the end.
type benchInbox struct {
	Requests    int           `default:"20000" help:"How many posts are sent."`
	Duration    time.Duration `default:"60s" help:"The longest it may take."`
	Connections int           `default:"64" help:"How many requests are under way at once."`
	Actors      int           `default:"64" help:"How many actors send them. Three in four are followed here, the others mention us."`
	Rate        float64       `default:"0" help:"Requests a second, for latency below the limit; 0 is as fast as they are answered."`
}

// AfterApply refuses what measures nothing.
func (c *benchInbox) AfterApply() error {
	for flag, n := range map[string]int{"--requests": c.Requests, "--connections": c.Connections, "--actors": c.Actors} {
		if err := positive(flag, n); err != nil {
			return err
		}
	}
	return nil
}

// Run does it.
func (c *benchInbox) Run(ctx context.Context, e *env, b *benchCommand) error {
	t, err := b.instance(ctx, e)
	if err != nil {
		return err
	}
	defer t.end()
	r := b.report("inbox", fmt.Sprintf("%d posts by %d actors over %d connections", c.Requests, c.Actors, c.Connections))
	if r.Limits, err = measureLimits(ctx, t.DB, 3*time.Second); err != nil {
		return err
	}
	ps, err := startPeers(ctx, min(c.Actors, 8), 0, func(int) mood { return answers })
	if err != nil {
		return err
	}
	defer ps.close()
	senders, err := c.senders(ctx, t, ps)
	if err != nil {
		return err
	}
	e.say("signing %d posts ...", c.Requests)
	requests, err := writeScript(ctx, filepath.Join(t.config.Data, "requests"), c.Actors+c.Requests, func(i int) ([]byte, error) {
		return senders[i%len(senders)].post(t.Origin, i)
	})
	if err != nil {
		return err
	}
	defer requests.close()
	if err := c.measure(ctx, e, b, t, requests, r); err != nil {
		return err
	}
	if err := stored(ctx, t.DB, c.Actors+c.Requests, func(i int) federation.IRI { return senders[i%len(senders)].note(i) }); err != nil {
		return err
	}
	return r.print(e.stdout, b.JSON)
}

// measure sends everything: first one post of each actor, for its key to be
// fetched, and then the others.
func (c *benchInbox) measure(ctx context.Context, e *env, b *benchCommand, t *benchInstance, s *script, r *report) error {
	ctx, cancel := context.WithTimeout(ctx, 2*c.Duration+10*time.Second)
	defer cancel()
	l := &load{
		address: t.address(), connections: min(c.Connections, c.Actors), status: http.StatusAccepted,
		count: c.Actors, duration: c.Duration, request: s.request,
	}
	if _, err := l.run(ctx); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	if err := t.until(ctx, (*store.Tx).ReceivedDepth); err != nil {
		return err
	}
	e.say("sending ...")
	stop, err := b.profile()
	if err != nil {
		return err
	}
	defer stop()
	l.connections, l.count, l.rate = c.Connections, c.Requests, c.Rate
	l.request = func(i int, buf []byte) ([]byte, error) { return s.request(c.Actors+i, buf) }
	begin, used := time.Now(), processorTime()
	sent, err := l.run(ctx)
	if err != nil {
		return err
	}
	if err := t.until(ctx, (*store.Tx).ReceivedDepth); err != nil {
		return fmt.Errorf("apply what was accepted: %w", err)
	}
	applied := per(sent.answered, time.Since(begin))
	used = processorTime() - used
	if sent.answered < c.Requests {
		return fmt.Errorf("only %d of %d posts were accepted in %v; give --duration more time", sent.answered, c.Requests, c.Duration)
	}
	r.add("accepted (202, filed durably)", sent.perSecond(), "/s")
	r.atLeast("applied, from the first request until all is stored", applied, "/s", 1500)
	r.add("of the limit of verifications", applied/r.Limits.Verifies, "")
	r.add("of single durable commits", applied/r.Limits.Commits, "")
	r.add("processor time for each, asking included", milliseconds(used)/float64(c.Requests), "ms")
	r.add("answer, median", milliseconds(quantile(sent.latencies, 0.5)), "ms")
	r.add("answer, p95", milliseconds(quantile(sent.latencies, 0.95)), "ms")
	r.atMost("answer, p99", milliseconds(quantile(sent.latencies, 0.99)), "ms", 100)
	r.add("answer, slowest", milliseconds(quantile(sent.latencies, 1)), "ms")
	return nil
}

// stored fails unless each of n objects is in the database: an answer of 202
// proves nothing.
func stored(ctx context.Context, db *store.DB, n int, id func(i int) federation.IRI) error {
	const page = 200
	missing := 0
	for i := 0; i < n; i += page {
		var ids []federation.IRI
		for j := i; j < min(i+page, n); j++ {
			ids = append(ids, id(j))
		}
		err := db.View(ctx, func(tx *store.Tx) error {
			found, err := tx.Objects(ctx, ids...)
			missing += len(ids) - len(found)
			return err
		})
		if err != nil {
			return err
		}
	}
	if missing == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d posts were accepted and are not stored: %s", missing, n, refusal(ctx, db))
}

// refusal tells why something was not applied.
func refusal(ctx context.Context, db *store.DB) (why string) {
	why = "no reason is recorded"
	_ = db.View(ctx, func(tx *store.Tx) error {
		for _, state := range []string{"refused", "failed"} {
			if rows, _, err := tx.ReceivedIn(ctx, state, "", 1); err == nil && len(rows) > 0 {
				why = rows[0].Reason
			}
		}
		return nil
	})
	return why
}

// A sender is an actor of a peer.
type sender struct {
	id       federation.IRI
	signer   signature.Signer
	followed bool
	us       federation.IRI
}

// senderKeys is how many keys the senders share: making them takes long, and
// to verify costs the same.
const senderKeys = 4

// senders makes actors that can be fetched from the peers, and lets the
// initiative follow most of them.
func (c *benchInbox) senders(ctx context.Context, t *benchInstance, ps *benchPeers) ([]*sender, error) {
	var keys []*rsa.PrivateKey
	for range min(senderKeys, c.Actors) {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	var list []*sender
	err := t.DB.Update(ctx, func(tx *store.Tx) error {
		us, err := tx.Initiative(ctx)
		if err != nil {
			return err
		}
		list = nil
		for i := range c.Actors {
			id := federation.IRI(fmt.Sprintf("%s/users/sender%d", ps.list[i%len(ps.list)].origin, i))
			s := &sender{id: id, followed: i%4 != 3, us: us.ID, signer: signature.Signer{KeyID: id + "#main-key", Key: keys[i%len(keys)]}}
			list = append(list, s)
			if !s.followed {
				continue
			}
			e := &federation.Edge{Kind: federation.Follow, From: us.ID, To: id, By: federation.IRI(fmt.Sprintf("%s/activities/bench%d", tx.Home(), i)), At: tx.Now()}
			if err := tx.PutEdge(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
	for _, s := range list {
		doc, err := s.document()
		if err != nil {
			return nil, err
		}
		ps.serve(string(s.id), doc)
	}
	return list, err
}

// document is the actor as its server gives it out.
func (s *sender) document() ([]byte, error) {
	pem, err := signature.EncodePublicKey(s.signer.Key.Public())
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"@context": []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"},
		"id":       s.id, "type": "Person", "name": "Sender", "url": s.id, "preferredUsername": s.name(),
		"inbox": s.id + "/inbox", "outbox": s.id + "/outbox", "followers": s.id + "/followers", "following": s.id + "/following",
		"endpoints": map[string]string{"sharedInbox": s.id.Origin() + "/inbox"},
		"publicKey": map[string]string{"id": string(s.signer.KeyID), "owner": string(s.id), "publicKeyPem": pem},
	})
}

func (s *sender) name() string { return string(s.id[strings.LastIndex(string(s.id), "/")+1:]) }

// note is the id of post i.
func (s *sender) note(i int) federation.IRI {
	return federation.IRI(fmt.Sprintf("%s/statuses/%d", s.id, i))
}

// mastodon is a post as Mastodon sends it, with names in braces to be replaced.
const mastodon = `{"@context":["https://www.w3.org/ns/activitystreams",{"ostatus":"http://ostatus.org#","atomUri":"ostatus:atomUri","inReplyToAtomUri":"ostatus:inReplyToAtomUri","conversation":"ostatus:conversation","sensitive":"as:sensitive","toot":"http://joinmastodon.org/ns#","votersCount":"toot:votersCount","Hashtag":"as:Hashtag"}],` +
	`"id":"{note}/activity","type":"Create","actor":"{actor}","published":"{now}","to":["https://www.w3.org/ns/activitystreams#Public"],"cc":["{actor}/followers"{cc}],` +
	`"object":{"id":"{note}","type":"Note","summary":null,"inReplyTo":null,"published":"{now}","url":"{note}","attributedTo":"{actor}","to":["https://www.w3.org/ns/activitystreams#Public"],"cc":["{actor}/followers"{cc}],` +
	`"sensitive":false,"atomUri":"{note}","inReplyToAtomUri":null,"conversation":"tag:peer.example,2026-05-01:objectId={i}:objectType=Conversation",` +
	`"content":"<p>{text} <a href=\"https://peer.example/tags/amap\" class=\"mention hashtag\" rel=\"tag\">#<span>AMAP</span></a></p>",` +
	`"contentMap":{"fr":"<p>{text} <a href=\"https://peer.example/tags/amap\" class=\"mention hashtag\" rel=\"tag\">#<span>AMAP</span></a></p>"},` +
	`"attachment":[],"tag":[{"type":"Hashtag","href":"https://peer.example/tags/amap","name":"#amap"}{mention}],` +
	`"replies":{"id":"{note}/replies","type":"Collection","first":{"type":"CollectionPage","next":"{note}/replies?only_other_accounts=true&page=true","partOf":"{note}/replies","items":[]}}}}`

// post writes post i as a signed request, as it travels.
func (s *sender) post(origin string, i int) ([]byte, error) {
	now, inbox, cc, mention := time.Now(), origin+"/inbox", "", ""
	if !s.followed {
		inbox = string(s.us) + "/inbox"
		cc = `,"` + string(s.us) + `"`
		mention = `,{"type":"Mention","href":"` + string(s.us) + `","name":"@us"}`
	}
	body := []byte(strings.NewReplacer(
		"{note}", string(s.note(i)), "{actor}", string(s.id), "{now}", now.UTC().Format(time.RFC3339), "{cc}", cc,
		"{mention}", mention, "{i}", fmt.Sprint(i), "{text}", sentence(i),
	).Replace(mastodon))
	r, err := http.NewRequest(http.MethodPost, inbox, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/activity+json")
	r.Header.Set("User-Agent", "bench")
	if err := signature.Sign(r, body, s.signer, now); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = r.Write(&b)
	return b.Bytes(), err
}

// writeScript writes n requests into a file, on all cores.
func writeScript(ctx context.Context, path string, n int, request func(i int) ([]byte, error)) (*script, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	s := &script{file: f, ends: make([]int64, n)}
	w := bufio.NewWriterSize(f, 1<<20)
	end, workers := int64(0), runtime.GOMAXPROCS(0)
	for begin := 0; begin < n && err == nil; begin += 64 * workers {
		if err = ctx.Err(); err != nil {
			break
		}
		batch := make([][]byte, min(64*workers, n-begin))
		errs := make([]error, workers)
		var all sync.WaitGroup
		for k := range workers {
			all.Go(func() {
				for i := k; i < len(batch) && errs[k] == nil; i += workers {
					batch[i], errs[k] = request(begin + i)
				}
			})
		}
		all.Wait()
		for _, e := range errs {
			if e != nil {
				err = e
			}
		}
		for i, b := range batch {
			end += int64(len(b))
			s.ends[begin+i] = end
			_, _ = w.Write(b) // Flush tells
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write the requests: %w", err)
	}
	return s, nil
}
