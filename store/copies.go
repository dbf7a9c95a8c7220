// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Copies are backups in a directory beside the data, made once a day so that
// there is one when somebody deletes too much or an update goes wrong. They do
// not replace one elsewhere: a disk that dies takes them along.

// A Copy is a backup in a directory.
type Copy struct {
	Name string
	Size int64
	At   time.Time
}

const (
	copyPrefix = "maillage-"
	copySuffix = ".backup"
	copyTime   = "20060102-150405"
)

// copyRoom is how much must stay free on the disk beside a copy.
const copyRoom = 500 << 20

// ErrNoRoom says that a copy would fill the disk.
var ErrNoRoom = errors.New("there is not enough room on the disk")

// Copies lists what is in a directory, newest first.
func Copies(dir string) ([]Copy, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("copies: %w", err)
	}
	var list []Copy
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), copyPrefix)
		if !ok || !strings.HasSuffix(stamp, copySuffix) {
			continue
		}
		at, err := time.Parse(copyTime, strings.TrimSuffix(stamp, copySuffix))
		info, err2 := e.Info()
		if err == nil && err2 == nil {
			list = append(list, Copy{e.Name(), info.Size(), at})
		}
	}
	slices.SortFunc(list, func(a, b Copy) int { return b.At.Compare(a.At) })
	return list, nil
}

// Copy makes a backup in a directory and removes all but the newest keep: none
// of them if it fails. [ErrNoRoom] if the disk is too full.
func (db *DB) Copy(ctx context.Context, dir string, keep int) (Copy, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Copy{}, fmt.Errorf("copy: %w", err)
	}
	if err := db.room(ctx, dir); err != nil {
		return Copy{}, err
	}
	c := Copy{At: db.now().UTC().Truncate(time.Second)}
	c.Name = copyPrefix + c.At.Format(copyTime) + copySuffix
	part := filepath.Join(dir, "."+c.Name)
	_ = os.Remove(part) // left by a process that was killed
	if err := db.Backup(ctx, part); err != nil {
		return Copy{}, err
	}
	info, err := os.Stat(part)
	if err != nil {
		return Copy{}, fmt.Errorf("copy: %w", err)
	}
	c.Size = info.Size()
	if err := os.Rename(part, filepath.Join(dir, c.Name)); err != nil {
		return Copy{}, fmt.Errorf("copy: %w", err)
	}
	list, err := Copies(dir)
	for i := keep; i < len(list) && err == nil; i++ {
		err = os.Remove(filepath.Join(dir, list[i].Name))
	}
	return c, err
}

// room checks that a copy fits, with something to spare.
func (db *DB) room(ctx context.Context, dir string) error {
	var s Sizes
	err := db.View(ctx, func(tx *Tx) (err error) { s, err = tx.Sizes(ctx); return err })
	if err != nil {
		return err
	}
	free, err := FreeDisk(dir)
	if err == nil && free < s.Database+copyRoom {
		err = fmt.Errorf("copy of %d MB, %d MB are free: %w", s.Database>>20, free>>20, ErrNoRoom)
	}
	return err
}

// FreeDisk returns how many bytes are free where dir is.
func FreeDisk(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("disk: %w", err)
	}
	return int64(s.Bavail) * s.Bsize, nil //nolint:gosec // no disk is that large
}
