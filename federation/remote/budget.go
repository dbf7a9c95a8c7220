// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"sync/atomic"
)

type budgetKey struct{}

// WithBudget returns a context on whose behalf at most n requests are sent;
// redirects and second attempts count. What is needed beyond fails with
// [ErrBudget]. Without a budget there is no limit.
func WithBudget(ctx context.Context, n int) context.Context {
	left := new(atomic.Int64)
	left.Store(int64(n))
	return context.WithValue(ctx, budgetKey{}, left)
}

// spend takes one request from the budget.
func spend(ctx context.Context) error {
	if left, ok := ctx.Value(budgetKey{}).(*atomic.Int64); ok && left.Add(-1) < 0 {
		return ErrBudget
	}
	return nil
}

// spent reports whether nothing is left of the budget.
func spent(ctx context.Context) bool {
	left, ok := ctx.Value(budgetKey{}).(*atomic.Int64)
	return ok && left.Load() <= 0
}
