// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

const (
	// MaxDepth is how many filed activities may wait before we ask peers to
	// come back later.
	MaxDepth = 50_000
	// A host may take up one part in share of it: whoever sends what can only
	// wait, because the sender does not answer our questions, must not shut the
	// door to the others.
	share = 5
	// backlogAge is how long we go by the last count.
	backlogAge = time.Second
)

// A backlog is how many activities waited a moment ago, of each host.
type backlog struct {
	mu    sync.Mutex
	read  time.Time
	total int
	hosts map[string]int
}

// room refuses an activity of a host if too many wait. The count may be a
// second old: the bound is no exact one.
func (h *Handler) room(ctx context.Context, host string) error {
	b, limit := &h.backlog, cmp.Or(h.limit, MaxDepth)
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.read) >= backlogAge {
		b.read = time.Now() // others do not ask too
		b.mu.Unlock()
		total, hosts, err := h.waiting(ctx)
		b.mu.Lock()
		if err != nil {
			return err
		}
		b.total, b.hosts = total, hosts
	}
	switch {
	case b.hosts[host] >= max(limit/share, 1):
		return httpError{http.StatusTooManyRequests, fmt.Sprintf("%d activities of %s wait", b.hosts[host], host)}
	case b.total >= limit:
		return fmt.Errorf("%w: %d activities wait", federation.ErrUnavailable, b.total)
	}
	return nil
}

func (h *Handler) waiting(ctx context.Context) (total int, hosts map[string]int, err error) {
	err = h.DB.View(ctx, func(tx *store.Tx) error {
		hosts, err = tx.ReceivedByHost(ctx)
		return err
	})
	for _, n := range hosts {
		total += n
	}
	return total, hosts, err
}
