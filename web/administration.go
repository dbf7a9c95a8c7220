// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// A settingsGroup is some of the pages of settings, as the index and the menu
// beside each page show them.
type settingsGroup struct {
	Title string
	Links []settingsLink
}

// A settingsLink leads to a page of settings.
type settingsLink struct {
	URL, Name, Hint, Icon string
	Current               bool
}

// settingsPages are all of them, in the order of the menu.
var settingsPages = []struct {
	group string
	links []settingsEntry
}{
	{"initiative", []settingsEntry{
		{"profile", "building-2", admin},
		{"appearance", "palette", admin},
		{"language", "languages", admin},
		{"map", "map", admin},
		{"about", "info", admin},
	}},
	{"people", []settingsEntry{
		{"accounts", "users", admin}, {"invitations", "mail", editor}, {"circuits", "waypoints", admin}, {"ledger", "scale", admin}, {"audit", "history", admin}, {"departures", "log-out", admin},
	}},
	{"sharing", []settingsEntry{{"calendars", "calendar-sync", editor}, {"embeds", "code", admin}, {"paper", "printer", admin}}},
	{"moderation", []settingsEntry{{"reports", "flag", moderator}, {"suspensions", "ban", moderator}}},
	{"upkeep", []settingsEntry{
		{"peers", "network", admin}, {"queue", "hourglass", admin}, {"storage", "hard-drive", admin}, {"backups", "database", admin},
	}},
}

// A settingsEntry is one page: the end of its path, its icon and who may see it.
type settingsEntry struct {
	name, icon string
	who        role
}

// Settings lists the pages of settings that the visitor may see.
func (s sheet) Settings() []settingsGroup {
	var all []settingsGroup
	for _, g := range settingsPages {
		group := settingsGroup{Title: s.T("nav_settings_" + g.group)}
		for _, e := range g.links {
			if e.who.allows(s.Account) {
				url := "/settings/" + e.name
				group.Links = append(group.Links, settingsLink{url, s.T("nav_settings_" + e.name), s.T("page_settings_" + e.name + "_hint"), e.icon, s.Path == url})
			}
		}
		if len(group.Links) > 0 {
			all = append(all, group)
		}
	}
	return all
}

// HasSettings reports whether the visitor may see the first page of settings.
func (s sheet) HasSettings() bool { return moderator.allows(s.Account) }

// administrationData is what the first page of settings shows.
type administrationData struct{ Tasks []task }

// A task is something that somebody should look at today.
type task struct {
	Words, URL, Icon string
	Urgent           bool
}

// administration says what is to be done, and leads to the pages of settings.
func (v *visit) administration(ctx context.Context, tx *store.Tx) (*page, error) {
	var d administrationData
	finders := []func(context.Context, *store.Tx) ([]task, error){v.reportTasks}
	if admin.allows(v.account) {
		finders = append(finders, v.beginnerTasks, v.followerTasks, v.calendarTasks, v.peerTasks, v.queueTasks, v.machineTasks)
	}
	for _, find := range finders {
		tasks, err := find(ctx, tx)
		if err != nil {
			return nil, err
		}
		d.Tasks = append(d.Tasks, tasks...)
	}
	return &page{Name: "administration", Title: v.words.T("page_administration"), Data: d, NoIndex: true}, nil
}

// counted makes a task of a number; none of zero.
func (v *visit) counted(id string, n int, url, icon string, urgent bool, args ...any) []task {
	if n == 0 {
		return nil
	}
	return []task{{v.words.T(id, append([]any{"Count", n}, args...)...), url, icon, urgent}}
}

func (v *visit) reportTasks(ctx context.Context, tx *store.Tx) ([]task, error) {
	edges, err := tx.EdgesOf(ctx, federation.Flag, 100)
	if err != nil {
		return nil, err
	}
	complaints, err := tx.OpenComplaints(ctx)
	return v.counted("page_task_reports", len(edges)+complaints, "/settings/reports", "flag", true), err
}

