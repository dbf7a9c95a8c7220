// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"time"
)

// proposal is an offer or a need: a Note that a Mastodon reader can read and
// whose FEP-0837 properties a marketplace can act upon.
var proposal = Noun{
	Type:    "Proposal",
	Context: proposalContext,
	Check: func(o *Object) error {
		p, _ := ProposalOf(o)
		if o.Name == "" && o.Content == "" {
			return field("name", "error_name_missing", "a proposal without a name")
		}
		if !o.Start.IsZero() && !o.End.IsZero() && o.End.Before(o.Start) {
			return field("endTime", "error_end_before_start", "valid until %s, before it begins at %s", o.End, o.Start)
		}
		return p.check()
	},
	Index: func(o *Object) Index {
		p, _ := ProposalOf(o)
		x := index(o)
		x.Kind, x.Modes = "offer", p.Modes
		if p.Purpose == PurposeRequest {
			x.Kind = "need"
		}
		x.Category = p.Category
		if p.Primary.Available != nil && p.Primary.Available.Value.Zero() {
			x.Closed = true
		}
		return x
	},
}

// Purposes of a proposal. FEP-0837.
const (
	PurposeOffer   = "offer"
	PurposeRequest = "request"
)

// ExchangeModes lists how an exchange may be made, the field's vocabulary
// (domain "mode") as it stands in exchangeMode on the wire.
var ExchangeModes = []string{
	"sale", "localCurrency", "barter", "gift", "loan", "sharedUse",
	"volunteering", "timeBank", "freePrice", "commitment", "capital", "publicFunding",
}

// Units lists the units of quantities: names of the Ontology of units of
// Measure (OM 2), as FEP-0837 asks.
var Units = []string{
	"one", "kilogram", "gram", "litre", "metre", "squareMetre", "hour", "day", "month", "kilowattHour", "kilometre",
}

// PartKinds lists who a part of a price goes to.
var PartKinds = []string{"production", "processing", "logistics", "distribution", "platform", "solidarity", "tax", "other"}

// A Proposal is the typed view of an offer or a need. ValueFlows Proposal in
// the shape of FEP-0837, plus our exchangeMode and priceBreakdown.
type Proposal struct {
	Purpose    string  // PurposeOffer or PurposeRequest
	Primary    Intent  // what is offered or sought
	Reciprocal *Intent // what is asked in return; nil if open or nothing
	UnitBased  *bool   // true: per unit; false: for the lot; nil: to be agreed
	Modes      []string
	Category   string      // a code of the domain's sectors
	Breakdown  []PricePart // of the price in Reciprocal; may be empty

	AtOnce      bool        // what can be agreed on is agreed at once, while there is some
	Threshold   *Quantity   // bought in common: agreed with everyone once so much is asked for
	Dates       []time.Time // of a season: when a share is handed over
	Payments    int         // of a season: in how many parts it may be paid; 0: one
	CancelHours int         // how long before the hand-over who asked may still cancel; 0: until then
	Payment     string      // where one may pay, an address outside; may be empty

	// Of a standing order: Dates has its first date alone, and no end.
	Every       string // one of Rhythms
	Zone        string // by whose clocks, an IANA name
	NoticeDays  int    // how long before the end either has to say so
	ChangeHours int    // how long before a date it may still be skipped or changed

	Renews IRI // the proposal of the season before this one

	Contact        string // whom to call or write to, in words
	Intermediaries *int   // how many stand between who makes it and who uses it; nil: not said
	Produced       *Place // where it is made; nil: not said
}

// MaxIntermediaries is how many may be said: more is a slip of the pen.
const MaxIntermediaries = 9

// An Intent is one side of a proposal.
type Intent struct {
	ID         IRI    // as its author named it; may be empty
	Action     string // transfer or deliverService
	ConformsTo string // resourceConformsTo: what it is, any URI
	Quantity   *Quantity
	Available  *Quantity // what is left
	Minimum    *Quantity // the least one may ask for
}

// A Quantity is a number of units.
type Quantity struct {
	Unit  string  `json:"hasUnit"`
	Value Decimal `json:"hasNumericalValue"`
}

// A PricePart says what a part of the price is for.
type PricePart struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"` // one of PartKinds
	Amount Decimal `json:"amount"`
}

// Currencies maps a currency's ISO code to the URI that names it on the wire.
// A local currency is named by the URI its issuer gave it.
var Currencies = map[string]string{
	"EUR": "https://www.wikidata.org/wiki/Q4916",
	"CHF": "https://www.wikidata.org/wiki/Q25344",
}

