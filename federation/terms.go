// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Terms are what two parties agree on: so much of this, for so much of that.
// A ValueFlows Agreement: what it stipulates and what in return.
type Terms struct {
	Quantity *Quantity // of the proposal's primary intent; never nil once checked
	Price    *Quantity // of its reciprocal intent; nil: nothing, to be agreed, or the choice of the one who pays
	Currency string    // what the price is in: a URI of Currencies or another; of hours, empty
	Mode     string    // one of ExchangeModes
	Due      time.Time // when it is to be handed over; may be zero
	Place    string    // where, in words
	Message  string    // sanitised HTML, from who asks

	Until    time.Time    `json:",omitzero"`  // of a loan: when it comes back
	Schedule []Commitment `json:",omitempty"` // what falls on which day, of a season or a loan
	Standing *Standing    `json:",omitempty"` // of a standing order; its Schedule is planned ahead
}

// Modes that a price belongs to. In the others nothing is owed that can be
// counted; of a free price, what somebody chose to give is their own business
// and is never kept.
var priced = []string{"sale", "localCurrency", "commitment", "timeBank", "sharedUse"}

// Informational modes can be announced, not agreed on here: capital is
// regulated, and public funding follows rules of its own.
var informational = []string{"capital", "publicFunding"}

// Priced reports whether a price belongs to a mode of exchange.
func Priced(mode string) bool { return slices.Contains(priced, mode) }

// Informational reports whether nothing can be agreed on here in a mode.
func Informational(mode string) bool { return slices.Contains(informational, mode) }

// Answerable reports whether something can be agreed on a proposal.
func (p Proposal) Answerable() bool {
	for _, m := range p.Modes {
		if !slices.Contains(informational, m) {
			return true
		}
	}
	return len(p.Modes) == 0
}

// Closed reports whether a proposal takes no more answers at a time.
func (p Proposal) Closed(o *Object, now time.Time) bool {
	return o.Gone() || len(p.Dates) > 0 && len(p.upcoming(now)) == 0 || p.Primary.Available != nil && p.Primary.Available.Value.Zero() || !o.End.IsZero() && now.After(o.End)
}

// Usual is how much of a proposal is asked for where nobody says how much: the
// least that may be.
func (p Proposal) Usual() Quantity {
	unit := Quantity{Unit: "one", Value: "1"}
	if p.Primary.Quantity != nil {
		unit = *p.Primary.Quantity
	}
	least := p.Primary.Minimum
	if least == nil || least.Value.Cmp(unit.Value) <= 0 || p.UnitBased != nil && !*p.UnitBased {
		return unit
	}
	if p.UnitBased != nil && !least.Value.multiple(unit.Value) {
		times := new(big.Rat).Quo(least.Value.Rat(), unit.Value.Rat())
		whole := new(big.Int).Add(new(big.Int).Quo(times.Num(), times.Denom()), big.NewInt(1))
		unit.Value = decimalOf(new(big.Rat).Mul(new(big.Rat).SetInt(whole), unit.Value.Rat()))
		return unit
	}
	return *least
}

// Check returns t as it can be agreed on at a time, completed with what follows
// from the proposal o; or a [FieldError] that names the property that cannot. Of
// what is not for everybody it says no figures.
func (p Proposal) Check(o *Object, t Terms, now time.Time) (Terms, error) {
	t, err := p.checked(o, t, now)
	var wrong *FieldError
	if errors.As(err, &wrong) && Withholds(o) {
		err = field(wrong.Field, wrong.Reason, "%s cannot be", wrong.Field)
	}
	return t, err
}

