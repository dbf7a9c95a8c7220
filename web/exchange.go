// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// The page of an exchange is for the two alone: a member who speaks for one of
// them, or whoever has the link from a letter. For all others it is the page of
// what does not exist.

// An exchangeView is an exchange as one of the two sees it.
type exchangeView struct {
	*locale.Printer
	*federation.Exchange

	URL       string
	Title     string // of the proposal
	About     string // its page; "" if there is none any more
	Need      bool
	Publisher bool // it is they who look
	Gives     bool // they hand over, rather than receive
	Other     *who // nil: somebody without an account
	OtherName string
	Address   string // of somebody without an account, for the publisher
	What      string
	Price     string
	Way       string
	Day       string
	Rhythm    string // of a standing order
	Back      string // when what is lent comes back
	Word      string // the state, in a word
	Class     string // of the badge
	Waiting   bool   // for them
	Now       string // what is to be done, in a sentence
	When      string // it last changed, how long ago
}

// exchangeData is what the page of an exchange shows.
type exchangeData struct {
	*exchangeView

	Form     *form
	As       string // who looks, if there are several
	Key      int64  // of the link of a letter; 0: signed in
	Secret   string
	Message  template.HTML
	Offered  []fact // other terms that are proposed
	Reason   string
	Line     []moment
	Talk     []talkLine
	Left     string // what they did not hand over or receive yet
	Part     bool   // it can be handed over in parts
	Told     string // what the other handed over, and they did not confirm
	PayLink  template.URL
	Pays     bool // there is something to pay, and not noted as paid by them
	PaidSum  string
	Priced   bool   // a price may be proposed in return
	Unpriced bool   // the other was not told what it costs, and nothing is agreed about that
	Meet     string // where it is handed over, once it is agreed
	Contact  string // whom to ask then
	Until    string // how long it may be cancelled
	Again    string // where to ask again, or for something else
	MayWrite bool
	Dates    []dateDay // of a season or a loan, the next ones
	Later    []dateDay
	Past     []dateDay // those that are over
	Dated    bool      // what is handed over is noted by the date
	Short    string    // what is missing of dates that they noted
	ShortAs  string    // as it is typed
	Standing *standingPart
	Loan     *loanPart
	Renewal  *renewalPart
	Prepare  string // where the publisher prepares the next season
	Receipt  string
	Mail     bool // letters can be sent
}

// A moment is a line of what happened.
type moment struct {
	At    time.Time
	When  string
	Stamp string
	Text  string
	Words string
	Icon  string
}

// A talkLine is something that one of the two wrote.
type talkLine struct {
	at      time.Time
	Name    string
	Mine    bool
	Content template.HTML
	When    string
	Stamp   string
}

// A door is how somebody came to an exchange: who of the two they are.
type door struct {
	x      *federation.Exchange
	me     federation.IRI
	as     string            // their voice
	by     *store.Respondent // came by the link of a letter
	author *store.Respondent // who takes part by our pages alone, if anybody does
}

// exchangeDoor lets in whoever may see the exchange of the path.
func (v *visit) exchangeDoor(ctx context.Context, tx *store.Tx) (*door, error) {
	id := v.local("/exchanges/" + v.r.PathValue("id"))
	none := fmt.Errorf("exchange %s: %w", id, federation.ErrNotFound)
	if v.r.FormValue("k") != "" {
		return v.letterDoor(ctx, tx, id)
	}
	if v.account == nil {
		return nil, errSignIn // whether or not there is one
	}
	x, err := tx.Exchange(ctx, id)
	if err != nil {
		return nil, err
	}
	if x.ID != id {
		return nil, none
	}
	d := &door{x: x}
	for _, a := range v.voices {
		if x.Party(a.ID) && (d.me == "" || a.Username == v.r.FormValue("as") || d.me != x.Waits() && a.ID == x.Waits() && v.r.FormValue("as") == "") {
			d.me, d.as = a.ID, a.Username
		}
	}
	if d.me == "" {
		return nil, none
	}
	d.author, err = tx.RespondentOf(ctx, x.ID)
	return d, ignoreMissing(err)
}