// ProposalOf reads the proposal in o and reports whether o is one: any object
// with a purpose of offer or request that publishes an intent (FEP-2277), with
// bare names or behind the prefix "vf:".
func ProposalOf(o *Object) (Proposal, bool) {
	get := func(name string) json.RawMessage { return valueFlows(o.Extra, name) }
	if !isProposal(o) {
		return Proposal{}, false
	}
	p := Proposal{Purpose: literal(get("purpose")), Primary: intentOf(get("publishes"))}
	if raw := get("reciprocal"); len(raw) > 0 && string(raw) != "null" {
		i := intentOf(raw)
		p.Reciprocal = &i
	}
	read(get("unitBased"), &p.UnitBased)
	p.Modes = texts(o.Extra["exchangeMode"])
	p.Category = text(o.Extra["resourceCategory"])
	read(o.Extra["priceBreakdown"], &p.Breakdown)
	read(o.Extra["agreesAtOnce"], &p.AtOnce)
	read(o.Extra["cancelHours"], &p.CancelHours)
	read(o.Extra["dates"], &p.Dates)
	read(o.Extra["payments"], &p.Payments)
	p.Payments = max(0, min(p.Payments, MaxPayments))
	p.Threshold = quantityOf(o.Extra["threshold"])
	p.readStanding(o)
	p.Renews = renewsIn(o.Extra["renews"])
	p.Payment = text(o.Extra["paymentLink"])
	p.Contact = text(o.Extra["contact"])
	if read(o.Extra["intermediaries"], &p.Intermediaries); p.Intermediaries != nil && (*p.Intermediaries < 0 || *p.Intermediaries > MaxIntermediaries) {
		p.Intermediaries = nil
	}
	p.Produced = producedAt(o.Extra["producedAt"])
	return p, true
}

// isProposal reports whether there is one in o.
func isProposal(o *Object) bool {
	purpose := literal(valueFlows(o.Extra, "purpose"))
	return (purpose == PurposeOffer || purpose == PurposeRequest) && len(valueFlows(o.Extra, "publishes")) > 0
}

// The vocabularies of FEP-0837. Fedify writes their names in full within an
// activity, as the context of that does not have them.
const (
	ValueFlows = "https://w3id.org/valueflows/ont/vf#"
	om2        = "http://www.ontology-of-units-of-measure.org/resource/om-2/"
)

// valueFlows returns a property, by its bare name, behind the prefix or in full.
func valueFlows(m map[string]json.RawMessage, name string) json.RawMessage {
	return oneOf(m, name, "vf:"+name, ValueFlows+name)
}

// oneOf returns the first of some properties that there is.
func oneOf(m map[string]json.RawMessage, names ...string) json.RawMessage {
	for _, name := range names {
		if raw, ok := m[name]; ok {
			return raw
		}
	}
	return nil
}

// literal returns a string or a number as a string, also from within what JSON-LD
// makes of it where a context does not say its type: {"type": "xsd:decimal",
// "@value": "2"} of a value, {"id": "https://..."} of an address.
func literal(raw json.RawMessage) string {
	if s := text(raw); s != "" {
		return s
	}
	var n json.Number
	if read(raw, &n); n != "" {
		return string(n)
	}
	inner := oneOf(members(raw), "@value", "id", "@id")
	if read(inner, &n); n != "" {
		return string(n)
	}
	return text(inner)
}

// Put writes p into the properties of o.
func (p Proposal) Put(o *Object) {
	o.put("purpose", p.Purpose)
	o.put("publishes", p.Primary.wire(o.ID+"#primary"))
	delete(o.Extra, "reciprocal")
	if p.Reciprocal != nil {
		o.put("reciprocal", p.Reciprocal.wire(o.ID+"#reciprocal"))
	}
	delete(o.Extra, "unitBased")
	if p.UnitBased != nil {
		o.put("unitBased", *p.UnitBased)
	}
	o.put("exchangeMode", slices.Concat([]string{}, p.Modes))
	o.put("resourceCategory", p.Category)
	delete(o.Extra, "priceBreakdown")
	if len(p.Breakdown) > 0 {
		o.put("priceBreakdown", p.Breakdown)
	}
	for name, v := range map[string]any{
		"agreesAtOnce": p.AtOnce, "cancelHours": p.CancelHours, "threshold": p.Threshold, "dates": p.Dates, "payments": p.Payments, "paymentLink": p.Payment, "repeats": p.Every, "noticeDays": p.NoticeDays, "changeHours": p.ChangeHours,
		"contact": p.Contact, "intermediaries": p.Intermediaries, "producedAt": placeOf(p.Produced),
	} {
		if delete(o.Extra, name); !reflect.ValueOf(v).IsZero() {
			o.put(name, v)
		}
	}
	if p.Every != "" {
		o.put("timezone", p.Zone)
	}
	p.putRenews(o)
}

// readStanding reads how often something is handed over; a rhythm that is not
// known here is none.
func (p *Proposal) readStanding(o *Object) {
	if every := text(o.Extra["repeats"]); slices.Contains(Rhythms, every) {
		p.Every, p.Zone = every, text(o.Extra["timezone"])
		read(o.Extra["noticeDays"], &p.NoticeDays)
		read(o.Extra["changeHours"], &p.ChangeHours)
		p.NoticeDays, p.ChangeHours = max(0, min(p.NoticeDays, MaxNoticeDays)), max(0, min(p.ChangeHours, MaxChangeHours))
	}
}

