// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// answersData is what the organiser of an event sees of the answers.
type answersData struct {
	Event   *card
	Numbers *answering
	Form    *form // to add somebody
	Tabs    []navLink
	Groups  []answerGroup
	People  int // who come, with whom they bring along
	Day     string
	Blank   []struct{} // lines to write on, of the sheet
	Slots   []*slotLine
	Who     []option // who may be given a slot
	Which   []option
}

// An answerGroup is everybody who answered the same.
type answerGroup struct {
	Key, Title, None string
	Lines            []answerLine
}

// People counts them, with whom they bring along.
func (g answerGroup) People() int {
	n := 0
	for _, l := range g.Lines {
		n += 1 + l.Companions
	}
	return n
}

// An answerLine is somebody's answer, by whatever door.
type answerLine struct {
	ID         federation.IRI // an actor, or a guest's name
	Who        *who           // nil: a guest
	Name       string
	Address    string
	Door       string // in words
	Companions int
	Words      string // to the organiser
	Slots      string // what they do, in words
	At         string
	Since      string // a date
}

// maxAnswers is how many answers of a kind the organiser's page shows.
const maxAnswers = 2000

// answersPage shows the organiser who comes.
func (v *visit) answersPage(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.answersList(ctx, tx, v.form(nil))
}

func (v *visit) answersList(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	d, err := v.answersOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	d.Form = f
	show := v.r.URL.Query().Get("show")
	here := d.Event.URL + "/answers"
	d.Tabs = []navLink{{URL: here, Name: v.words.T("page_answers_all"), Current: true}}
	shown := d.Groups
	for _, g := range d.Groups {
		l := navLink{URL: here + "?show=" + g.Key, Name: fmt.Sprintf("%s (%d)", g.Title, len(g.Lines)), Current: g.Key == show}
		if l.Current {
			d.Tabs[0].Current, shown = false, []answerGroup{g}
		}
		d.Tabs = append(d.Tabs, l)
	}
	d.Groups = shown
	return &page{Name: "answers", Title: v.words.T("page_answers"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// answersOf reads all answers to the event in the path, for its organiser.
func (v *visit) answersOf(ctx context.Context, tx *store.Tx) (*answersData, error) {
	o, err := v.own(ctx, tx)
	if err != nil {
		return nil, err
	}
	if o.Type != "Event" {
		return nil, fmt.Errorf("answers to a %s: %w", o.Type, federation.ErrNotFound)
	}
	d := &answersData{Event: v.card(o)}
	all, err := v.answers(ctx, tx, []*federation.Object{o})
	if err != nil {
		return nil, err
	}
	d.Numbers = all[o.ID]
	list, err := tx.Guests(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	invited, err := tx.GuestsInvited(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	guests := map[federation.IRI]*store.Guest{}
	for _, g := range slices.Concat(list, invited) {
		guests[g.Guest] = g
	}
	for _, q := range []struct {
		key, kind string
		pending   bool
	}{{"waiting", federation.Join, true}, {"coming", federation.Join, false}, {"maybe", federation.TentativeAccept, false}, {"invited", federation.Invite, true}} {
		g := answerGroup{Key: q.key, Title: v.words.T("page_answers_" + q.key), None: v.words.T("page_answers_" + q.key + "_none")}
		if g.Lines, err = v.answerLines(ctx, tx, q.kind, o.ID, q.pending, guests); err != nil {
			return nil, err
		}
		if q.key == "waiting" {
			slices.Reverse(g.Lines) // who waited longest comes first
		}
		if q.key == "coming" {
			d.People = g.People()
		}
		d.Groups = append(d.Groups, g)
	}
	absent := v.absent(list, guests)
	voted, err := v.answerLines(ctx, tx, federation.Asked, o.ID, false, guests)
	if err != nil {
		return nil, err
	}
	absent.Lines = append(absent.Lines, d.declined(voted)...)
	d.Groups = append(d.Groups, absent)
	return d, v.helpers(ctx, tx, o, d)
}

// helpers reads who does what, and whom the organiser may ask.
func (v *visit) helpers(ctx context.Context, tx *store.Tx, o *federation.Object, d *answersData) (err error) {
	if d.Slots, err = v.slotsOf(ctx, tx, o, ""); err != nil {
		return err
	}
	doing := map[federation.IRI][]string{}
	for _, s := range d.Slots {
		for _, h := range s.Helpers {
			doing[h.ID] = append(doing[h.ID], s.Name)
		}
		label := s.Name
		if s.When != "" {
			label += " · " + s.When
		}
		d.Which = append(d.Which, option{Value: s.Key, Label: label + " (" + s.Taken() + ")"})
	}
	for _, g := range d.Groups {
		for i := range g.Lines {
			g.Lines[i].Slots = strings.Join(doing[g.Lines[i].ID], ", ")
			if g.Key == "coming" || g.Key == "waiting" {
				d.Who = append(d.Who, option{Value: string(g.Lines[i].ID), Label: g.Lines[i].Name})
			}
		}
	}
	return nil
}

// decideAnswer accepts or refuses, for the organiser, that somebody comes.
func (v *visit) decideAnswer(ctx context.Context) (*page, error) {
	verb, done := federation.Accept, "accepted"
	if v.r.PostFormValue("answer") == "reject" {
		verb, done = federation.Reject, "rejected"
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		who := federation.IRI(v.r.PostFormValue("actor"))
		if federation.IsGuest(v.Origin, who) {
			return v.decideGuest(ctx, tx, o, who, verb)
		}
		e, err := tx.Edge(ctx, federation.Join, who, o.ID)
		if err != nil {
			return err
		}
		a := &federation.Activity{
			Type: verb, Actor: o.AttributedTo, Object: e.By, To: []federation.IRI{e.From},
			Inner: &federation.Activity{ID: e.By, Type: federation.Join, Actor: e.From, Object: e.To},
		}
		if verb == federation.Accept {
			if a, err = federation.Agreement(ctx, tx, o, e); err != nil {
				return err
			}
		}
		return outbox.PublishTx(ctx, tx, a)
	})
	if err != nil {
		return nil, err
	}
	return see("/objects/"+v.r.PathValue("id")+"/answers", done), nil
}

// decideGuest decides about somebody without an account, and writes to them.
func (v *visit) decideGuest(ctx context.Context, tx *store.Tx, o *federation.Object, who federation.IRI, verb string) error {
	g, err := tx.GuestNamed(ctx, who)
	if err != nil {
		return err
	}
	if g.Event != o.ID {
		return fmt.Errorf("%s: %w", who, federation.ErrNotFound)
	}
	if verb == federation.Accept {
		if err := federation.Admit(ctx, tx, g.Guest, o.ID); err != nil {
			return err
		}
		g.Told = store.GuestYes
		if err := tx.PutGuest(ctx, g); err != nil {
			return err
		}
		return v.writeGuest(ctx, tx, o, g, "yes")
	}
	g.Answer = store.GuestNo
	if _, err := outbox.AnswerTx(ctx, tx, g); err != nil {
		return err
	}
	if g.Address == "" {
		return tx.DropGuest(ctx, g.ID) // written down by mistake
	}
	return v.writeGuest(ctx, tx, o, g, "refused")
}

// writeGuest queues a letter about what became of an answer.
func (v *visit) writeGuest(ctx context.Context, tx *store.Tx, o *federation.Object, g *store.Guest, what string) error {
	if g.Address == "" {
		return nil
	}
	words := locale.New(g.Language)
	m := &store.Mail{
		Kind: "guest", To: g.Address, Subject: words.T("mail_guest_"+what+"_subject", "Title", cut(o.Name, 100)),
		Body: words.T("mail_guest_"+what+"_body", "Title", cut(o.Name, 100), "When", v.in(words).when(o, federation.EventOf(o)),
			"Where", where(o.Location), "Site", v.facts.name(), "URL", v.Origin+guestPath(g), "Page", o.ID),
	}
	method := "REQUEST"
	if what == "refused" {
		method = "CANCEL"
	}
	if err := outbox.AddInvitation(ctx, tx, m, o, g, method); err != nil {
		return err
	}
	return tx.QueueMail(ctx, m)
}

// addGuest writes somebody down who said that they come: by telephone, at the
// market. The organiser may go over the number of places.
func (v *visit) addGuest(ctx context.Context) (p *page, err error) {
	f := v.posted()
	g := &store.Guest{Answer: store.GuestYes, Language: v.words.Lang(), Confirmed: v.Now(), Told: store.GuestYes}
	if g.Name = cut(f.Value("name"), maxGuestName); g.Name == "" {
		f.wrong("name", "form_guest_name_missing")
	}
	g.Companions, g.Message = party(f)
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		if len(f.mistakes) > 0 {
			p, err = v.answersList(ctx, tx, f)
			return err
		}
		g.Event = o.ID
		if err := tx.PutGuest(ctx, g); err != nil {
			return err
		}
		if _, err := outbox.AnswerTx(ctx, tx, g); err != nil {
			return err
		}
		return federation.Admit(ctx, tx, g.Guest, o.ID)
	})
	if err != nil || p != nil {
		return p, err
	}
	return see("/objects/"+v.r.PathValue("id")+"/answers", "guest_added"), nil
}

// answersTable is the list for spreadsheets.
func (v *visit) answersTable(ctx context.Context, tx *store.Tx) (*page, error) {
	d, err := v.answersOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	var head []string
	for _, id := range []string{"form_answers_name", "page_answers_address", "page_answers_answer", "page_sheet_with", "page_sheet_words", "page_slots", "page_answers_door", "page_answers_since"} {
		head = append(head, v.words.T(id))
	}
	rows := [][]string{head}
	for _, g := range d.Groups {
		for _, l := range g.Lines {
			rows = append(rows, []string{l.Name, l.Address, g.Title, strconv.Itoa(l.Companions), l.Words, l.Slots, l.Door, l.Since})
		}
	}
	name := strings.Trim(d.Event.URL[strings.LastIndexByte(d.Event.URL, '/')+1:], ".")
	return fetch("answers-"+name+".csv", "text/csv; charset=utf-8", sheetOf(rows)), nil
}

// blankLines is how many empty lines a sheet has for those who just come.
const blankLines = 12

// signUpSheet is the list to print: names to tick off, and lines for more.
func (v *visit) signUpSheet(ctx context.Context, tx *store.Tx) (*page, error) {
	d, err := v.answersOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, g := range d.Groups { // as one looks for a name
		slices.SortStableFunc(g.Lines, func(a, b answerLine) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	}
	d.Day, d.Blank = v.words.Day(v.Now().In(v.zone())), make([]struct{}, blankLines)
	return &page{Name: "answers_sheet", Title: v.words.T("page_sheet"), Data: d, NoIndex: true}, nil
}
