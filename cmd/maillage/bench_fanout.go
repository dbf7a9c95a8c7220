// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// benchFanout measures how one post reaches many servers. Each run has an
// instance and peers of its own, so that none inherits the other's back-off.
type benchFanout struct {
	Followers int           `default:"5000" help:"How many actors follow the initiative."`
	Hosts     int           `default:"500" help:"On how many servers they are."`
	Delay     time.Duration `default:"50ms" help:"How long peers take to answer, where they are slow."`
	Duration  time.Duration `default:"60s" help:"The longest that one run may take."`
}

// AfterApply refuses what measures nothing.
func (c *benchFanout) AfterApply() error {
	if err := positive("--hosts", c.Hosts); err != nil {
		return err
	}
	if c.Followers < c.Hosts {
		return wrong("--followers", "must be as many as --hosts, or more")
	}
	return nil
}

// A course is one run: how the peers are.
type course struct {
	name   string
	shared bool // they have shared inboxes
	delay  time.Duration
	mood   mood // of every fifth one
}

// A finish is how a course went.
type finish struct {
	requested time.Duration // the publisher's own request
	last      time.Duration // from that until the last good delivery arrived
	good      int           // deliveries that could arrive
	used      time.Duration // of the processors, by us and by the peers
	signs     float64       // a second, measured just before
}

func (f finish) perSecond() float64 { return per(f.good, f.last) }

// Run does it.
func (c *benchFanout) Run(ctx context.Context, e *env, b *benchCommand) error {
	r := b.report("fanout", fmt.Sprintf("a public post to %d followers on %d servers", c.Followers, c.Hosts))
	courses := []course{
		{name: "own inboxes"},
		{name: "shared inboxes", shared: true},
		{name: "slow peers", delay: c.Delay},
		{name: "a fifth refuses connections", mood: refuses},
		{name: "a fifth never answers", mood: hangs},
	}
	var all []finish
	var slowest time.Duration
	for i, course := range courses {
		e.say("%s ...", course.name)
		f, err := c.run(ctx, e, b, course, r, i == 0)
		if err != nil {
			return fmt.Errorf("%s: %w", course.name, err)
		}
		all = append(all, f)
		slowest = max(slowest, f.requested)
	}
	c.summarise(r, all)
	r.atMost("the publisher's own request, slowest of all", milliseconds(slowest), "ms", 100)
	return r.print(e.stdout, b.JSON)
}

// summarise compares the courses.
func (c *benchFanout) summarise(r *report, all []finish) {
	own, shared, slow, refusing, hanging := all[0], all[1], all[2], all[3], all[4]
	r.add("own inboxes: deliveries", own.perSecond(), "/s")
	r.atLeast("own inboxes: of the limit of signatures", own.perSecond()/own.signs, "", 0.7)
	r.add("own inboxes: the last after", own.last.Seconds(), "s")
	r.add("own inboxes: processor time for each, peers included", milliseconds(own.used)/float64(own.good), "ms")
	r.add("shared inboxes: deliveries", shared.perSecond(), "/s")
	r.add("shared inboxes: followers reached", per(c.Followers, shared.last), "/s")
	r.add("shared inboxes: the last after", shared.last.Seconds(), "s")
	r.add(fmt.Sprintf("peers that take %v: deliveries", c.Delay), slow.perSecond(), "/s")
	r.add("the same, of the limit of signatures", slow.perSecond()/slow.signs, "")
	r.add("the same, compared with peers that answer at once", slow.perSecond()/own.perSecond(), "")
	for _, f := range []struct {
		name string
		finish
	}{{"refuses connections", refusing}, {"never answers", hanging}} {
		share := time.Duration(float64(own.last) * float64(f.good) / float64(own.good))
		r.add("a fifth "+f.name+": deliveries to the others", f.perSecond(), "/s")
		r.atMost("the same, the last later than without them by", (f.last - share).Seconds(), "s", 2)
	}
}