// letterDoor lets in whoever has the link of a letter.
func (v *visit) letterDoor(ctx context.Context, tx *store.Tx, id federation.IRI) (*door, error) {
	n, err := strconv.ParseInt(v.r.FormValue("g"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("exchange %s: %w", id, federation.ErrNotFound)
	}
	r, err := tx.Respondent(ctx, n, v.r.FormValue("k"))
	if err != nil {
		return nil, err
	}
	if r.Exchange != id {
		return nil, fmt.Errorf("exchange %s: %w", id, federation.ErrNotFound)
	}
	x, err := tx.Exchange(ctx, id)
	if err != nil {
		return nil, err
	}
	return &door{x: x, me: x.Partner, by: r, author: r}, nil
}

// exchangePage shows an exchange.
func (v *visit) exchangePage(ctx context.Context, tx *store.Tx) (*page, error) {
	d, err := v.exchangeDoor(ctx, tx)
	if err != nil {
		return nil, err
	}
	return v.exchangeShown(ctx, tx, d, nil)
}

// exchangeShown is the page for whoever came by a door; f is a form that had
// mistakes, if any.
func (v *visit) exchangeShown(ctx context.Context, tx *store.Tx, in *door, f *form) (*page, error) {
	o, err := v.proposalOf(ctx, tx, in.x, in.me)
	if err != nil {
		return nil, err
	}
	views, err := v.exchangeViews(ctx, tx, []*federation.Exchange{in.x}, func(*federation.Exchange) federation.IRI { return in.me })
	if err != nil {
		return nil, err
	}
	d := &exchangeData{exchangeView: views[0], As: in.as, Mail: v.Mail}
	if in.by != nil {
		d.Key, d.Secret, d.About = in.by.ID, in.by.Secret, v.publicPage(ctx, tx, o)
	}
	if d.Form = f; f == nil {
		d.Form = v.form(url.Values{})
		v.putTerms(d.Form, in.x.Terms)
		if st := in.x.Terms.Standing; st != nil {
			d.Form.values.Set("end.date", st.Earliest(v.Now()).In(v.zone()).Format(time.DateOnly))
		}
	}
	v.exchangeTerms(d, o, in.me)
	v.dateDays(d, o, in.me)
	d.Standing, d.Loan = v.standingPart(in.x), v.loanPart(in.x, in.me)
	if d.Renewal, err = v.renewalPart(ctx, tx, in.x, o); err != nil {
		return nil, err
	}
	if ends := in.x.Ends(); d.Publisher && d.Standing == nil && o.Local && !ends.IsZero() && in.x.Renewal == "" && ends.Before(v.Now().AddDate(0, 1, 0)) {
		d.Prepare = v.href(o) + "/renewal"
	}
	d.Line = v.timeline(in.x, o, d.exchangeView)
	if d.Talk, err = v.talkOf(ctx, tx, in, d.exchangeView); err != nil {
		return nil, err
	}
	p := &page{Name: "exchange", Title: v.words.T("page_exchange_of", "What", d.What, "Title", d.Title), Data: d, NoIndex: true, hard: in.by != nil, Problems: d.Form.mistakes}
	if len(p.Problems) > 0 {
		p.Status = http.StatusUnprocessableEntity
	}
	return p, nil
}

// publicPage is the page of a proposal that anybody may read; "" otherwise.
func (v *visit) publicPage(ctx context.Context, tx *store.Tx, o *federation.Object) string {
	if ok, err := tx.MayRead(ctx, "", o); err != nil || !ok || o.Gone() || !o.Local {
		return ""
	}
	return v.href(o)
}

// proposalOf returns the proposal that an exchange is about, as one of the two
// sees it, or one that says no more than its id.
func (v *visit) proposalOf(ctx context.Context, tx *store.Tx, x *federation.Exchange, me federation.IRI) (*federation.Object, error) {
	o, err := tx.Object(ctx, x.Proposal)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		return &federation.Object{ID: x.Proposal}, nil
	}
	if err != nil {
		return nil, err
	}
	return one(tx.SeenBy(ctx, []federation.IRI{me}, o))
}

