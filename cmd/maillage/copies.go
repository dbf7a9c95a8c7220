// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/web"
)

// copyAge is how old the newest copy may be before another is made.
const copyAge = 24 * time.Hour

// copies is the directory of the copies that are made every day.
func (s *Storage) copies() string { return filepath.Join(s.Data, "backups") }

// file reports whether the database is a file of ours.
func (s *Storage) file() bool { return strings.HasPrefix(s.Database, "sqlite:") }

// copyDaily makes a copy of everything if the last one is a day old, unless the
// administrators do not want that. A disk that is too full is no reason to end
// serving: the pages of settings and the log say so.
func (p *program) copyDaily(ctx context.Context, s *Storage) {
	list, err := store.Copies(s.copies())
	if err == nil && len(list) > 0 && p.now().Sub(list[0].At) < copyAge {
		return
	}
	var setting string
	if err == nil {
		err = p.DB.View(ctx, func(tx *store.Tx) (err error) {
			setting, err = tx.Setting(ctx, web.DailySetting)
			return err
		})
	}
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		p.log.ErrorContext(ctx, "daily copy", "err", err)
		return
	}
	if !web.DailyCopies(setting, s.file()) {
		return
	}
	c, err := p.DB.Copy(ctx, s.copies(), web.KeptCopies)
	if err != nil && ctx.Err() == nil {
		p.log.ErrorContext(ctx, "daily copy", "err", err)
		return
	}
	p.log.InfoContext(ctx, "daily copy", "file", c.Name, "bytes", c.Size)
}
