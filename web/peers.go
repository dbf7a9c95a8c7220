// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// peersData is what the page of the other servers shows.
type peersData struct {
	Form    *form
	Summary string
	Silent  []hostLine // those in trouble, the longest first
	Aside   []hostLine
	Well    []hostLine
	Any     bool
}

// A hostList is some of the servers, as the page shows each of its lists.
type hostList struct {
	*locale.Printer

	Lines   []hostLine
	Trouble bool
	Q       string // what was searched
}

// List makes one of the lists.
func (d peersData) List(p *locale.Printer, lines []hostLine, trouble bool) hostList {
	return hostList{p, lines, trouble, d.Form.Value("q")}
}

// A hostLine says in plain words how a server is doing.
type hostLine struct {
	Name    string
	Words   string // since when it is so
	Reason  string // what its last answer means
	Advice  string
	Detail  string // the error itself, for those who can read it
	Waits   string
	Next    string
	Blocked bool
}

// maxHosts is how many servers of each state the page lists; search finds the
// others.
const maxHosts = 200

// peers shows the servers we deliver to: first those that need somebody.
func (v *visit) peers(ctx context.Context, tx *store.Tx) (*page, error) {
	hosts, err := tx.Hosts(ctx)
	if err != nil {
		return nil, err
	}
	d := peersData{Form: v.form(v.r.URL.Query()), Any: len(hosts) > 0}
	sought := strings.ToLower(strings.TrimSpace(d.Form.Value("q")))
	var longest time.Time
	silent := 0
	for _, h := range hosts {
		if h.State != "ok" && !h.Aside {
			if silent++; longest.IsZero() || h.FirstFailure.Before(longest) {
				longest = h.FirstFailure
			}
		}
		if !strings.Contains(h.Name, sought) {
			continue
		}
		list := &d.Well
		switch {
		case h.Aside:
			list = &d.Aside
		case h.State != "ok":
			list = &d.Silent
		}
		if len(*list) >= maxHosts {
			continue
		}
		l := v.hostLine(h)
		if l.Blocked, err = tx.SuspendedHost(ctx, h.Name); err != nil {
			return nil, err
		}
		*list = append(*list, l)
	}
	switch {
	case silent == 0 && len(hosts) > 0:
		d.Summary = v.words.T("page_peers_well", "Count", len(hosts))
	case silent > 0:
		d.Summary = v.words.T("page_peers_silent", "Count", silent, "Since", v.since(longest))
	}
	return &page{Name: "peers", Title: v.words.T("page_peers"), Data: d, NoIndex: true}, nil
}

// hostLine puts the state of a server into words.
func (v *visit) hostLine(h store.Host) hostLine {
	l := hostLine{Name: h.Name}
	if h.Pending > 0 {
		l.Waits = v.words.T("page_host_waits", "Count", h.Pending)
	}
	switch {
	case h.Aside:
		l.Words = v.words.T("page_host_aside")
		return l
	case h.State == "ok" && h.LastSuccess.IsZero():
		l.Words = v.words.T("page_host_new")
		return l
	case h.State == "ok":
		l.Words = v.words.T("page_host_ok", "Ago", v.words.Ago(h.LastSuccess, v.Now()))
		return l
	}
	l.Words = v.words.T("page_host_silent", "Since", v.since(h.FirstFailure))
	l.Detail = cut(h.LastError, 200)
	kind := trouble(h.LastError)
	l.Reason, l.Advice = v.words.T("page_trouble_"+kind), v.words.T("page_trouble_"+kind+"_advice")
	if h.Due.After(v.Now()) {
		l.Next = v.words.T("page_host_next", "When", v.soon(h.Due))
	}
	return l
}

// soon writes a time to come in a few words.
func (v *visit) soon(t time.Time) string {
	if t.Sub(v.Now()) < 20*time.Hour {
		return v.words.T("page_at_time", "Time", v.words.Time(t.In(v.zone())))
	}
	return v.words.DateTime(t.In(v.zone()))
}

// troubles are what the last words of a failed delivery mean, the first that
// fits: the texts are those of Go's network packages and of outbox.Worker.
var troubles = []struct {
	kind string
	says *regexp.Regexp
}{
	{"refused", regexp.MustCompile(`connection refused`)},
	{"name", regexp.MustCompile(`no such host|server misbehaving|NXDOMAIN|lookup `)},
	{"expired", regexp.MustCompile(`certificate has expired|not yet valid`)},
	{"certificate", regexp.MustCompile(`x509:|tls:|certificate`)},
	{"timeout", regexp.MustCompile(`timeout|deadline exceeded|i/o timeout`)},
	{"route", regexp.MustCompile(`no route to host|network is unreachable|host is unreachable`)},
	{"reset", regexp.MustCompile(`connection reset|EOF|broken pipe`)},
	{"busy", regexp.MustCompile(`answered (429|503)`)},
	{"broken", regexp.MustCompile(`answered 5\d\d`)},
	{"gone", regexp.MustCompile(`answered (404|410)|is gone`)},
	{"signature", regexp.MustCompile(`answered 401`)},
	{"blocked", regexp.MustCompile(`answered 403`)},
	{"odd", regexp.MustCompile(`answered \d+`)},
	{"never", regexp.MustCompile(`prohibited|forbidden|malformed`)},
}

// trouble returns what an error means, as part of the id of a message.
func trouble(err string) string {
	for _, t := range troubles {
		if t.says.MatchString(err) {
			return t.kind
		}
	}
	return "unknown"
}

// changePeer tries a server again at once, sets it aside, or refuses it.
func (v *visit) changePeer(ctx context.Context) (*page, error) {
	host := v.r.PostFormValue("host")
	back := "/settings/peers"
	if q := v.r.PostFormValue("q"); q != "" {
		back += "?q=" + url.QueryEscape(cut(q, 200))
	}
	switch v.r.PostFormValue("action") {
	case "retry":
		return see(back, "retried"), v.DB.Update(ctx, func(tx *store.Tx) error { return tx.RetryHost(ctx, host) })
	case "aside":
		return see(back, "aside"), v.DB.Update(ctx, func(tx *store.Tx) error { return tx.SetHostAside(ctx, host) })
	case "block":
		target := v.suspensible(host)
		if target == "" {
			return nil, fmt.Errorf("host %q: %w", host, federation.ErrNotFound)
		}
		return see("/settings/suspensions?target="+url.QueryEscape(target), ""), nil
	}
	return nil, fmt.Errorf("%w: action", federation.ErrMalformed)
}
