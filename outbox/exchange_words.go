// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// articles are what people put before the name of a unit: "le panier".
var articles = []string{"le ", "la ", "les ", "l’", "l'", "un ", "une ", "the ", "a ", "an ", "par ", "per "}

// BareUnit is the name that a proposal gives its unit, without an article;
// "" if it gives none.
func BareUnit(o *federation.Object) string {
	name := SourceOf(o).UnitName
	for _, a := range articles {
		if len(name) > len(a) && strings.EqualFold(name[:len(a)], a) {
			return strings.TrimSpace(name[len(a):])
		}
	}
	return name
}

// AmountWords writes so much of a proposal: "5 kg", "2 × panier".
func AmountWords(words *locale.Printer, o *federation.Object, q *federation.Quantity) string {
	if q == nil {
		return ""
	}
	if unit := BareUnit(o); (q.Unit == "one" || q.Unit == "") && unit != "" {
		return words.Number(q.Value) + " × " + unit
	}
	return words.Quantity(q.Value, q.Unit)
}

// SumWords writes what is given in return in an exchange about a proposal; ""
// if there is nothing that could be counted.
func SumWords(words *locale.Printer, o *federation.Object, price *federation.Quantity) string {
	if price == nil {
		return ""
	}
	if price.Unit != "" && price.Unit != "one" {
		return words.Quantity(price.Value, price.Unit)
	}
	p, _ := federation.ProposalOf(o)
	if p.Reciprocal == nil {
		return words.Number(price.Value)
	}
	_, currency := p.Price()
	return words.Money(price.Value, currency)
}

// DueWords writes when something is to be handed over: a day, with its hour if
// one was agreed on.
func DueWords(words *locale.Printer, due time.Time, zone *time.Location) string {
	if due.IsZero() {
		return ""
	}
	due = due.In(zone)
	if due.Hour() == 0 && due.Minute() == 0 {
		return words.Date(due)
	}
	return words.DateTime(due)
}

// ReasonWords writes the reason of a refusal: one of ours is a message, one of
// theirs what they wrote.
func ReasonWords(words *locale.Printer, reason string) string {
	if strings.HasPrefix(reason, "error_") && words.Has(reason) {
		return words.T(reason)
	}
	return reason
}

// RhythmWords writes how often something is handed over: "chaque semaine, à
// partir du jeudi 3 décembre".
func RhythmWords(words *locale.Printer, every string, first time.Time) string {
	return words.T("post_every_"+every, "From", words.Day(first))
}
