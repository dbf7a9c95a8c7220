// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"cmp"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// An OfferForm is an offer or a need as typed: every field is what stood in
// the form, so that it can be shown again beside what is wrong with it.
type OfferForm struct {
	CommonForm
	OpenForm
	Purpose   string // offer or request
	Modes     []string
	Action    string // goods or service
	Quantity  string // of what the price is for; empty: one
	Unit      string // one of federation.Units; empty: one
	UnitName  string // what one is called: "le panier"
	Available string // how much is left, or still needed
	Minimum   string
	Price     string
	Currency  string // EUR, CHF, hour, the name of a local currency or its URI; empty: EUR
	Per       string // unit, lot or open (to be agreed); empty: open
	Parts     []PartForm
	From      string // the first day
	Until     string // the last day, which counts in full
	Category  string // one of locale.Sectors

	AtOnce      bool   // what is asked for is agreed at once
	Threshold   string // bought in common: from how much on
	CancelHours string // how long before the hand-over one may still cancel
	Payment     string // where one may pay, a web address

	Dates    string // of a season: a line for each date, or for several a week apart
	Payments string // in how many parts a season may be paid

	// Of a standing order, whose first date stands in Dates.
	Every       string // one of federation.Rhythms; empty: no standing order
	NoticeDays  string // how many days before the end either has to say so
	ChangeHours string // how many hours before a date it may still be skipped or changed

	Renews federation.IRI // the proposal of the season before, if it goes on with one
}

// maxCancelHours is how long before the hand-over one may be bound: a month.
const maxCancelHours = 31 * 24

// A PartForm is one row of the break-up of a price.
type PartForm struct{ Name, Kind, Amount string }

// hourCurrency is the currency of time banks.
const hourCurrency = "hour"

// Object makes the offer or need, or tells all that is wrong.
func (f OfferForm) Object(c Composer) (*federation.Object, Problems) {
	var ps Problems
	o, s := c.object("Note", f.CommonForm, &ps)
	s.UnitName = cleanTitle(f.UnitName)
	if c.Old != nil {
		s.Available = SourceOf(c.Old).Available // still what Reopen gives back
	}
	f.validity(c, o, &s, &ps)
	f.proposal(c, &ps).Put(o)
	f.readers(o, f.Place.Town)
	return c.finish(o, s, ps)
}

// validity reads the first and the last day.
func (f OfferForm) validity(c Composer, o *federation.Object, s *Source, ps *Problems) {
	if f.From == "" && f.Until == "" {
		return
	}
	s.Timezone = c.zone().String()
	var ok bool
	if f.From != "" {
		if o.Start, ok = day(f.From, c.zone()); !ok {
			ps.add("startTime", "error_date")
		}
	}
	if f.Until == "" {
		return
	}
	last, ok := day(f.Until, c.zone())
	if !ok {
		ps.add("endTime", "error_date")
		return
	}
	o.End = time.Date(last.Year(), last.Month(), last.Day(), 23, 59, 59, 0, c.zone())
	switch {
	case o.End.Before(o.Start):
		ps.add("endTime", "error_end_before_start", "Start", c.words("").Day(o.Start), "End", c.words("").Day(o.End))
	case c.Old == nil && o.End.Before(c.Now):
		ps.add("endTime", "error_end_past")
	}
	c.sane(o.Start, "startTime", ps)
	c.sane(o.End, "endTime", ps)
}

func (f OfferForm) proposal(c Composer, ps *Problems) federation.Proposal {
	p := federation.Proposal{Purpose: f.Purpose, Category: f.Category, Modes: f.modes(ps)}
	if f.Purpose != federation.PurposeOffer && f.Purpose != federation.PurposeRequest {
		ps.add("purpose", "error_purpose")
	}
	if f.Category != "" && !slices.Contains(locale.Sectors, f.Category) {
		ps.add("resourceCategory", "error_category")
	}
	p.Primary = f.intent(ps)
	p.Reciprocal = f.reciprocal(c.Author.ID, ps)
	p.UnitBased = f.unitBased(ps)
	p.Breakdown = f.breakdown(ps)
	f.deal(&p, ps)
	f.season(&p, c.zone(), ps)
	f.standing(&p, c.zone(), ps)
	p.Renews = f.Renews
	f.put(&p, ps)
	return p
}

