// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// What a form or an address may hold by mistake or malice: B40, B58.
var garbage = []string{"\x00", "\xff\xfe", "'; DROP TABLE objects; --", "-1", "9223372036854775808", "1e309", "../../etc/passwd"}

// Garbage in any field of any form, or in any address, is no failure of ours.
func TestGarbageIsNoFailure(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		o := i.publish(i.initiative.ID, note("bonjour"))
		b := i.as("admin")
		names := []string{
			"account", "actor", "address", "after", "as", "cursor", "day", "device", "draft", "email", "form", "from", "host", "invitation",
			"kind", "like", "list", "map", "month", "name", "near", "object", "page", "password", "place", "place.city", "q", "seq", "tag", "target",
			"text", "to", "token", "uri", "username", "verb", "view", "who", "yours",
		}
		for _, r := range routes() {
			path := fill(r.path, o)
			if slices.Contains([]string{"/sign-out", "/account/data", "/account/devices", "/remote-follow", "/follow"}, path) {
				continue // would end the session, or ask elsewhere
			}
			for _, bad := range garbage {
				all := url.Values{}
				for _, name := range names {
					all.Set(name, bad)
				}
				tries := map[string]url.Values{"everything": all}
				if bad == "\x00" {
					for _, name := range []string{"account", "actor", "after", "as", "draft", "name", "object", "place", "q", "tag", "token"} {
						tries[name] = url.Values{name: {bad}}
					}
				}
				for _, name := range slices.Sorted(maps.Keys(tries)) {
					i.site.signIns, i.site.mails, i.site.lookups = newLimiter(1e9, 1e9), newLimiter(1e9, 1e9), newLimiter(1e9, 1e9)
					if r.get != nil {
						if got := b.get(path + "?" + tries[name].Encode()); got.StatusCode >= 500 {
							t.Errorf("GET %s, %q in %s: %d", path, bad, name, got.StatusCode)
						}
					}
					if r.post == nil || name != "everything" && !slices.Contains([]string{"name", "token", "object", "actor"}, name) {
						continue
					}
					if got := b.post(path, tries[name]); got.StatusCode >= 500 {
						t.Errorf("POST %s, %q in %s: %d", path, bad, name, got.StatusCode)
					}
				}
			}
		}
		for _, path := range []string{"/media/%00", "/media/%00/thumb", "/@%00", "/tags/%00", "/embed/%00", "/@amap%00/feed.atom"} {
			if got := b.get(path); got.StatusCode >= 500 {
				t.Errorf("GET %s: %d", path, got.StatusCode)
			}
		}
		if i.log.Len() > 0 {
			t.Errorf("logged: %.2000s", i.log)
		}
	})
}

// B60, for what belongs to an account and is named in a form: devices, tokens,
// passkeys and invitations of others are not there.
func TestWhatBelongsToOthersIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		mine := i.as("editor")
		mine.post("/account/tokens", url.Values{"name": {"Mon script"}}).wants(t, 200)
		mine.post("/settings/invitations", url.Values{"role": {"member"}, "most": {"1"}}).wants(t, 200)
		named := func(path, name string) string {
			_, rest, _ := strings.Cut(mine.get(path).wants(t, 200).body, `name="`+name+`" value="`)
			value, _, _ := strings.Cut(rest, `"`)
			return value
		}
		i.as("editor") // from another device
		device, token := named("/account/devices", "device"), named("/account/tokens", "token")
		invitation := hidden(t, mine.get("/settings/invitations").wants(t, 200).body).Get("invitation")
		if token == "" || invitation == "" || device == "" || device == "others" {
			t.Fatalf("token %q, device %q, invitation %q", token, device, invitation)
		}
		for _, who := range []string{"member", "moderator", "admin"} {
			b := i.as(who)
			b.post("/account/tokens/end", url.Values{"token": {token}}).wants(t, 404)
			b.post("/account/devices", url.Values{"device": {device}}).wants(t, 404)
			b.post("/account/security", url.Values{"action": {"forget"}, "passkey": {"x"}}).wants(t, 404)
		}
		i.as("member").post("/settings/invitations/change", url.Values{"invitation": {invitation}, "action": {"revoke"}}).wants(t, 403)
		mine.get("/account/tokens").wants(t, 200, "Mon script")
		if named("/account/devices", "device") != device {
			t.Error("the device is gone")
		}
	})
}

// Editors invite people; they do not write to the whole world.
func TestLettersToTheInvitedAreLimited(t *testing.T) {
	i := lone(t)
	i.site.Mail = true
	b := i.as("editor")
	for n := range 30 {
		b.post("/settings/invitations", url.Values{"role": {"member"}, "email": {fmt.Sprintf("a%d@exemple.fr", n)}}).wants(t, 200)
	}
	got := b.post("/settings/invitations", url.Values{"role": {"member"}, "email": {"b@exemple.fr"}}).wants(t, 429)
	if got.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
	if strings.Contains(b.get("/settings/invitations").body, "b@exemple.fr") {
		t.Error("the invitation is there, without its letter")
	}
	b.post("/settings/invitations", url.Values{"role": {"member"}, "most": {"1"}}).wants(t, 200) // by link as before
}