// run publishes one post and waits until it arrived wherever it can.
func (c *benchFanout) run(ctx context.Context, e *env, b *benchCommand, course course, r *report, first bool) (f finish, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Duration+30*time.Second)
	defer cancel()
	t, err := b.instance(ctx, e)
	if err != nil {
		return f, err
	}
	defer t.end()
	ps, err := startPeers(ctx, c.Hosts, course.delay, func(i int) mood {
		if i%5 == 4 {
			return course.mood
		}
		return answers
	})
	if err != nil {
		return f, err
	}
	defer ps.close()
	if f.good, err = c.follow(ctx, t, ps, course.shared); err != nil {
		return f, err
	}
	if first {
		r.Limits, err = measureLimits(ctx, t.DB, 3*time.Second)
		f.signs = r.Limits.Signs
	} else {
		f.signs, err = freshSignLimit(time.Second)
	}
	if err != nil {
		return f, err
	}
	ps.expect(f.good)
	stop, err := b.profile()
	if err != nil {
		return f, err
	}
	defer stop()
	used := processorTime()
	begin, err := f.publish(ctx, t)
	if err != nil {
		return f, err
	}
	ctx, cancel = context.WithTimeout(ctx, c.Duration)
	defer cancel()
	last, err := ps.wait(ctx)
	if err != nil {
		return f, err
	}
	f.last, f.used = last.Sub(begin), processorTime()-used
	return f, c.check(ctx, t, ps, course)
}

// check makes sure that nothing came twice, and that we know what arrived.
func (c *benchFanout) check(ctx context.Context, t *benchInstance, ps *benchPeers, course course) error {
	if course.mood == answers {
		if err := t.until(ctx, (*store.Tx).DeliveryDepth); err != nil {
			return err
		}
	}
	if n := ps.repeated(); n > 0 {
		return fmt.Errorf("%d deliveries arrived twice", n)
	}
	return nil
}

func freshSignLimit(d time.Duration) (float64, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return 0, err
	}
	return signLimit(key, d)
}

// follow makes the followers, and returns how many deliveries can arrive.
func (c *benchFanout) follow(ctx context.Context, t *benchInstance, ps *benchPeers, shared bool) (good int, err error) {
	const batch = 1000
	for begin := 0; begin < c.Followers; begin += batch {
		err := t.DB.Update(ctx, func(tx *store.Tx) error {
			us, err := tx.Initiative(ctx)
			for i := begin; err == nil && i < min(begin+batch, c.Followers); i++ {
				err = putFollower(ctx, tx, us.ID, ps.list[i%len(ps.list)].origin, i, shared)
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	for i := range c.Followers {
		if ps.list[i%len(ps.list)].mood == answers && (!shared || i < len(ps.list)) {
			good++
		}
	}
	return good, t.DB.Maintain(ctx)
}

func putFollower(ctx context.Context, tx *store.Tx, us federation.IRI, origin string, i int, shared bool) error {
	id := federation.IRI(fmt.Sprintf("%s/users/follower%d", origin, i))
	a := &federation.Actor{
		ID: id, Type: "Person", Username: fmt.Sprintf("follower%d", i), Name: "Follower", Inbox: id + "/inbox",
		Outbox: id + "/outbox", Followers: id + "/followers", Fetched: tx.Now(),
	}
	if shared {
		a.SharedInbox = federation.IRI(origin + "/inbox")
	}
	if err := tx.PutActor(ctx, a); err != nil {
		return err
	}
	return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: id, To: us, By: id + "/follow", At: tx.Now()})
}

// publish posts a note as a client does, over HTTP, and returns when it began.
func (f *finish) publish(ctx context.Context, t *benchInstance) (begin time.Time, err error) {
	token, us, err := t.token(ctx)
	if err != nil {
		return begin, err
	}
	body, err := json.Marshal(map[string]any{
		"@context": "https://www.w3.org/ns/activitystreams", "type": "Note", "content": "<p>" + sentence(0) + "</p>",
		"to": []federation.IRI{federation.Public}, "cc": []federation.IRI{us.Followers},
	})
	if err != nil {
		return begin, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, string(us.Outbox), bytes.NewReader(body))
	if err != nil {
		return begin, err
	}
	r.Header.Set("Content-Type", "application/activity+json")
	r.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	begin = time.Now()
	resp, err := client.Do(r)
	if err != nil {
		return begin, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	f.requested = time.Since(begin)
	if err == nil && resp.StatusCode != http.StatusCreated {
		err = fmt.Errorf("publish: answered %s: %s", resp.Status, answer)
	}
	return begin, err
}

// token returns a bearer token for the initiative.
func (t *benchInstance) token(ctx context.Context) (secret string, us *federation.Actor, err error) {
	err = t.DB.Update(ctx, func(tx *store.Tx) error {
		if us, err = tx.Initiative(ctx); err != nil {
			return err
		}
		accounts, err := tx.Accounts(ctx)
		if err != nil {
			return err
		}
		if len(accounts) == 0 {
			return errors.New("the instance has no account")
		}
		secret, err = tx.NewToken(ctx, accounts[0].ID, us.ID, "bench")
		return err
	})
	return secret, us, err
}