func (p Proposal) checked(o *Object, t Terms, now time.Time) (Terms, error) {
	switch {
	case !p.Answerable():
		return t, field("exchangeMode", "error_capital", "%s is information only", o.ID)
	case p.Closed(o, now):
		return t, field("object", "error_proposal_closed", "%s takes no more answers", o.ID)
	case !t.Due.IsZero() && t.Due.Before(now.Add(-24*time.Hour)):
		return t, field("due", "error_due_past", "%s is over", t.Due)
	}
	var err error
	if t.Mode, err = p.mode(t); err != nil {
		return t, err
	}
	if t.Quantity, err = p.quantity(t.Quantity); err != nil {
		return t, err
	}
	if t.Price, err = p.price(t, now); err != nil {
		return t, err
	}
	if !t.Until.IsZero() && (t.Until.Before(now) || t.Until.Before(t.Due)) {
		return t, field("endTime", "error_until", "back on %s, handed over on %s", t.Until, t.Due)
	}
	if t.Currency = ""; t.Price != nil && p.Reciprocal != nil {
		t.Currency = p.Reciprocal.ConformsTo
	}
	t.Schedule, t.Standing = nil, nil
	if p.Every != "" && (t.Mode == "timeBank" || t.Mode == "localCurrency") {
		return t, field("exchangeMode", "error_standing_ledger", "a standing order is not kept in a ledger")
	}
	return p.schedule(t, now), nil
}

// mode chooses the kind of exchange where it was not said.
func (p Proposal) mode(t Terms) (string, error) {
	switch {
	case slices.Contains(informational, t.Mode):
		return "", field("exchangeMode", "error_capital", "%s is information only", t.Mode)
	case t.Mode != "" && (len(p.Modes) == 0 || slices.Contains(p.Modes, t.Mode)):
		return t.Mode, nil
	case t.Mode != "":
		return "", field("exchangeMode", "error_mode", "%q is not offered", t.Mode)
	}
	for _, m := range p.Modes {
		if !slices.Contains(informational, m) && (len(p.Modes) == 1 || Priced(m) == (t.Price != nil)) {
			return m, nil
		}
	}
	for _, m := range p.Modes {
		if !slices.Contains(informational, m) {
			return m, nil
		}
	}
	return "", nil
}

// quantity holds what is asked for against what there is. FEP-0837: of a
// proposal per unit it is a multiple, of a lot the lot.
func (p Proposal) quantity(q *Quantity) (*Quantity, error) {
	unit := Quantity{Unit: "one", Value: "1"}
	if p.Primary.Quantity != nil {
		unit = *p.Primary.Quantity
	}
	if q == nil {
		q = &unit
	}
	least, left := p.Primary.Minimum, p.Primary.Available
	switch {
	case q.Unit != unit.Unit:
		return nil, field("resourceQuantity", "error_unit", "the unit %q is not %q", q.Unit, unit.Unit)
	case q.Value.Zero():
		return nil, field("resourceQuantity", "error_quantity_none", "nothing is asked for")
	case p.UnitBased != nil && !*p.UnitBased && q.Value.Cmp(unit.Value) != 0:
		return nil, field("resourceQuantity", "error_quantity_lot", "%s, but it goes as a whole: %s", q.Value, unit.Value)
	case p.UnitBased != nil && *p.UnitBased && !q.Value.multiple(unit.Value):
		return nil, field("resourceQuantity", "error_quantity_multiple", "%s is no multiple of %s", q.Value, unit.Value)
	case left != nil && left.Value.Cmp(q.Value) < 0:
		return nil, field("resourceQuantity", "error_stock", "%s asked for, %s left", q.Value, left.Value)
	case least != nil && q.Value.Cmp(least.Value) < 0 && (left == nil || left.Value.Cmp(least.Value) >= 0):
		return nil, field("resourceQuantity", "error_quantity_least", "%s, but the least is %s", q.Value, least.Value)
	}
	return &Quantity{q.Unit, q.Value}, nil
}

// price holds what is to be given in return against what the proposal says.
func (p Proposal) price(t Terms, now time.Time) (*Quantity, error) {
	asked := p.season(p.PriceOf(t.Quantity), now)
	switch {
	case t.Mode != "" && !Priced(t.Mode):
		return nil, nil
	case asked == nil:
		return t.Price, nil // to be agreed
	case t.Price == nil:
		return asked, nil
	case t.Price.Unit != asked.Unit || t.Price.Value.Cmp(asked.Value) != 0:
		return nil, field("reciprocal", "error_price", "%s, but it costs %s", t.Price.Value, asked.Value)
	}
	return t.Price, nil
}

