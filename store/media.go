// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// A Media is a picture that we serve.
type Media struct {
	ID        string // made by PutMedia if empty
	Account   int64  // who uploaded it; 0: nobody
	MediaType string
	Width     int
	Height    int
	Blurhash  string
	Alt       string
	Created   time.Time
	Bytes     []byte
	Thumb     []byte // a small version; may be empty
}

type mediaRow struct {
	bun.BaseModel `bun:"table:media"`

	ID        string `bun:",pk"`
	Account   int64
	MediaType string
	Width     int
	Height    int
	Blurhash  string
	Alt       string
	Created   int64
	Thumb     []byte
	Bytes     []byte
}

// PutMedia stores a picture under an id that cannot be guessed. Pictures do
// not change: storing one again changes its description only.
func (tx *Tx) PutMedia(ctx context.Context, m *Media) error {
	if m.ID == "" {
		m.ID = strings.ToLower(rand.Text())
	}
	if m.Created.IsZero() {
		m.Created = tx.now
	}
	_, err := tx.exec(ctx, `
		INSERT INTO media (id, account, media_type, width, height, blurhash, alt, created, thumb, bytes)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET alt = excluded.alt`,
		m.ID, m.Account, m.MediaType, m.Width, m.Height, m.Blurhash, m.Alt, m.Created, m.Thumb, m.Bytes)
	return named(err, "media", m.ID)
}

// Media returns a picture.
func (tx *Tx) Media(ctx context.Context, id string) (*Media, error) {
	var r mediaRow
	if err := tx.bun.NewSelect().Model(&r).Where("id = ?", clean(id)).Scan(tx.within(ctx)); err != nil {
		return nil, named(err, "media", id)
	}
	return &Media{
		ID: r.ID, Account: r.Account, MediaType: r.MediaType, Width: r.Width, Height: r.Height,
		Blurhash: r.Blurhash, Alt: r.Alt, Created: moment(r.Created), Bytes: r.Bytes, Thumb: r.Thumb,
	}, nil
}

// MediaOf returns what an account uploaded, newest first, without the bytes.
func (tx *Tx) MediaOf(ctx context.Context, account int64) ([]*Media, error) {
	var rows []mediaRow
	err := tx.bun.NewSelect().Model(&rows).ExcludeColumn("bytes", "thumb").
		Where("account = ?", account).Order("created DESC").Limit(maxLimit).Scan(tx.within(ctx))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var list []*Media
	for _, r := range rows {
		list = append(list, &Media{
			ID: r.ID, Account: r.Account, MediaType: r.MediaType, Width: r.Width, Height: r.Height,
			Blurhash: r.Blurhash, Alt: r.Alt, Created: moment(r.Created),
		})
	}
	return list, nil
}

// MediaSizes returns how many bytes pictures have, of those that there are.
func (tx *Tx) MediaSizes(ctx context.Context, ids ...string) (map[string]int64, error) {
	sizes := make(map[string]int64, len(ids))
	err := tx.each(ctx, func(r row) error {
		var id string
		var n int64
		err := r.Scan(&id, &n)
		sizes[id] = n
		return err
	}, `SELECT id, LENGTH(bytes) FROM media WHERE id IN (?)`, among(ids))
	return sizes, err
}

// DropMedia removes a picture.
func (tx *Tx) DropMedia(ctx context.Context, id string) error {
	n, err := tx.exec(ctx, `DELETE FROM media WHERE id = ?`, id)
	return named(changed(n, err), "media", id)
}