// beginnerTasks are what a new instance lacks.
func (v *visit) beginnerTasks(context.Context, *store.Tx) ([]task, error) {
	var all []task
	if v.facts.setting(setupDone) == "" {
		all = append(all, task{v.words.T("page_task_setup"), "/setup", "sparkles", false})
	}
	if v.facts.setting("about.contact") == "" {
		all = append(all, task{v.words.T("page_task_contact"), "/settings/about", "info", false})
	}
	return all, nil
}

func (v *visit) followerTasks(ctx context.Context, tx *store.Tx) ([]task, error) {
	var all []task
	for _, a := range v.voices[:min(len(v.voices), 10)] {
		edges, _, err := tx.EdgesTo(ctx, federation.Follow, a.ID, true, "", 50)
		if err != nil {
			return nil, err
		}
		all = append(all, v.counted("page_task_followers", len(edges), withVoice("/notifications", a), "user-plus", false, "Who", a.Name)...)
	}
	return all, nil
}

// longSilence is for how long a server may be silent before anybody is told:
// many are restarted at night.
const longSilence = 3 * time.Hour

func (v *visit) peerTasks(ctx context.Context, tx *store.Tx) ([]task, error) {
	hosts, err := tx.Hosts(ctx)
	if err != nil {
		return nil, err
	}
	n, oldest := 0, v.Now()
	for _, h := range hosts {
		if h.State != "ok" && !h.Aside && h.Pending > 0 && v.Now().Sub(h.FirstFailure) > longSilence {
			n++
			if h.FirstFailure.Before(oldest) {
				oldest = h.FirstFailure
			}
		}
	}
	return v.counted("page_task_peers", n, "/settings/peers", "network", false, "Since", v.since(oldest)), nil
}

// since writes since when something is so: the day of the week if that says it.
func (v *visit) since(t time.Time) string {
	switch age := v.Now().Sub(t); {
	case t.IsZero():
		return ""
	case age < 24*time.Hour:
		return v.words.T("page_since_time", "Time", v.words.Time(t.In(v.zone())))
	case age < 6*24*time.Hour:
		return v.words.T("page_since_day", "Day", v.words.T("weekday_"+v.weekday(t)))
	default:
		return v.words.T("page_since_date", "Date", v.words.Day(t.In(v.zone())))
	}
}

func (v *visit) weekday(t time.Time) string { return string(rune('0' + int(t.In(v.zone()).Weekday()))) }

func (v *visit) queueTasks(ctx context.Context, tx *store.Tx) ([]task, error) {
	mails, err := tx.MailCounts(ctx)
	if err != nil {
		return nil, err
	}
	all := v.counted("page_task_mails", mails["failed"], "/settings/queue?list=mails-failed", "mail", false)
	pending, oldest, err := tx.ReceivedDepth(ctx)
	if err == nil && pending > 0 && v.Now().Sub(oldest) > time.Hour {
		all = append(all, v.counted("page_task_received", pending, "/settings/queue", "inbox", true)...)
	}
	return all, err
}

// lowDisk is how little may be free before we ask for room.
const lowDisk = 500 << 20

// oldBackup is how old the last copy may be before we ask for another.
const oldBackup = 8 * 24 * time.Hour

// machineTasks are about the machine: the disk, and whether there is a copy.
func (v *visit) machineTasks(context.Context, *store.Tx) ([]task, error) {
	var all []task
	if free, ok := v.freeDisk(); ok && free < lowDisk {
		all = append(all, task{v.words.T("page_task_disk", "Size", v.bytes(free)), "/settings/storage", "hard-drive", true})
	}
	switch last := v.lastBackup(); {
	case last.IsZero():
		all = append(all, task{v.words.T("page_task_no_backup"), "/settings/backups", "database", false})
	case v.Now().Sub(last) > oldBackup:
		all = append(all, task{v.words.T("page_task_old_backup", "Ago", v.words.Ago(last, v.Now())), "/settings/backups", "database", false})
	}
	return all, nil
}
