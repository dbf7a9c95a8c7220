// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"strings"

	"codeberg.org/maillage/maillage/store"
)

// devicesData is what the page of devices shows.
type devicesData struct {
	Devices []deviceLine
	Others  bool
}

// A deviceLine is where an account is signed in.
type deviceLine struct {
	ID, Name, Seen, Since string
	This                  bool
}

func (v *visit) devices(ctx context.Context, tx *store.Tx) (*page, error) {
	list, err := tx.Devices(ctx, v.account.ID)
	if err != nil {
		return nil, err
	}
	d := devicesData{Others: len(list) > 1}
	for _, one := range list {
		d.Devices = append(d.Devices, deviceLine{
			ID: one.ID, Name: v.device(one.UserAgent), Seen: v.words.Ago(one.Seen, v.Now()), Since: v.words.Ago(one.Created, v.Now()),
			This: one.ID == store.DeviceOf(v.secret),
		})
	}
	return &page{Name: "devices", Title: v.words.T("page_devices"), Data: d, NoIndex: true}, nil
}

// endDevices signs out one other device, or all others.
func (v *visit) endDevices(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		if v.r.PostFormValue("device") == "others" {
			return tx.EndOthers(ctx, v.account.ID, v.secret)
		}
		return tx.EndDevice(ctx, v.account.ID, v.r.PostFormValue("device"))
	})
	if err != nil {
		return nil, err
	}
	return see("/account/devices", "device_ended"), nil
}

// A sign is what tells a browser or a system in what it says of itself. The
// first that is found counts: most browsers claim to be others too.
type sign struct{ found, name string }

var (
	browsers = []sign{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Firefox", "Firefox"},
		{"FxiOS", "Firefox"},
		{"CriOS", "Chrome"},
		{"Chromium", "Chromium"},
		{"Chrome", "Chrome"},
		{"Safari", "Safari"},
		{"curl", "curl"},
	}
	systems = []sign{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Macintosh", "Mac"},
		{"Linux", "Linux"},
	}
)

// device says in words what a browser says of itself.
func (v *visit) device(agent string) string {
	browser, system := nameOf(browsers, agent), nameOf(systems, agent)
	switch {
	case browser != "" && system != "":
		return v.words.T("page_device_on", "Browser", browser, "System", system)
	case browser+system != "":
		return browser + system
	}
	return v.words.T("page_device_unknown")
}

func nameOf(signs []sign, agent string) string {
	for _, s := range signs {
		if strings.Contains(agent, s.found) {
			return s.name
		}
	}
	return ""
}