// PriceOf returns what so much of a proposal costs, nil where that is to be
// agreed. Of a season it is the price of one date.
func (p Proposal) PriceOf(q *Quantity) *Quantity {
	if p.Reciprocal == nil || p.Reciprocal.Quantity == nil || p.UnitBased == nil {
		return nil
	}
	price := *p.Reciprocal.Quantity
	if !*p.UnitBased {
		return &price
	}
	per := big.NewRat(1, 1)
	if p.Primary.Quantity != nil && !p.Primary.Quantity.Value.Zero() {
		per = p.Primary.Quantity.Value.Rat()
	}
	sum := new(big.Rat).Mul(price.Value.Rat(), new(big.Rat).Quo(q.Value.Rat(), per))
	price.Value = decimalOf(sum)
	return &price
}

// same reports whether two terms promise the same.
func (t Terms) same(u Terms) bool {
	return sameQuantity(t.Quantity, u.Quantity) && sameQuantity(t.Price, u.Price)
}

func sameQuantity(q, r *Quantity) bool {
	if q == nil || r == nil {
		return q == r
	}
	return q.Unit == r.Unit && q.Value.Cmp(r.Value) == 0
}

// The wire form of an agreement. FEP-0837; exchangeMode is ours, due ValueFlows'.
type agreementWire struct {
	Type         string          `json:"type"`
	ID           IRI             `json:"id,omitempty"`
	AttributedTo IRI             `json:"attributedTo,omitempty"`
	Content      string          `json:"content,omitempty"`
	Stipulates   *commitmentWire `json:"stipulates"`
	Reciprocal   *commitmentWire `json:"stipulatesReciprocal,omitempty"`
	Mode         string          `json:"exchangeMode,omitempty"`
	Place        *placeWire      `json:"location,omitempty"`
	Until        string          `json:"endTime,omitempty"`
	Repeats      string          `json:"repeats,omitempty"`
	Zone         string          `json:"timezone,omitempty"`
	NoticeDays   int             `json:"noticeDays,omitempty"`
	ChangeHours  int             `json:"changeHours,omitempty"`
	Schedule     []dateWire      `json:"schedule,omitempty"`
	URL          *linkWire       `json:"url,omitempty"`
	Preview      *previewWire    `json:"preview,omitempty"`
}

type commitmentWire struct {
	ID        IRI       `json:"id,omitempty"`
	Type      string    `json:"type"`
	Satisfies IRI       `json:"satisfies"`
	Quantity  *Quantity `json:"resourceQuantity,omitempty"`
	Due       string    `json:"due,omitempty"`
}

// A dateWire is a part of an agreement that falls on a day.
type dateWire struct {
	Type     string  `json:"type"`
	Kind     string  `json:"kind"`
	Due      string  `json:"due"`
	Quantity Decimal `json:"hasNumericalValue"`
}

type placeWire struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

type linkWire struct {
	Type      string `json:"type"`
	Href      string `json:"href"`
	Rel       string `json:"rel"`
	MediaType string `json:"mediaType"`
}

type previewWire struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

// Agreement writes terms on a proposal as an Agreement. id and by are empty in
// an Offer: who agrees names it.
func (t Terms) Agreement(o *Object, id, by IRI) json.RawMessage {
	w := &agreementWire{ID: id, AttributedTo: by}
	if p, ok := ProposalOf(o); ok && id != "" && p.Payment != "" {
		w.URL = &linkWire{"Link", p.Payment, "payment", "text/html"}
	}
	return t.document(o, w)
}

func (t Terms) document(o *Object, w *agreementWire) json.RawMessage {
	p, _ := ProposalOf(o)
	w.Type, w.Content, w.Mode = agreementType, t.Message, t.Mode
	w.Stipulates = &commitmentWire{Type: "Commitment", Satisfies: p.Primary.named(o.ID, "#primary"), Quantity: t.Quantity}
	if !t.Due.IsZero() {
		w.Stipulates.Due = t.Due.Format(time.RFC3339)
	}
	if p.Reciprocal == nil && ReadersOf(o).Of(DetailPrice) != ReadersPublic {
		p.Reciprocal = &Intent{} // there is one, of which we were not told
	}
	if t.Price != nil && p.Reciprocal != nil {
		w.Reciprocal = &commitmentWire{Type: "Commitment", Satisfies: p.Reciprocal.named(o.ID, "#reciprocal"), Quantity: t.Price}
	}
	if !t.Until.IsZero() {
		w.Until = t.Until.Format(time.RFC3339)
	}
	if st := t.Standing; st != nil {
		w.Repeats, w.Zone, w.NoticeDays, w.ChangeHours = st.Every, st.Zone, st.NoticeDays, st.ChangeHours
		if !st.Last.IsZero() {
			w.Until = st.Last.Format(time.RFC3339)
		}
	}
	for _, c := range t.Schedule {
		w.Schedule = append(w.Schedule, dateWire{"Commitment", c.Kind, c.Due.Format(time.RFC3339), c.Quantity})
	}
	if t.Place != "" {
		w.Place = &placeWire{"Place", t.Place}
	}
	if w.ID != "" {
		w.Stipulates.ID = w.ID + "#primary"
		if w.Reciprocal != nil {
			w.Reciprocal.ID = w.ID + "#reciprocal"
		}
	}
	raw, err := json.Marshal(w)
	if err != nil { // only our own plain values come here
		return nil
	}
	return raw
}

