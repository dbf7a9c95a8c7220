// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// limits are what this machine can do at most, so that a figure can be
// compared with one from another machine.
type limits struct {
	Signs    float64 `json:"signs_per_second"`    // RSA-2048 signatures made, all cores
	Verifies float64 `json:"verifies_per_second"` // and checked
	Commits  float64 `json:"commits_per_second"`  // small and durable, one after the other
}

func (l limits) figures() []figure {
	return []figure{
		{Name: "limit: RSA-2048 signatures, all cores", Value: l.Signs, Unit: "/s"},
		{Name: "limit: RSA-2048 verifications, all cores", Value: l.Verifies, Unit: "/s"},
		{Name: "limit: durable commits, one after the other", Value: l.Commits, Unit: "/s"},
	}
}

// measureLimits takes a third of d for each limit.
func measureLimits(ctx context.Context, db *store.DB, d time.Duration) (l limits, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return l, err
	}
	d /= 3
	if l.Signs, err = signLimit(key, d); err != nil {
		return l, err
	}
	sum := sha256.Sum256([]byte("maillage"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return l, err
	}
	l.Verifies, err = rate(runtime.GOMAXPROCS(0), d, func(int) error {
		return rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], sig)
	})
	if err != nil {
		return l, err
	}
	l.Commits, err = rate(1, d, func(n int) error {
		return db.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, "bench", strconv.Itoa(n)) })
	})
	return l, err
}

// signLimit is how many signatures all cores make in a second.
func signLimit(key *rsa.PrivateKey, d time.Duration) (float64, error) {
	return rate(runtime.GOMAXPROCS(0), d, func(n int) error {
		sum := sha256.Sum256([]byte(strconv.Itoa(n)))
		_, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		return err
	})
}

// rate does something for a while, several at once, and returns how often a
// second.
func rate(workers int, d time.Duration, do func(n int) error) (float64, error) {
	var all sync.WaitGroup
	var done atomic.Int64
	failed := make(chan error, workers)
	begin := time.Now()
	for range workers {
		all.Go(func() {
			for n := 0; time.Since(begin) < d; n++ {
				if err := do(n); err != nil {
					failed <- err
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return 0, fmt.Errorf("measure the limits of this machine: %w", err)
	default:
		return per(int(done.Load()), time.Since(begin)), nil
	}
}

// processorTime is what this process has used of the processors so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
