// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// benchPeers are servers of the bench's own, each with a port of its own on
// loopback. They believe what they are sent and remember it: what is measured
// is the sender, and what counts is what arrived.
type benchPeers struct {
	list  []*benchPeer
	delay time.Duration // before they answer a POST

	stop context.CancelFunc
	done context.Context
	work sync.WaitGroup

	mu        sync.Mutex
	documents map[string][]byte // that can be fetched, by address
	got       map[receipt]struct{}
	twice     int
	arrivals  []time.Time       // of each receipt, in order
	ids       map[string]string // of activities, by their bytes
	wanted    int
	complete  chan struct{} // closed when so many receipts are there
}

// A receipt is one activity in one inbox.
type receipt struct{ inbox, activity string }

// A mood is how a peer behaves.
type mood int

const (
	answers mood = iota
	refuses      // connections
	hangs        // takes a request and never answers
)

type benchPeer struct {
	origin   string
	mood     mood
	listener net.Listener
}

// startPeers starts servers; mood tells how each behaves.
func startPeers(ctx context.Context, n int, delay time.Duration, mood func(i int) mood) (*benchPeers, error) {
	ps := &benchPeers{
		delay: delay, documents: map[string][]byte{}, got: map[receipt]struct{}{}, ids: map[string]string{},
		complete: make(chan struct{}),
	}
	ps.done, ps.stop = context.WithCancel(ctx)
	for i := range n {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			ps.close()
			return nil, fmt.Errorf("start peer %d: %w", i, err)
		}
		ps.list = append(ps.list, &benchPeer{origin: "http://" + l.Addr().String(), mood: mood(i), listener: l})
	}
	for _, p := range ps.list { // all ports are taken before one is given back
		if p.mood == refuses {
			_ = p.listener.Close()
			continue
		}
		ps.work.Go(func() { ps.listen(p) })
	}
	return ps, nil
}

// close stops them all.
func (ps *benchPeers) close() {
	ps.stop()
	for _, p := range ps.list {
		_ = p.listener.Close()
	}
	ps.work.Wait()
}

func (ps *benchPeers) listen(p *benchPeer) {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		ps.work.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ps.done, func() { _ = conn.Close() })()
			r := bufio.NewReader(conn)
			for ps.answer(p, conn, r) == nil {
			}
		})
	}
}

// answer reads one request and answers it.
func (ps *benchPeers) answer(p *benchPeer, conn net.Conn, r *bufio.Reader) error {
	q, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return err
	}
	if p.mood == hangs {
		<-ps.done.Done()
		return ps.done.Err()
	}
	if q.Method == http.MethodGet {
		ps.mu.Lock()
		doc := ps.documents[p.origin+q.URL.Path]
		ps.mu.Unlock()
		status := "200 OK"
		if doc == nil {
			status = "404 Not Found"
		}
		_, err = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Type: application/activity+json\r\nContent-Length: %d\r\n\r\n%s", status, len(doc), doc)
		return err
	}
	if ps.delay > 0 {
		time.Sleep(ps.delay)
	}
	ps.receive(p.origin+q.URL.Path, body)
	_, err = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
	return err
}

// serve lets a document be fetched from its address.
func (ps *benchPeers) serve(address string, doc []byte) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.documents[address] = doc
}

// receive notes an activity that came.
func (ps *benchPeers) receive(inbox string, body []byte) {
	now := time.Now()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	id, ok := ps.ids[string(body)]
	if !ok {
		var a struct{ ID string }
		if json.Unmarshal(body, &a) != nil {
			a.ID = "not an activity"
		}
		id = a.ID
		ps.ids[string(body)] = id
	}
	r := receipt{inbox, id}
	if _, ok := ps.got[r]; ok {
		ps.twice++
		return
	}
	ps.got[r] = struct{}{}
	ps.arrivals = append(ps.arrivals, now)
	if len(ps.got) == ps.wanted {
		close(ps.complete)
	}
}

// expect says how many receipts are to come.
func (ps *benchPeers) expect(n int) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.wanted = n
}

// wait waits until all that was expected is there, and returns when the last
// arrived.
func (ps *benchPeers) wait(ctx context.Context) (last time.Time, err error) {
	select {
	case <-ps.complete:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if err != nil {
		return last, fmt.Errorf("%d of %d deliveries arrived: %w", len(ps.got), ps.wanted, err)
	}
	return ps.arrivals[len(ps.arrivals)-1], nil
}

// repeated returns how many activities came to the same inbox again.
func (ps *benchPeers) repeated() int {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.twice
}
