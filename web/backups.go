// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// DailySetting says whether a copy is made every day: "on", "off", or empty
// for what [DailyCopies] chooses.
const DailySetting = "backups.daily"

// KeptCopies is how many of them are kept.
const KeptCopies = 7

// DailyCopies reports whether a copy is to be made every day. Unless somebody
// chose, it is where the database is a file beside which there is room; of a
// PostgreSQL server its own tools know more.
func DailyCopies(setting string, file bool) bool { return setting == "on" || setting == "" && file }

// backupsData is what the page of backups shows.
type backupsData struct {
	Form     *form
	Daily    bool
	Copies   []copyLine
	Last     string // how long ago
	Fresh    bool   // signed in a moment ago: no password is asked for
	Password bool   // there is one to ask for
	Folder   string
	Kept     int
	Data     string
}

// A copyLine is one copy in the list.
type copyLine struct{ Name, Size, At string }

func (v *visit) backups(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.backupsPage(ctx, tx, v.form(url.Values{}))
}

func (v *visit) backupsPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	d := backupsData{
		Form: f, Kept: KeptCopies, Folder: v.Backups, Data: filepath.Dir(v.Backups), Password: v.account.Password != "",
		Daily: DailyCopies(v.facts.setting(DailySetting), v.File),
	}
	var err error
	if d.Fresh, err = v.fresh(ctx, tx); err != nil {
		return nil, err
	}
	if v.Backups != "" {
		list, err := store.Copies(v.Backups)
		if err != nil {
			return nil, err
		}
		for _, c := range list[:min(len(list), 30)] {
			d.Copies = append(d.Copies, copyLine{c.Name, v.bytes(c.Size), v.words.DateTime(c.At.In(v.zone()))})
		}
	}
	if last := v.lastBackup(); !last.IsZero() {
		d.Last = v.words.Ago(last, v.Now())
	}
	return &page{Name: "backups", Title: v.words.T("page_backups"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// downloaded is when somebody last took a copy home, as a setting.
const downloaded = "backups.downloaded"

// lastBackup is when the newest copy was made, here or taken home; zero for
// never.
func (v *visit) lastBackup() time.Time {
	last, _ := time.Parse(time.RFC3339, v.facts.setting(downloaded)) // never put: zero
	if v.Backups == "" {
		return last
	}
	list, err := store.Copies(v.Backups)
	if err == nil && len(list) > 0 && list[0].At.After(last) {
		last = list[0].At
	}
	return last
}

// freshness is for how long after signing in nobody is asked for the password
// again before something grave.
const freshness = 10 * time.Minute

func (v *visit) fresh(ctx context.Context, tx *store.Tx) (bool, error) {
	began, err := tx.SessionBegan(ctx, v.secret)
	return err == nil && v.Now().Sub(began) < freshness, ignoreMissing(err)
}

// proved reports whether the visitor is still who signed in: they did so a
// moment ago, or know the password.
func (v *visit) proved(ctx context.Context, password string) (ok bool, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		ok, err = v.fresh(ctx, tx)
		return err
	})
	if ok || err != nil || v.account.Password == "" {
		return ok, err
	}
	if err := v.limitSignIn(v.account.Name); err != nil {
		return false, err
	}
	return v.passwords.match(ctx, password, v.account.Password)
}

// changeBackups makes a copy, takes one home, or chooses whether one is made
// every day.
func (v *visit) changeBackups(ctx context.Context) (*page, error) {
	f := v.posted()
	switch f.Value("action") {
	case "daily":
		choice := "off"
		if f.Value("daily") != "" {
			choice = "on"
		}
		if err := v.setAll(ctx, map[string]string{DailySetting: choice}); err != nil {
			return nil, err
		}
		return see("/settings/backups", "saved"), nil
	case "download":
		return v.download(ctx, f)
	case "now":
		return v.copyNow(ctx, f)
	}
	return nil, fmt.Errorf("%w: action", federation.ErrMalformed)
}

func (v *visit) wrongBackup(ctx context.Context, f *form, field, id string) (p *page, err error) {
	f.wrong(field, id)
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		p, err = v.backupsPage(ctx, tx, f)
		return err
	})
	return p, err
}

// copyNow puts a copy beside those of every day.
func (v *visit) copyNow(ctx context.Context, f *form) (*page, error) {
	if v.Backups == "" || !v.copying.TryLock() {
		return v.wrongBackup(ctx, f, "action", "error_backup_busy")
	}
	defer v.copying.Unlock()
	_, err := v.DB.Copy(ctx, v.Backups, KeptCopies)
	if errors.Is(err, store.ErrNoRoom) {
		return v.wrongBackup(ctx, f, "action", "error_backup_room")
	}
	if err != nil {
		return nil, err
	}
	return see("/settings/backups", "copied"), nil
}

// download makes a copy and sends it. It holds every private key and every
// private message: whoever found a browser open shall not have it.
func (v *visit) download(ctx context.Context, f *form) (*page, error) {
	ok, err := v.proved(ctx, f.Value("password"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return v.wrongBackup(ctx, f, "password", "form_password_wrong")
	}
	if v.Backups == "" || !v.copying.TryLock() {
		return v.wrongBackup(ctx, f, "action", "error_backup_busy")
	}
	defer v.copying.Unlock()
	dir := filepath.Join(v.Backups, "download")
	c, err := v.DB.Copy(ctx, dir, 1)
	if errors.Is(err, store.ErrNoRoom) {
		return v.wrongBackup(ctx, f, "action", "error_backup_room")
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(dir, c.Name))
	if err != nil {
		return nil, err
	}
	_ = os.RemoveAll(dir) // the open file stays readable
	if err := v.setAll(ctx, map[string]string{downloaded: v.Now().UTC().Format(time.RFC3339)}); err != nil {
		_ = file.Close()
		return nil, err
	}
	return &page{send: func(w http.ResponseWriter) { v.sendCopy(w, file, c) }}, nil
}

// slowest is how long sending a copy may take.
const slowest = time.Hour

func (v *visit) sendCopy(w http.ResponseWriter, file *os.File, c store.Copy) {
	defer file.Close() //nolint:errcheck // it was only read
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(slowest))
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+c.Name+`"`)
	h.Set("Content-Length", fmt.Sprint(c.Size))
	h.Set("Cache-Control", "private, no-store")
	if _, err := io.Copy(w, file); err != nil {
		v.Log.WarnContext(v.r.Context(), "send a copy", "err", err)
	}
}

// freeDisk is how much is free where the data is.
func (v *visit) freeDisk() (int64, bool) {
	if v.Backups == "" {
		return 0, false
	}
	free, err := store.FreeDisk(filepath.Dir(v.Backups))
	return free, err == nil
}

// bytes writes a size.
func (v *visit) bytes(n int64) string {
	id, unit := "page_size_kb", int64(1<<10)
	switch {
	case n >= 1<<30:
		id, unit = "page_size_gb", 1<<30
	case n >= 1<<20:
		id, unit = "page_size_mb", 1<<20
	}
	size := strconv.FormatFloat(float64(n)/float64(unit), 'f', 1, 64)
	return v.words.T(id, "Size", v.words.Number(federation.Decimal(size)))
}
