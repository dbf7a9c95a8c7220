// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"fmt"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

// What the WebFinger of several kinds of servers says, in the parts that
// matter. Mastodon 4.6, Pleroma, Mobilizon 4, GoToSocial 0.20, Mitra, in their
// sources.
var servers = map[string]string{
	"acct:ann@mastodon.example": `{"subject":"acct:ann@mastodon.example","links":[
		{"rel":"self","type":"application/activity+json","href":"https://mastodon.example/users/ann"},
		{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://mastodon.example/authorize_interaction?uri={uri}"},
		{"rel":"https://w3id.org/fep/3b86/Create","template":"https://mastodon.example/share?text={content}"},
		{"rel":"https://w3id.org/fep/3b86/Object","template":"https://mastodon.example/authorize_interaction?uri={object}"}]}`,
	"acct:mastodon.example@mastodon.example": `{"subject":"acct:mastodon.example@mastodon.example","links":[
		{"rel":"self","type":"application/activity+json","href":"https://mastodon.example/actor"},
		{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://mastodon.example/authorize_interaction?uri={uri}"}]}`,
	"acct:ann@pleroma.example": `{"subject":"acct:ann@pleroma.example","links":[
		{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://pleroma.example/ostatus_subscribe?acct={uri}"}]}`,
	"https://mobilizon.example/@ann": `{"subject":"acct:ann@mobilizon.example","links":[
		{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://mobilizon.example/interact?uri={uri}"}]}`,
	"acct:ann@gotosocial.example": `{"subject":"acct:ann@gotosocial.example","links":[
		{"rel":"self","type":"application/activity+json","href":"https://gotosocial.example/users/ann"}]}`,
	"acct:ann@full.example": `{"links":[
		{"rel":"https://w3id.org/fep/3b86/Follow","template":"https://full.example/i/follow?object={object}&on-success={on-success}"},
		{"rel":"https://w3id.org/fep/3b86/Like","template":"https://full.example/i/like?object={object}"},
		{"rel":"https://w3id.org/fep/3b86/Object","template":"https://full.example/i/see?object={object}"}]}`,
	"acct:ann@example.org": `{"subject":"acct:ann@example.org","links":[
		{"rel":"self","type":"application/activity+json","href":"https://social.example.org/users/ann"},
		{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://social.example.org/authorize_interaction?uri={uri}"}]}`,
	"https://itself.example/": `{"links":[{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://itself.example/follow?uri={uri}"}]}`,
}

func TestIntents(t *testing.T) {
	const event, here = "https://amap.example/objects/1", "https://amap.example/actors/amap"
	n := newNetwork(t)
	for _, host := range []string{"mastodon", "pleroma", "mobilizon", "gotosocial", "full", "itself"} {
		n.fingers(host+".example", servers)
	}
	n.fingers("example.org", servers)
	c := clientOf(n, newClock())
	for _, test := range []struct{ text, verb, object, want string }{
		{"@ann@mastodon.example", federation.Follow, here, "https://mastodon.example/authorize_interaction?uri=https%3A%2F%2Famap.example%2Factors%2Famap"},
		{"mastodon.example", federation.Follow, here, "https://mastodon.example/authorize_interaction?uri=amap%40amap.example"},
		{"https://mastodon.example/", "Object", event, "https://mastodon.example/authorize_interaction?uri=https%3A%2F%2Famap.example%2Fobjects%2F1"},
		{"ann@mastodon.example", federation.Like, event, "https://mastodon.example/authorize_interaction?uri=https%3A%2F%2Famap.example%2Fobjects%2F1"},
		{"ann@pleroma.example", federation.Follow, here, "https://pleroma.example/ostatus_subscribe?acct=amap%40amap.example"},
		{"ann@pleroma.example", federation.Announce, event, "https://pleroma.example/ostatus_subscribe?acct=https%3A%2F%2Famap.example%2Fobjects%2F1"},
		{"https://mobilizon.example/@ann", "Object", event, "https://mobilizon.example/interact?uri=https%3A%2F%2Famap.example%2Fobjects%2F1"},
		{"ann@full.example", federation.Follow, here, "https://full.example/i/follow?object=https%3A%2F%2Famap.example%2Factors%2Famap&on-success="},
		{"ann@full.example", federation.Like, event, "https://full.example/i/like?object=https%3A%2F%2Famap.example%2Fobjects%2F1"},
		{"ann@full.example", federation.Announce, event, "https://full.example/i/see?object=https%3A%2F%2Famap.example%2Fobjects%2F1"},
		{"ann@example.org", federation.Follow, here, "https://social.example.org/authorize_interaction?uri=amap%40amap.example"},
		{"@itself.example", federation.Follow, here, "https://itself.example/follow?uri=amap%40amap.example"},
	} {
		i, err := c.Intents(context.Background(), test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		handle := ""
		if test.object == here {
			handle = "amap@amap.example"
		}
		if got := i.URL(test.verb, federation.IRI(test.object), handle); got != test.want {
			t.Errorf("%s from %s: %s", test.verb, test.text, got)
		}
	}
	_, err := c.Intents(context.Background(), "ann@gotosocial.example")
	wantErr(t, err, federation.ErrNotFound)
}

// Nobody is sent where a template should not lead.
func TestTemplates(t *testing.T) {
	for template, ok := range map[string]bool{
		"https://there.example/authorize_interaction?uri={uri}": true,
		"https://there.example/{uri}/follow":                    true,
		"https://there.example/?uri={uri}&then={on-success}":    true,
		"https://evil.example/?uri={uri}":                       false,
		"http://there.example/?uri={uri}":                       false,
		"https://there.example/?uri=":                           false,
		"https://there.example@evil.example/?uri={uri}":         false,
		"https://there.example{uri}":                            false,
		"https://{uri}/":                                        false,
		"https://there.example:8443/?uri={uri}":                 false,
		"https://127.0.0.1/?uri={uri}":                          false,
		"https://here.example/?uri={uri}":                       false,
		"//there.example/?uri={uri}":                            false,
		"javascript:alert({uri})":                               false,
		"{uri}":                                                 false,
		"":                                                      false,
	} {
		n := newNetwork(t)
		n.fingers("there.example", map[string]string{"acct:ann@there.example": jrd("acct:ann@there.example", ann, template)})
		i, err := clientOf(n, newClock()).Intents(context.Background(), "@ann@there.example")
		if ok != (err == nil) {
			t.Errorf("%q: %v", template, err)
		}
		if ok && federation.IRI(i.URL(federation.Follow, ann, "")).Host() != "there.example" {
			t.Errorf("%q leads elsewhere", template)
		}
	}
}

// B50: what is no server is not asked.
func TestIntentsOfNoServer(t *testing.T) {
	n := newNetwork(t)
	c := clientOf(n, newClock())
	for _, text := range []string{
		"", "@", "ann", "ann@", "@ann@127.0.0.1", "127.0.0.1", "[::1]", "ann@[::1]", "ann@there.example:8443", "there.example:22",
		"https://ann:secret@there.example/", "ann@there.example@evil.example", "http://there.example/@ann", "localhost", "https://0x7f.1/",
		"ann@there.example/../x", "there.example?x", "javascript:alert(1)", "ann@2130706433", "there example", "<script>@x.example",
		fmt.Sprintf("ann@%s", hostOf(here)), here, hostOf(here), "file:///etc/passwd",
	} {
		if _, err := c.Intents(context.Background(), text); err == nil {
			t.Errorf("%q is asked", text)
		}
	}
	wantRequests(t, n, 0)
}

func hostOf(origin string) string { return federation.IRI(origin).Host() }
