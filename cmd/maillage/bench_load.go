// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A load asks an instance as fast as it answers. The requests were written
// beforehand, the connections stay open, and of an answer only its status and
// its end are looked for: whoever asks shares the machine with who answers.
type load struct {
	address     string
	connections int
	status      int           // the one wanted
	count       int           // of requests; 0: until the time is over
	duration    time.Duration // the longest it may take
	rate        float64       // requests a second; 0: as fast as they are answered
	// request returns the bytes of request i; it may use buf for them.
	request func(i int, buf []byte) ([]byte, error)
}

// loaded is what came of a load.
type loaded struct {
	answered  int
	elapsed   time.Duration
	latencies []time.Duration // sorted
}

func (l loaded) perSecond() float64 { return per(l.answered, l.elapsed) }

// run sends the requests. It fails on the first answer that is not the wanted
// one.
func (l *load) run(ctx context.Context) (sum loaded, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	lists := make([][]time.Duration, l.connections)
	begin := time.Now()
	for c := range l.connections {
		all.Go(func() {
			var err error
			if lists[c], err = l.connection(ctx, begin, &next); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	sum.elapsed = time.Since(begin)
	sum.latencies = slices.Concat(lists...)
	sum.answered = len(sum.latencies)
	slices.Sort(sum.latencies)
	return sum, context.Cause(ctx)
}

// connection sends requests, one after the other, and returns how long each
// took. At a fixed rate the time counts from when it was due, so that an
// instance that stalls does not hide it by being asked less.
func (l *load) connection(ctx context.Context, begin time.Time, next *atomic.Int64) (took []time.Duration, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	r, buf := bufio.NewReaderSize(conn, 16<<10), []byte(nil)
	for time.Since(begin) < l.duration {
		i := int(next.Add(1)) - 1
		if l.count > 0 && i >= l.count {
			return took, nil
		}
		if buf, err = l.request(i, buf); err != nil {
			return took, err
		}
		due := time.Now()
		if l.rate > 0 {
			due = begin.Add(time.Duration(float64(i) / l.rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		if _, err := conn.Write(buf); err != nil {
			return took, fmt.Errorf("send request %d: %w", i, err)
		}
		status, err := readAnswer(r)
		if err != nil {
			return took, fmt.Errorf("answer to request %d: %w", i, err)
		}
		if status != l.status {
			return took, fmt.Errorf("request %d: answered %d, not %d", i, status, l.status)
		}
		took = append(took, time.Since(due))
	}
	return took, nil
}

var errAnswer = errors.New("not an answer of HTTP/1.1")

// readAnswer reads up to the end of an answer and returns its status.
func readAnswer(r *bufio.Reader) (status int, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 13 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, errAnswer
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, errAnswer
	}
	length, err := readHead(r)
	if err != nil {
		return status, err
	}
	if length >= 0 {
		_, err = r.Discard(length)
		return status, err
	}
	for length != 0 { // chunks
		if line, err = r.ReadSlice('\n'); err != nil {
			return status, err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return status, errAnswer
		}
		length = int(n)
		if _, err := r.Discard(length + len("\r\n")); err != nil {
			return status, err
		}
	}
	return status, nil
}

// readHead reads the header and returns the length of the body, -1 if it comes
// in chunks.
func readHead(r *bufio.Reader) (length int, err error) {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch {
		case len(name) == 0:
			return length, nil
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 {
				return 0, errAnswer
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = -1
		}
	}
}

// A script is requests kept in a file: held in memory they would change how
// often the instance beside us collects its garbage.
type script struct {
	file *os.File
	ends []int64
}

func (s *script) close() { _ = s.file.Close() } // it was only read

// request reads one of them.
func (s *script) request(i int, buf []byte) ([]byte, error) {
	begin := int64(0)
	if i > 0 {
		begin = s.ends[i-1]
	}
	buf = slices.Grow(buf[:0], int(s.ends[i]-begin))[:s.ends[i]-begin]
	_, err := s.file.ReadAt(buf, begin)
	return buf, err
}

// rotate asks for paths of an instance in turn.
func rotate(host, accept string, paths []string) func(int, []byte) ([]byte, error) {
	var all [][]byte
	for _, path := range paths {
		all = append(all, fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\nUser-Agent: bench\r\n\r\n", path, host, accept))
	}
	return func(i int, _ []byte) ([]byte, error) { return all[i%len(all)], nil }
}