// deal reads how an agreement comes about.
func (f OfferForm) deal(p *federation.Proposal, ps *Problems) {
	p.AtOnce = f.AtOnce
	unit := "one"
	if p.Primary.Quantity != nil {
		unit = p.Primary.Quantity.Unit
	}
	if p.Threshold = amount(f.Threshold, unit, "threshold", ps); p.Threshold != nil && p.Threshold.Value.Zero() {
		p.Threshold = nil
	}
	switch {
	case p.Threshold == nil:
	case f.AtOnce:
		ps.add("threshold", "error_threshold_once")
	case f.Until == "":
		ps.add("threshold", "error_threshold_until")
	}
	if typed := strings.TrimSpace(f.CancelHours); typed != "" {
		p.CancelHours = count(typed, "cancelHours", "error_cancel_hours", maxCancelHours, ps)
	}
	if link := strings.TrimSpace(f.Payment); link != "" {
		iri, err := federation.ParseIRI(link)
		if err != nil {
			ps.add("paymentLink", "error_url")
		}
		p.Payment = string(iri)
	}
}

func (f OfferForm) modes(ps *Problems) []string {
	var all []string
	known := true
	for _, m := range f.Modes {
		switch {
		case m == "" || slices.Contains(all, m):
		case !slices.Contains(federation.ExchangeModes, m):
			ps.add("exchangeMode", "error_mode", "Value", m)
			known = false
		default:
			all = append(all, m)
		}
	}
	if len(all) == 0 && known {
		ps.add("exchangeMode", "error_modes_missing")
	}
	return all
}

// intent reads what is offered or sought.
func (f OfferForm) intent(ps *Problems) federation.Intent {
	i := federation.Intent{Action: "transfer"}
	switch f.Action {
	case "service":
		i.Action = "deliverService"
	case "", "goods":
	default:
		ps.add("action", "error_action")
	}
	unit := f.Unit
	if unit == "" {
		unit = "one"
	}
	if !slices.Contains(federation.Units, unit) {
		ps.add("hasUnit", "error_unit")
	}
	quantity := f.Quantity
	if strings.TrimSpace(quantity) == "" {
		quantity = "1"
	}
	i.Quantity = amount(quantity, unit, "resourceQuantity", ps)
	i.Available = amount(f.Available, unit, "availableQuantity", ps)
	i.Minimum = amount(f.Minimum, unit, "minimumQuantity", ps)
	if m, a := i.Minimum, i.Available; m != nil && a != nil && !a.Value.Zero() && m.Value.Cmp(a.Value) > 0 {
		ps.add("minimumQuantity", "error_minimum")
	}
	return i
}

// amount reads a number of units; nil if nothing was typed.
func amount(typed, unit, field string, ps *Problems) *federation.Quantity {
	if strings.TrimSpace(typed) == "" {
		return nil
	}
	d, err := federation.ParseDecimal(typed)
	if err != nil {
		ps.add(field, "error_number", "Value", typed)
		return nil
	}
	return &federation.Quantity{Unit: unit, Value: d}
}

// reciprocal reads what is asked in return; nil if no price was typed.
func (f OfferForm) reciprocal(author federation.IRI, ps *Problems) *federation.Intent {
	q := amount(f.Price, "one", "reciprocal", ps)
	if q == nil {
		return nil
	}
	i := &federation.Intent{Action: "transfer", Quantity: q}
	switch currency := strings.TrimSpace(f.Currency); {
	case currency == hourCurrency:
		i.Action, q.Unit = "deliverService", "hour"
	case currency == "":
		i.ConformsTo = federation.Currencies["EUR"]
	case federation.Currencies[currency] != "":
		i.ConformsTo = federation.Currencies[currency]
	case strings.Contains(currency, "://"):
		iri, err := federation.ParseIRI(currency)
		if err != nil {
			ps.add("reciprocal", "error_url")
		}
		i.ConformsTo = string(iri)
	default: // a name: the author issues it, until its issuer names it
		i.ConformsTo = localCurrency(author) + url.PathEscape(cleanTitle(currency))
	}
	return i
}

// localCurrency is where the currencies that an author knows by name only are
// named.
func localCurrency(author federation.IRI) string { return string(author.Document()) + "#" }