// Price returns what is asked in return and in which currency: a code of
// [Currencies], or the URI of another unit.
func (p Proposal) Price() (amount Decimal, currency string) {
	if p.Reciprocal == nil || p.Reciprocal.Quantity == nil {
		return "", ""
	}
	for code, uri := range Currencies {
		if uri == p.Reciprocal.ConformsTo {
			return p.Reciprocal.Quantity.Value, code
		}
	}
	return p.Reciprocal.Quantity.Value, p.Reciprocal.ConformsTo
}

// MaxPayments is in how many parts a season may be paid.
const MaxPayments = 12

func (p Proposal) check() error {
	if err := p.checkDates(); err != nil {
		return err
	}
	for _, q := range []struct {
		name string
		q    *Quantity
	}{
		{"resourceQuantity", p.Primary.Quantity},
		{"availableQuantity", p.Primary.Available},
		{"minimumQuantity", p.Primary.Minimum},
		{"threshold", p.Threshold},
	} {
		if q.q == nil {
			continue
		}
		if d, err := ParseDecimal(string(q.q.Value)); err != nil || d == "" {
			return field(q.name, "error_number", "%q is not a number", q.q.Value)
		}
		if p.Primary.Quantity != nil && q.q.Unit != p.Primary.Quantity.Unit {
			return field(q.name, "error_unit", "the unit %q is not %q", q.q.Unit, p.Primary.Quantity.Unit)
		}
	}
	if len(p.Breakdown) == 0 {
		return nil
	}
	total, sum := new(big.Rat), new(big.Rat)
	if p.Reciprocal != nil && p.Reciprocal.Quantity != nil {
		total = p.Reciprocal.Quantity.Value.Rat()
	}
	for _, part := range p.Breakdown {
		if _, err := ParseDecimal(string(part.Amount)); err != nil {
			return field("priceBreakdown", "error_number", "%q is not a number", part.Amount)
		}
		sum.Add(sum, part.Amount.Rat())
	}
	if sum.Cmp(total) != 0 {
		return field("priceBreakdown", "error_breakdown", "the parts make %s, the price is %s", decimalOf(sum), decimalOf(total))
	}
	return nil
}

// The wire form of an intent. hasNumericalValue is a string.
type intentWire struct {
	Type       string    `json:"type"`
	ID         IRI       `json:"id,omitempty"`
	Action     string    `json:"action"`
	ConformsTo string    `json:"resourceConformsTo,omitempty"`
	Quantity   *Quantity `json:"resourceQuantity,omitempty"`
	Available  *Quantity `json:"availableQuantity,omitempty"`
	Minimum    *Quantity `json:"minimumQuantity,omitempty"`
}

func (i Intent) wire(id IRI) intentWire {
	return intentWire{"Intent", id, first(i.Action, "transfer"), i.ConformsTo, i.Quantity, i.Available, i.Minimum}
}

// named is the id of an intent of the proposal, which by FEP-0837 has a
// fragment of its own.
func (i Intent) named(proposal IRI, fragment string) IRI {
	if i.ID.Document() == proposal {
		return i.ID
	}
	return proposal + IRI(fragment)
}

// intentOf reads an intent, or the first of a list of them.
func intentOf(raw json.RawMessage) Intent {
	m := members(raw)
	get := func(name string) json.RawMessage { return valueFlows(m, name) }
	return Intent{
		ID:     IRI(text(get("id"))),
		Action: literal(get("action")), ConformsTo: literal(get("resourceConformsTo")),
		Quantity: quantityOf(get("resourceQuantity")), Available: quantityOf(get("availableQuantity")),
		Minimum: quantityOf(get("minimumQuantity")),
	}
}

// quantityOf reads a measure whose number may be a string or, from careless
// peers, a JSON number.
func quantityOf(raw json.RawMessage) *Quantity {
	m := members(raw)
	get := func(name string) json.RawMessage { return oneOf(m, name, "om2:"+name, "vf:"+name, om2+name) }
	d, err := ParseDecimal(literal(get("hasNumericalValue")))
	if err != nil {
		return nil
	}
	return &Quantity{Unit: first(literal(get("hasUnit")), "one"), Value: d}
}

// texts reads a list of strings, or a single one.
func texts(raw json.RawMessage) []string {
	var list []string
	if read(raw, &list); len(list) == 0 {
		if s := text(raw); s != "" {
			return []string{s}
		}
		return nil
	}
	return list
}

// addresses reads a list of addresses, or a single one, given or inside objects.
func addresses(raw json.RawMessage) (found []string) {
	var list []json.RawMessage
	if read(raw, &list); list == nil {
		list = []json.RawMessage{raw}
	}
	for _, r := range list {
		if s := literal(r); s != "" {
			found = append(found, s)
		}
	}
	return found
}
