// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/harvest"
	"codeberg.org/maillage/maillage/store"
)

// harvested imports the calendar that an initiative kept before it came here,
// and leaves a second file to be looked through.
func (d *demo) harvested(ctx context.Context, s *demoSite) error {
	if s.cast.calendar == "" {
		return nil
	}
	initiative := s.actor(s.cast.handle)
	var admin *store.Account
	done := false
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		if _, err = tx.FileCalendar(ctx, initiative); err == nil {
			done = true
			return nil
		}
		if errors.Is(err, federation.ErrNotFound) {
			admin, err = tx.AccountByName(ctx, s.adminName())
		}
		return err
	})
	if err != nil || done {
		return err
	}
	f, err := harvest.Parse([]byte(s.cast.calendar), false)
	if err != nil {
		return err
	}
	h := &harvest.Harvest{DB: s.DB, Log: s.log, Now: s.now}
	if _, err := h.TakeFile(ctx, initiative, admin.ID, f.Name, f, []string{"chantier@moulin.example"}); err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		list := &store.BroughtFile{Kind: store.FileOffers, Account: admin.ID, Name: "conserves.csv", Actor: initiative, Body: []byte(demoList)}
		if err := tx.PutBrought(ctx, list); err != nil {
			return err
		}
		return tx.PutBrought(ctx, &store.BroughtFile{Kind: store.FileCalendar, Account: admin.ID, Name: "agenda-du-moulin.ics", Actor: initiative, Body: []byte(s.cast.calendar)})
	})
}

// demoICS is the calendar that the farm has on its telephone.
func demoICS(c demoCalendar) string {
	day := func(d time.Weekday, weeks int) string { return strings.ReplaceAll(c.on(d, weeks), "-", "") }
	return strings.ReplaceAll(fmt.Sprintf(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Nextcloud calendar v4//FR
X-WR-CALNAME:Agenda de la ferme
BEGIN:VEVENT
UID:chantier@moulin.example
SUMMARY:Chantier collectif du samedi
DESCRIPTION:Désherbage\, récolte ou réparation des serres\, selon le temps. Repas partagé à midi.
LOCATION:Ferme du Moulin\, 12 chemin du Moulin\, 26120 Montélier
DTSTART;TZID=Europe/Paris:%[1]sT090000
DTEND;TZID=Europe/Paris:%[1]sT130000
RRULE:FREQ=WEEKLY;INTERVAL=4;COUNT=4
END:VEVENT
BEGIN:VEVENT
UID:ag@moulin.example
SUMMARY:Assemblée générale
LOCATION:Maison de la vie associative\, Valence
DTSTART;TZID=Europe/Paris:%[2]sT183000
DTEND;TZID=Europe/Paris:%[2]sT203000
END:VEVENT
BEGIN:VEVENT
UID:erreur@moulin.example
SUMMARY:Livraison des plants
DTSTART;TZID=Europe/Paris:%[3]sT100000
DTEND;TZID=Europe/Paris:%[3]sT090000
END:VEVENT
END:VCALENDAR
`, day(time.Saturday, 3), day(time.Thursday, 5), day(time.Tuesday, 6)), "\n", "\r\n")
}

// demoList is what the farm keeps in a spreadsheet: a line of it has a mistake.
const demoList = `Référence;Titre;Catégorie;Façons d'échanger;Prix;Unité;Stock;Jusqu'au;Étagère
C1;Coulis de tomates;Alimentation;vente, troc;3,80 €;bocal;60;;A
C2;Confiture de courge;Alimentation;vente;4,50 €;bocal;24;Noël;A
C3;Cornichons;Alimentation;vente;4 €;bocal;;;B
`