// exchangeViews shows exchanges, each as one of its two sees it.
func (v *visit) exchangeViews(ctx context.Context, tx *store.Tx, list []*federation.Exchange, me func(*federation.Exchange) federation.IRI) ([]*exchangeView, error) {
	var ids, proposals, people []federation.IRI
	for _, x := range list {
		ids, proposals, people = append(ids, x.ID), append(proposals, x.Proposal), append(people, x.Other(me(x)))
	}
	objects, err := tx.Objects(ctx, proposals...)
	if err != nil {
		return nil, err
	}
	actors, err := tx.Actors(ctx, people...)
	if err != nil {
		return nil, err
	}
	authors, err := tx.Respondents(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var all []*exchangeView
	for _, x := range list {
		o := objects[x.Proposal]
		if o == nil || o.Gone() {
			o = &federation.Object{ID: x.Proposal}
		}
		if o, err = one(tx.SeenBy(ctx, []federation.IRI{me(x)}, o)); err != nil {
			return nil, err
		}
		e := v.exchangeView(x, o, me(x))
		if other := x.Other(me(x)); federation.IsGuest(v.Origin, other) {
			e.OtherName = v.words.T("page_exchange_somebody")
			if r := authors[x.ID]; r != nil {
				e.OtherName, e.Address = r.Name, r.Address
			}
		} else {
			e.Other = v.actorOf(actors[other], other)
			e.OtherName = e.Other.Name
		}
		e.Now = v.words.T(e.nowWord(), "Name", e.OtherName)
		all = append(all, e)
	}
	return all, nil
}

// exchangeView shows an exchange to one of its two.
func (v *visit) exchangeView(x *federation.Exchange, o *federation.Object, me federation.IRI) *exchangeView {
	p, ok := federation.ProposalOf(o)
	e := &exchangeView{
		Printer: v.words, Exchange: x, URL: v.exchangePath(x), Publisher: me == x.Publisher, Need: ok && p.Purpose == federation.PurposeRequest,
		What: outbox.AmountWords(v.words, o, x.Terms.Quantity), Price: outbox.SumWords(v.words, o, x.Terms.Price),
		Day: outbox.DueWords(v.words, x.Terms.Due, v.zone()), Word: v.words.T("page_exchange_" + x.State), Class: exchangeClasses[x.State],
		Waiting: x.Waits() == me, When: v.words.Ago(x.Updated, v.Now()),
	}
	e.Gives = e.Publisher != e.Need
	if st := x.Terms.Standing; st != nil {
		e.Rhythm = outbox.RhythmWords(v.words, st.Every, st.First.In(v.zone()))
	}
	e.Back = outbox.DueWords(v.words, x.Terms.Until, v.zone())
	if x.Terms.Mode != "" {
		e.Way = v.words.Word("mode", x.Terms.Mode)
	}
	if e.Title = glued(o.Name); ok {
		e.Title, e.About = v.card(o).Title, v.href(o)
	}
	if e.Title == "" {
		e.Title = v.words.T("page_exchange_untitled")
	}
	return e
}

// exchangeClasses are the classes of the badges of states.
var exchangeClasses = map[string]string{
	federation.ExchangeProposed: "warn", federation.ExchangeCountered: "warn", federation.ExchangeAgreed: "good", federation.ExchangeFulfilled: "good",
	federation.ExchangeRefused: "bad", federation.ExchangeCancelled: "bad",
}

// nowWord names the sentence that says who must do what.
func (e *exchangeView) nowWord() string {
	side := "partner"
	if e.Publisher {
		side = "publisher"
	}
	id := "page_exchange_now_" + e.State + "_" + side
	if e.State == federation.ExchangeAgreed {
		id = "page_exchange_now_agreed_waits"
		if !e.Waiting {
			id = "page_exchange_now_agreed"
		}
	}
	if !e.Has(id) {
		return "page_exchange_now_" + e.State
	}
	return id
}

// exchangeTerms fills in what may be done, and what is to be known for that.
func (v *visit) exchangeTerms(d *exchangeData, o *federation.Object, me federation.IRI) {
	x := d.Exchange
	p, _ := federation.ProposalOf(o)
	d.Message = safe(x.Terms.Message)
	d.Reason = outbox.ReasonWords(v.words, x.Reason)
	if x.Counter != nil && x.State == federation.ExchangeCountered {
		d.Offered = v.termFacts(o, *x.Counter)
	}
	left := federation.Quantity{Unit: x.Terms.Quantity.Unit, Value: x.Remaining(me)}
	if !left.Value.Zero() {
		d.Left = outbox.AmountWords(v.words, o, &left)
		d.Part = left.Value.Cmp("1") > 0 && (p.UnitBased == nil || *p.UnitBased)
	}
	if ahead := x.Done(federation.StepDelivered, x.Other(me)).Minus(x.Done(federation.StepDelivered, me)); !ahead.Zero() {
		d.Told = outbox.AmountWords(v.words, o, &federation.Quantity{Unit: left.Unit, Value: ahead})
	}
	if price := x.Terms.Price; price != nil {
		owed := federation.Quantity{Unit: price.Unit, Value: price.Value.Minus(x.Done(federation.StepPaid, me))}
		d.Pays = !owed.Value.Zero()
		d.PaidSum = outbox.SumWords(v.words, o, &owed)
	}
	if iri, err := federation.ParseIRI(x.Payment); err == nil && !d.Gives {
		d.PayLink = template.URL(iri) //nolint:gosec // ParseIRI takes http and https alone
	}
	if p.PriceOf(x.Terms.Quantity) != nil && len(d.Form.mistakes) == 0 {
		d.Form.values.Del("price") // it follows from the quantity
	}
	d.Priced = p.Reciprocal != nil && federation.Priced(x.Terms.Mode)
	d.Unpriced = d.Priced && d.Publisher && x.State == federation.ExchangeProposed && x.Terms.Price == nil && p.PriceOf(x.Terms.Quantity) != nil
	if p.CancelHours > 0 && !x.Terms.Due.IsZero() && !d.Publisher {
		d.Until = v.words.DateTime(x.Terms.Due.Add(-time.Duration(p.CancelHours) * time.Hour).In(v.zone()))
	}
	if d.About != "" && !d.Publisher && !p.Closed(o, v.Now()) {
		d.Again = "/respond?" + url.Values{"id": {string(x.Proposal)}, "again": {"1"}, "as": {d.As}}.Encode()
	}
	for _, c := range x.Terms.Schedule {
		switch c.Kind {
		case federation.StepDelivered:
			d.Dated = true
		case federation.StepPaid:
			d.Pays = false // each part by its date
		}
	}
	if short := x.Short(me); d.Dated && x.Terms.Standing == nil && !short.Zero() {
		d.Short = outbox.AmountWords(v.words, o, &federation.Quantity{Unit: left.Unit, Value: short})
		d.ShortAs = string(short)
	}
	d.MayWrite = true
	if x.State == federation.ExchangeAgreed || x.State == federation.ExchangeFulfilled {
		d.Receipt = d.URL + "/receipt" + d.Query()
		d.Meet, d.Contact = cmp.Or(x.Terms.Place, address(o.Location)), p.Contact
	}
}

// Query is what every address about the exchange ends in: who looks.
func (d *exchangeData) Query() string {
	if d.Key != 0 {
		return "?" + url.Values{"g": {strconv.FormatInt(d.Key, 10)}, "k": {d.Secret}}.Encode()
	}
	return "?" + url.Values{"as": {d.As}}.Encode()
}

// termFacts lists terms.
func (v *visit) termFacts(o *federation.Object, t federation.Terms) (all []fact) {
	for _, f := range []fact{
		{Label: "page_exchange_what", Text: outbox.AmountWords(v.words, o, t.Quantity), Icon: "package"},
		{Label: "page_price", Text: outbox.SumWords(v.words, o, t.Price), Icon: "tag"},
		{Label: "page_exchange_day", Text: outbox.DueWords(v.words, t.Due, v.zone()), Icon: "calendar"},
		{Label: "page_where", Text: t.Place, Icon: "map-pin"},
		{Label: "page_exchange_back", Text: outbox.DueWords(v.words, t.Until, v.zone()), Icon: "undo-2"},
	} {
		if f.Text != "" {
			f.Label = v.words.T(f.Label)
			all = append(all, f)
		}
	}
	return all
}

// Facts are the terms as they stand.
func (d *exchangeData) Facts() []fact {
	var all []fact
	for _, f := range []fact{
		{Label: d.T("page_exchange_what"), Text: d.What, Icon: "package"},
		{Label: d.T("page_modes"), Text: d.Way, Icon: "handshake"},
		{Label: d.T("page_price"), Text: d.priceWords(), Icon: "tag"},
		{Label: d.T("page_rhythm"), Text: d.Rhythm, Icon: "repeat"},
		{Label: d.T("page_exchange_day"), Text: d.Day, Icon: "calendar"},
		{Label: d.T("page_exchange_back"), Text: d.Back, Icon: "undo-2"},
		{Label: d.T("page_where"), Text: cmp.Or(d.Meet, d.Terms.Place), Icon: "map-pin"},
		{Label: d.T("page_contact_of"), Text: d.Contact, Icon: "message-circle"},
	} {
		if f.Text != "" {
			all = append(all, f)
		}
	}
	return all
}

// priceWords is the price, or what stands in its place.
func (d *exchangeView) priceWords() string {
	switch {
	case d.Price != "" && d.Rhythm != "":
		return d.T("page_exchange_each_time", "Price", d.Price)
	case d.Price != "":
		return d.Price
	case d.Terms.Mode == "freePrice":
		return d.T("page_exchange_free")
	case federation.Priced(d.Terms.Mode):
		return d.T("page_exchange_open_price")
	}
	return ""
}

// timeline lists what happened.
func (v *visit) timeline(x *federation.Exchange, o *federation.Object, e *exchangeView) (all []moment) {
	who := func(by federation.IRI) string {
		if (by == x.Publisher) == e.Publisher {
			return v.words.T("page_exchange_you")
		}
		return e.OtherName
	}
	add := func(at time.Time, icon, text, words string) {
		all = append(all, moment{at, v.words.DateTime(at.In(v.zone())), stamp(at), text, words, icon})
	}
	for _, m := range x.Turns {
		by := x.Publisher
		switch m.State {
		case federation.ExchangeProposed, federation.ExchangeWithdrawn:
			by = x.Partner
		case federation.MarkExtended:
			by = x.Provider()
		}
		words := m.Words
		if m.State == federation.ExchangeFulfilled {
			words = ""
		}
		add(m.At, momentIcons[m.State], v.words.T("page_exchange_line_"+m.State, "Name", who(by)), outbox.ReasonWords(v.words, words))
	}
	for _, s := range x.Steps {
		q := &federation.Quantity{Unit: x.Terms.Quantity.Unit, Value: s.Quantity}
		text := outbox.AmountWords(v.words, o, q)
		icon := "package-check"
		if s.Kind == federation.StepPaid {
			icon = "banknote"
			text = outbox.SumWords(v.words, o, &federation.Quantity{Unit: priceUnit(x), Value: s.Quantity})
		}
		add(s.At, icon, v.words.T("page_exchange_step_"+s.Kind, "Name", who(s.By), "What", text), vocab.Text(s.Words))
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.At.Compare(b.At) })
	return all
}