// Document is what was agreed as it is served to the two.
func (x *Exchange) Document(o *Object) *Object {
	w := &agreementWire{ID: x.Agreement}
	if x.Payment != "" {
		w.URL = &linkWire{"Link", x.Payment, "payment", "text/html"}
	}
	if x.Status != "" {
		w.Preview = &previewWire{"Note", x.Status}
	}
	doc := &Object{ID: x.Agreement, Type: agreementType, AttributedTo: x.Publisher, Published: x.At, To: []IRI{x.Partner}}
	read(x.Terms.document(o, w), &doc.Extra)
	for _, name := range []string{"id", "type"} { // they have fields
		delete(doc.Extra, name)
	}
	return doc
}

// termsIn reads the terms of an agreement, and which proposal they are on.
// Only what a proposal's own intents are satisfied by counts: satisfies names
// the intent, and before its "#" the proposal.
func termsIn(m map[string]json.RawMessage) (t Terms, proposal IRI, err error) {
	primary, reciprocal := members(valueFlows(m, "stipulates")), members(valueFlows(m, "stipulatesReciprocal"))
	satisfies, err := ParseIRI(literal(valueFlows(primary, "satisfies")))
	if err != nil {
		return t, "", fmt.Errorf("%w: an agreement on nothing", ErrMalformed)
	}
	t.Quantity = quantityOf(valueFlows(primary, "resourceQuantity"))
	t.Price = quantityOf(valueFlows(reciprocal, "resourceQuantity"))
	if in := IRI(literal(valueFlows(reciprocal, "satisfies"))); reciprocal != nil && in.Document() != satisfies.Document() {
		return t, satisfies.Document(), field("stipulatesReciprocal", "error_intent_other", "an agreement on two proposals")
	}
	t.Mode = text(m["exchangeMode"])
	t.Due, _ = time.Parse(time.RFC3339, literal(valueFlows(primary, "due")))
	t.Until, _ = time.Parse(time.RFC3339, text(m["endTime"]))
	t.Place = brief(text(members(m["location"])["name"]))
	return t, satisfies.Document(), nil
}

// agreementIn reads an agreement of somebody's: what an Accept results in, or the
// terms that come with a Reject; nil if there is none.
func agreementIn(raw json.RawMessage, author IRI) (id IRI, t *Terms, err error) {
	m := members(raw)
	if m == nil {
		return "", nil, nil
	}
	id, by := IRI(text(m["id"])), IRI(text(m["attributedTo"]))
	if id != "" && !id.SameOrigin(author) || by != "" && by != author {
		return "", nil, fmt.Errorf("%w: the agreement %s is not %s's", ErrForbidden, id, author)
	}
	terms, _, err := termsIn(m)
	return id, &terms, err
}

// paymentOf returns the address at which an agreement says one may pay.
func paymentOf(agreement json.RawMessage) string {
	link := members(members(agreement)["url"])
	if href, err := ParseIRI(text(link["href"])); err == nil && text(link["rel"]) == "payment" {
		return string(href)
	}
	return ""
}

// members returns the members of a JSON object, or of the first of a list; nil
// if it is none.
func members(raw json.RawMessage) (m map[string]json.RawMessage) {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		var list []json.RawMessage
		if read(raw, &list); len(list) > 0 {
			raw = list[0]
		}
	}
	read(raw, &m)
	return m
}
