// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"testing"

	"codeberg.org/maillage/maillage/locale"
)

// settingsExpected and settingsPosted are to the pages of settings what
// expected and posted are to the others.
var settingsExpected = map[string][5]int{
	"/events/print":                    {200, 200, 200, 200, 200},
	"/objects/{id}/poster":             {200, 200, 200, 200, 200},
	"/statements":                      {303, 200, 200, 200, 200},
	"/settings/suspensions/import":     {303, 403, 403, 200, 200},
	"/settings/suspensions/export.csv": {303, 403, 403, 200, 200},
	"/settings/profile":                {303, 403, 403, 403, 200},
	"/settings/appearance":             {303, 403, 403, 403, 200},
	"/settings/language":               {303, 403, 403, 403, 200},
	"/settings/map":                    {303, 403, 403, 403, 200},
	"/settings/ledger":                 {303, 403, 403, 403, 200},
	"/ledger":                          {303, 200, 200, 200, 200},
	"/ledger/export":                   {303, 200, 200, 200, 200},
	"/settings/about":                  {303, 403, 403, 403, 200},
	"/settings/embeds":                 {303, 403, 403, 403, 200},
	"/settings/paper":                  {303, 403, 403, 403, 200},
	"/settings/queue":                  {303, 403, 403, 403, 200},
	"/settings/storage":                {303, 403, 403, 403, 200},
	"/settings/backups":                {303, 403, 403, 403, 200},
	"/setup":                           {303, 403, 403, 403, 303},
	"/setup/{step}":                    {303, 403, 403, 403, 200},
}

var settingsPosted = map[string][5]int{
	"/settings/suspensions/import": {401, 403, 403, 422, 422},
	"/settings/profile":            {401, 403, 403, 403, 422},
	"/settings/appearance":         {401, 403, 403, 403, 303},
	"/settings/language":           {401, 403, 403, 403, 422},
	"/settings/map":                {401, 403, 403, 403, 422},
	"/settings/ledger":             {401, 403, 403, 403, 303},
	"/settings/about":              {401, 403, 403, 403, 422},
	"/settings/queue":              {401, 403, 403, 403, 404},
	"/settings/storage":            {401, 403, 403, 403, 303},
	"/settings/backups":            {401, 403, 403, 403, 400},
	"/setup/{step}":                {401, 403, 403, 403, 422},
}

// The hours of an instance are those of where it is.
func TestAnInstanceHasItsOwnClocks(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		b.get("/settings/language").wants(t, 200, `value="Europe/Paris"`)
		b.post("/settings/language", url.Values{"language": {"fr"}, "zone": {"Mars/Olympus"}}).wants(t, 422, "f-zone-error", `value="Mars/Olympus"`)
		b.post("/settings/language", url.Values{"language": {"fr"}, "zone": {"Indian/Reunion"}}).wants(t, 303)
		b.get("/settings/language").wants(t, 200, `value="Indian/Reunion"`)
		b.get("/settings/audit").wants(t, 200, locale.New("fr").DateTime(i.now().In(locale.Clocks("Indian/Reunion"))), "fuseau horaire")
		b.get("/publish/event").wants(t, 200, `value="Indian/Reunion"`)
		b.post("/settings/language", url.Values{"language": {"fr"}}).wants(t, 303)
		b.get("/settings/language").wants(t, 200, `value="Indian/Reunion"`)
	})
}
