// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// sessionLifetime is how long one stays signed in.
const sessionLifetime = 30 * 24 * time.Hour

// cookieName: over https the prefix makes browsers refuse a cookie that
// another host or an unencrypted page set. Without, several trials on one
// machine share a browser's cookies, whatever their ports.
func (s *Site) cookieName() string {
	if s.Secure {
		return "__Host-session"
	}
	_, host, _ := strings.Cut(s.Origin, "://")
	if _, port, ok := strings.Cut(host, ":"); ok {
		return "session-" + port
	}
	return "session"
}

// open begins a session of account in place of the one that was, if any: what
// somebody may have planted before signing in is worth nothing afterwards.
func (v *visit) open(ctx context.Context, tx *store.Tx, account int64) (secret string, err error) {
	if err := v.end(ctx, tx); err != nil {
		return "", err
	}
	return tx.NewSession(ctx, account, sessionLifetime, v.r.UserAgent())
}

// end ends the session that the browser brought along.
func (v *visit) end(ctx context.Context, tx *store.Tx) error {
	c, err := v.r.Cookie(v.cookieName())
	if err != nil || c.Value == "" {
		return nil
	}
	err = tx.EndSession(ctx, c.Value)
	if errors.Is(err, federation.ErrNotFound) {
		return nil
	}
	return err
}

// setSession gives the browser the secret of its session; "" takes it away.
func (v *visit) setSession(secret string) {
	c := &http.Cookie{
		Name: v.cookieName(), Value: secret, Path: "/", Secure: v.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(sessionLifetime / time.Second),
	}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}
