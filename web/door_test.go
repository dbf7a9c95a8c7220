// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// A member answers the events of others in the words that their servers
// understand; the page says so where they understand none.
func TestAnswersGoOutByTheDoorOfTheEvent(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		peer := i.peer("vera")
		person := i.accounts["member"].Person
		const unsure, waits, comes = "ne dit pas s", "attend une confirmation", "Vous venez"
		for _, c := range []struct {
			software, doc   string
			yes, no         string // the verbs that go out
			after           string // what the page says then
			words, noWords  string
			answer, settled string // what comes back, and what the page says of it
		}{
			{"mobilizon", `"joinMode":"free","participantCount":3`, "Join", "Leave", waits, "", unsure, federation.Accept, comes},
			{"restricted", `"joinMode":"restricted"`, "Join", "Leave", waits, "", unsure, federation.Reject, "pas pu vous accueillir"},
			{"maillage", `"joinMode":"free","attendees":"https://peer.example/a","displayEndTime":true`, "Join", "Leave", waits, "", unsure, federation.Accept, comes},
			{"friendica", `"dfrn:adjust":true,"diaspora:guid":"x"`, "Accept", "Reject", comes, "", unsure, "", ""},
			{"hubzilla", `"source":{"mediaType":"text/bbcode","content":"x"}`, "Accept", "Reject", comes, "", unsure, "", ""},
			{"gancio", `"url":"https://peer.example/event/x"`, "Join", "Leave", "ne confirme pas", "https://peer.example/event/x", "", "", ""},
			{"wordpress", `"joinMode":"external","externalParticipationUrl":"https://peer.example/register"`, "", "", "", "https://peer.example/register", "Je viens", "", ""},
			{"by letter", `"joinMode":"external","externalParticipationUrl":"mailto:fete@peer.example"`, "", "", "", "mailto:fete@peer.example", "Je viens", "", ""},
			{"nobody", `"joinMode":"none"`, "", "", "", "Sans inscription", "Je viens", "", ""},
		} {
			t.Run(c.software, func(t *testing.T) {
				id := federation.IRI("https://peer.example/events/" + url.PathEscape(c.software))
				o, err := vocab.DecodeObject([]byte(`{"id":"` + string(id) + `","type":"Event","name":"Fête de ` + c.software + `","attributedTo":"` + string(peer.ID) +
					`","to":["https://www.w3.org/ns/activitystreams#Public"],"startTime":"` + i.now().AddDate(0, 0, 9).Format(time.RFC3339) + `",` + c.doc + `}`))
				must(t, err)
				i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutObject(ctx, o) })
				page := "/peer/objects?id=" + url.QueryEscape(string(id))
				body := i.as("member").get(page).wants(t, 200, c.words).body
				if c.noWords != "" && strings.Contains(body, c.noWords) {
					t.Errorf("the page says %q", c.noWords)
				}
				if c.yes == "" {
					return
				}
				spoken := func() string {
					var last string
					i.update(func(ctx context.Context, tx *store.Tx) error {
						list, _, err := tx.Outbox(ctx, person, person, "", 1)
						if len(list) > 0 {
							last = list[0].Type
						}
						return err
					})
					return last
				}
				i.pass(time.Second)
				i.as("member").post("/answer", url.Values{"object": {string(id)}, "answer": {"yes"}}).wants(t, 303)
				if got := spoken(); got != c.yes {
					t.Errorf("%s goes out, want %s", got, c.yes)
				}
				i.as("member").get(page).wants(t, 200, c.after)
				i.as("member").get("/answers").wants(t, 200, "Mes réponses", "Fête de "+c.software)
				if strings.Contains(i.as("editor").get("/answers").body, "Fête de") {
					t.Error("somebody else sees what was answered")
				}
				if c.answer != "" {
					i.update(func(ctx context.Context, tx *store.Tx) error {
						e, err := tx.Edge(ctx, federation.Join, person, id)
						if err != nil {
							return err
						}
						_, err = federation.Apply(ctx, tx, &federation.Activity{
							ID: id + "/answer", Type: c.answer, Actor: peer.ID, Object: e.By, To: []federation.IRI{person},
							Inner: &federation.Activity{ID: e.By, Type: federation.Join, Actor: person, Object: id},
						})
						return err
					})
					i.as("member").get(page).wants(t, 200, c.settled)
				}
				i.pass(time.Second)
				i.as("member").post("/answer", url.Values{"object": {string(id)}, "answer": {"no"}}).wants(t, 303)
				if got := spoken(); got != c.no {
					t.Errorf("%s goes out, want %s", got, c.no)
				}
				if strings.Contains(i.as("member").get("/answers").body, "Fête de "+c.software) {
					t.Error("it is still among the answers")
				}
			})
		}
	})
}