func priceUnit(x *federation.Exchange) string {
	if x.Terms.Price == nil {
		return "one"
	}
	return x.Terms.Price.Unit
}

var momentIcons = map[string]string{
	federation.ExchangeProposed: "send", federation.ExchangeCountered: "repeat-2", federation.ExchangeAgreed: "handshake", federation.ExchangeFulfilled: "circle-check",
	federation.ExchangeRefused: "ban", federation.ExchangeWithdrawn: "undo-2", federation.ExchangeCancelled: "ban",
	federation.MarkEnded: "calendar-check", federation.MarkKept: "info", federation.MarkExtended: "hourglass",
}

// talkOf reads what the two wrote to each other.
func (v *visit) talkOf(ctx context.Context, tx *store.Tx, in *door, e *exchangeView) (all []talkLine, err error) {
	x := in.x
	name := func(by federation.IRI) (string, bool) {
		if by == in.me {
			return v.words.T("page_exchange_you"), true
		}
		return e.OtherName, false
	}
	for _, s := range x.Said {
		n, mine := name(s.By)
		all = append(all, talkLine{s.At, n, mine, template.HTML(template.HTMLEscapeString(s.Text)), v.words.Ago(s.At, v.Now()), stamp(s.At)}) //nolint:gosec // escaped in this line
	}
	if !federation.IsGuest(v.Origin, x.Partner) {
		notes, err := tx.Talk(ctx, x.Publisher, x.Partner, x.ID, x.Offer, x.Agreement)
		if err != nil {
			return nil, err
		}
		if x.Recorded { // the message that it began with
			first, err := tx.Object(ctx, x.Offer.Document())
			if ignoreMissing(err) != nil {
				return nil, err
			}
			if err == nil && !first.Gone() {
				notes = append(notes, first)
			}
		}
		for _, n := range notes {
			if !slices.Contains(slices.Concat(n.To, n.Cc), x.Other(n.AttributedTo)) {
				continue // to others
			}
			by, mine := name(n.AttributedTo)
			all = append(all, talkLine{n.Published, by, mine, safe(n.Content), v.words.Ago(n.Published, v.Now()), stamp(n.Published)})
		}
	}
	slices.SortStableFunc(all, func(a, b talkLine) int { return a.at.Compare(b.at) })
	return all, nil
}

// receiptPage is what was agreed and handed over, to print.
func (v *visit) receiptPage(ctx context.Context, tx *store.Tx) (*page, error) {
	p, err := v.exchangePage(ctx, tx)
	if err != nil {
		return nil, err
	}
	d, ok := p.Data.(*exchangeData)
	if !ok || d.Receipt == "" {
		return nil, fmt.Errorf("a receipt: %w", federation.ErrNotFound)
	}
	p.Name, p.Title = "receipt", v.words.T("page_receipt")
	return p, nil
}