// unitBased tells whether the price is for each unit. FEP-0837.
func (f OfferForm) unitBased(ps *Problems) *bool {
	each := f.Per == "unit"
	switch f.Per {
	case "unit", "lot":
		return &each
	case "", "open":
	default:
		ps.add("unitBased", "error_per")
	}
	return nil
}

// breakdown reads the rows of the break-up, which have to make up the price.
// Empty rows are those nobody filled in.
func (f OfferForm) breakdown(ps *Problems) []federation.PricePart {
	var all []federation.PricePart
	total, sound := new(big.Rat), true
	for _, row := range f.Parts {
		if strings.TrimSpace(row.Name+row.Amount) == "" {
			continue
		}
		d, err := federation.ParseDecimal(row.Amount)
		if err != nil {
			ps.add("priceBreakdown", "error_number", "Value", row.Amount)
			sound = false
		}
		if !slices.Contains(federation.PartKinds, row.Kind) {
			ps.add("priceBreakdown", "error_part")
		}
		total.Add(total, d.Rat())
		all = append(all, federation.PricePart{Name: cleanTitle(row.Name), Kind: row.Kind, Amount: d})
	}
	price, err := federation.ParseDecimal(f.Price)
	if strings.TrimSpace(f.Price) != "" && err != nil || len(all) == 0 || !sound {
		return all
	}
	if total.Cmp(price.Rat()) != 0 {
		made := federation.Decimal(strings.TrimSuffix(strings.TrimRight(total.FloatString(6), "0"), "."))
		currency := cmp.Or(strings.TrimSpace(f.Currency), "EUR")
		ps.add("priceBreakdown", "error_breakdown", "Sum", sum{made, currency}, "Price", sum{price, currency})
	}
	return all
}

// OfferFormOf returns the form that makes the offer or need o, to edit it. Days
// are those of zone, the instance's own.
func OfferFormOf(o *federation.Object, zone *time.Location) OfferForm {
	p, _ := federation.ProposalOf(o)
	f := OfferForm{
		CommonForm: commonFormOf(o), OpenForm: openFormOf(o, p), Purpose: p.Purpose, Modes: p.Modes, Action: "goods",
		UnitName: SourceOf(o).UnitName, Per: "open", Category: p.Category,
	}
	if p.Primary.Action == "deliverService" {
		f.Action = "service"
	}
	if q := p.Primary.Quantity; q != nil {
		f.Quantity, f.Unit = string(q.Value), q.Unit
	}
	if q := p.Primary.Available; q != nil {
		f.Available = string(q.Value)
	}
	if q := p.Primary.Minimum; q != nil {
		f.Minimum = string(q.Value)
	}
	if p.UnitBased != nil {
		f.Per = "lot"
		if *p.UnitBased {
			f.Per = "unit"
		}
	}
	f.Price, f.Currency = priceOf(o, p)
	for _, part := range p.Breakdown {
		f.Parts = append(f.Parts, PartForm{part.Name, part.Kind, string(part.Amount)})
	}
	f.From, f.Until = dayIn(o.Start, zone), dayIn(o.End, zone)
	f.AtOnce, f.Payment = p.AtOnce, p.Payment
	f.Dates, f.Renews = DatesTyped(p.Dates, zone), p.Renews
	if f.Every = p.Every; p.Every != "" {
		f.NoticeDays, f.ChangeHours = strconv.Itoa(p.NoticeDays), strconv.Itoa(p.ChangeHours)
	}
	if p.Payments > 0 {
		f.Payments = strconv.Itoa(p.Payments)
	}
	if p.Threshold != nil {
		f.Threshold = string(p.Threshold.Value)
	}
	if p.CancelHours > 0 {
		f.CancelHours = strconv.Itoa(p.CancelHours)
	}
	return f
}

// priceOf returns price and currency as they are typed.
func priceOf(o *federation.Object, p federation.Proposal) (price, currency string) {
	amount, currency := p.Price()
	switch {
	case amount == "":
		return "", ""
	case p.Reciprocal.Quantity.Unit == "hour":
		return string(amount), hourCurrency
	}
	if name, ok := strings.CutPrefix(currency, localCurrency(o.AttributedTo)); ok {
		if name, err := url.PathUnescape(name); err == nil {
			return string(amount), name
		}
	}
	return string(amount), currency
}

func dayIn(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.DateOnly)
}
