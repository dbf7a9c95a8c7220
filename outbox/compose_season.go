// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A season is typed as lines: "03/12/2026 18:30 x 22" is that Thursday and the 21
// that follow, "03/12/2026 18:30" one date, and "- 24/12/2026" leaves a day out.
var seasonLine = regexp.MustCompile(`^(-?)\s*(\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{4}-\d{2}-\d{2})(?:\s+(?:à\s+)?(\d{1,2}(?:\s*[:h]\s*(?:\d{2})?)?))?(?:\s*[x×*]\s*(\d{1,3}))?$`)

// season reads the dates of a season, in order and each once.
func (f OfferForm) season(p *federation.Proposal, zone *time.Location, ps *Problems) {
	var out []string
	for line := range strings.Lines(f.Dates) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		m := seasonLine.FindStringSubmatch(strings.ToLower(line))
		if m == nil {
			ps.add("dates", "error_season_line", "Line", line)
			return
		}
		d, ok := day(m[2], zone)
		if !ok {
			ps.add("dates", "error_season_line", "Line", line)
			return
		}
		if m[1] == "-" {
			out = append(out, d.Format(time.DateOnly))
			continue
		}
		hour, minute, ok := 0, 0, true
		if m[3] != "" {
			hour, minute, ok = clock(m[3])
		}
		times, _ := strconv.Atoi(m[4])
		if times > maxSeason || !ok {
			ps.add("dates", "error_season_line", "Line", line)
			return
		}
		for week := range max(1, times) {
			p.Dates = append(p.Dates, time.Date(d.Year(), d.Month(), d.Day()+7*week, hour, minute, 0, 0, zone))
		}
	}
	p.Dates = slices.DeleteFunc(p.Dates, func(d time.Time) bool { return slices.Contains(out, d.Format(time.DateOnly)) })
	slices.SortFunc(p.Dates, time.Time.Compare)
	p.Dates = slices.CompactFunc(p.Dates, time.Time.Equal)
	if typed := strings.TrimSpace(f.Payments); typed != "" {
		n, err := strconv.Atoi(typed)
		if err != nil || n < 1 || n > federation.MaxPayments {
			ps.add("payments", "error_season_payments", "Most", federation.MaxPayments)
		}
		p.Payments = n
	}
	if len(p.Dates) > 0 && p.UnitBased != nil && !*p.UnitBased {
		ps.add("unitBased", "error_season_lot")
	}
}

// maxSeason is for how many weeks one line may stand.
const maxSeason = 104

// DatesTyped writes dates as they are typed.
func DatesTyped(dates []time.Time, zone *time.Location) string {
	var b strings.Builder
	for _, d := range dates {
		b.WriteString(d.In(zone).Format("02/01/2006 15:04\n"))
	}
	return b.String()
}

// standing reads what makes a standing order of a date: the same thing again and
// again, until somebody ends it.
func (f OfferForm) standing(p *federation.Proposal, zone *time.Location, ps *Problems) {
	if f.Every == "" {
		return
	}
	if !slices.Contains(federation.Rhythms, f.Every) {
		ps.add("repeats", "error_standing_every")
		return
	}
	p.Every, p.Zone, p.Payments = f.Every, zone.String(), 0
	if len(p.Dates) != 1 {
		ps.add("dates", "error_standing_first")
	}
	p.NoticeDays = count(f.NoticeDays, "noticeDays", "error_standing_days", federation.MaxNoticeDays, ps)
	p.ChangeHours = count(f.ChangeHours, "changeHours", "error_cancel_hours", federation.MaxChangeHours, ps)
	if p.Threshold != nil {
		ps.add("threshold", "error_standing_threshold")
	}
	if slices.Contains(p.Modes, "timeBank") || slices.Contains(p.Modes, "localCurrency") {
		ps.add("exchangeMode", "error_standing_ledger")
	}
}

// count reads a number of days or hours; nothing typed is none.
func count(typed, field, message string, most int, ps *Problems) int {
	if typed = strings.TrimSpace(typed); typed == "" {
		return 0
	}
	n, err := strconv.Atoi(typed)
	if err != nil || n < 0 || n > most {
		ps.add(field, message, "Most", most)
	}
	return n
}
