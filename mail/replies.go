// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/textproto"
	"regexp"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // letters are written in many

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// Bounds of a letter that comes in.
const (
	MaxReply    = 1 << 20 // bytes
	maxNesting  = 5       // of parts in parts
	maxParts    = 30
	maxCalendar = 128 << 10
	maxPlain    = 64 << 10
	maxWords    = 4 // of the first line, where a word is the answer
)

// ErrNoReply is in the error of a letter that is no answer to us, or one that
// we do not take: nothing changes, and nobody is written to.
var ErrNoReply = errors.New("not taken as an answer")

// Replies takes in answers to events that come by mail: those that a calendar
// sends (iTIP, RFC 5546 and 6047), or a single word. Who answers is known by the
// address that the letter came to: each guest has one of their own, which nobody
// else can guess. What stands in From counts for nothing. Nobody is answered,
// but a guest who has to wait for a place, at the address we know.
type Replies struct {
	DB      *store.DB
	Log     *slog.Logger
	Address string // without the guests' keys: reponses@amap.example
}

// An answer is what a letter says.
type answer struct {
	key     string // of the address it came to
	uid     string // of the event; empty if it is only a word
	says    string // one of the store.GuestXxx constants
	comment string
}

// Take reads one letter and lets the answer in it count. An error that is
// [ErrNoReply] is the last word; after any other it makes sense to try again.
func (r *Replies) Take(ctx context.Context, letter io.Reader) error {
	a, err := r.read(letter)
	if err != nil {
		return err
	}
	var g *store.Guest
	var state string
	err = r.DB.Update(ctx, func(tx *store.Tx) (err error) {
		g, state, err = a.count(ctx, tx)
		return err
	})
	switch {
	case errors.Is(err, federation.ErrNotFound):
		return fmt.Errorf("%w: nobody has this address, or the event is another", ErrNoReply)
	case errors.Is(err, federation.ErrConflict), errors.Is(err, federation.ErrGone):
		return fmt.Errorf("%w: the event takes no answers any more", ErrNoReply)
	case err != nil:
		return err
	}
	r.Log.InfoContext(ctx, "answer by mail", "event", g.Event, "answer", a.says, "state", state)
	return nil
}

// count lets an answer count through the same gate as all others.
func (a *answer) count(ctx context.Context, tx *store.Tx) (g *store.Guest, state string, err error) {
	if g, err = tx.GuestByMailKey(ctx, a.key); err != nil {
		return nil, "", err
	}
	o, err := tx.Object(ctx, g.Event)
	if err != nil {
		return g, "", err
	}
	if o.Gone() || a.uid != "" && a.uid != outbox.EntryOf(o, "", time.UTC).UID {
		return g, "", fmt.Errorf("event of guest %d: %w", g.ID, federation.ErrNotFound)
	}
	g.Answer = a.says
	if a.comment != "" {
		g.Message = a.comment
	}
	if g.Confirmed.IsZero() {
		if member, err := outbox.AnswerAsMember(ctx, tx, g); member || err != nil {
			return g, "member", err
		}
		g.Confirmed = tx.Now()
	}
	before := g.Told
	if state, err = outbox.AnswerTx(ctx, tx, g); err != nil || state != store.GuestWaiting || before == state {
		return g, state, err
	}
	return g, state, tellWaiting(ctx, tx, o, g)
}

// tellWaiting writes to whoever accepted, and believes that they have a place.
func tellWaiting(ctx context.Context, tx *store.Tx, o *federation.Object, g *store.Guest) error {
	words := locale.New(g.Language)
	title := oneLine(o.Name)
	m := &store.Mail{
		Kind: "guest", To: g.Address, Subject: words.T("mail_guest_waiting_subject", "Title", title),
		Body: words.T("mail_guest_waiting_body", "Title", title, "URL", guestPage(tx, g), "Page", o.ID),
	}
	if err := outbox.AddInvitation(ctx, tx, m, o, g, ""); err != nil {
		return err
	}
	return tx.QueueMail(ctx, m)
}

// read finds the answer in a letter.
func (r *Replies) read(letter io.Reader) (*answer, error) {
	raw, err := io.ReadAll(io.LimitReader(letter, MaxReply+1))
	if err != nil {
		return nil, fmt.Errorf("letter: %w", err)
	}
	if len(raw) > MaxReply {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrNoReply, MaxReply)
	}
	e, err := message.Read(bytes.NewReader(raw))
	if e == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil, fmt.Errorf("%w: it is no letter", ErrNoReply)
	}
	if why := automatic(e.Header); why != "" {
		return nil, fmt.Errorf("%w: %s", ErrNoReply, why)
	}
	key := r.keyIn(e.Header)
	if key == "" {
		return nil, fmt.Errorf("%w: it came to no guest's address", ErrNoReply)
	}
	var p parts
	if err := p.collect(e, 0); err != nil {
		return nil, err
	}
	a, err := p.answer()
	if err != nil {
		return nil, err
	}
	a.key = key
	return a, nil
}

// automatic says why a letter is one that a machine wrote without being asked
// to: a holiday note, a report of what could not be delivered, a letter of ours
// that came back, a list. RFC 3834.
func automatic(h message.Header) string {
	kind, _, _ := h.ContentType()
	value := func(name string) string { return strings.ToLower(strings.TrimSpace(h.Get(name))) }
	switch {
	case value("Auto-Submitted") != "" && !strings.HasPrefix(value("Auto-Submitted"), "no"):
		return "it was sent by itself"
	case kind == "multipart/report" || h.Has("Return-Path") && value("Return-Path") == "<>":
		return "it is a report of what was not delivered"
	case value("Precedence") == "bulk", value("Precedence") == "list", value("Precedence") == "junk", h.Has("List-Id"):
		return "it is of a list"
	case ourMessage.MatchString(value("Message-Id")):
		return "it is ours, or of a server like ours"
	}
	return ""
}

// ourMessage is a Message-Id as we make them.
var ourMessage = regexp.MustCompile(`^<?[0-9]+\.[0-9]+\.mail@`)

// keyIn finds the key of a guest in the addresses that a letter came to.
func (r *Replies) keyIn(h message.Header) string {
	local, host, ok := strings.Cut(strings.ToLower(r.Address), "@")
	if !ok {
		return ""
	}
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"} {
		for f := h.FieldsByKey(textproto.CanonicalMIMEHeaderKey(name)); f.Next(); {
			text := strings.ToLower(f.Value())
			for {
				_, rest, ok := strings.Cut(text, local+"+")
				if !ok {
					break
				}
				text = rest
				if key, after, ok := strings.Cut(rest, "@"); ok && strings.HasPrefix(after, host) && isKey(key) {
					return key
				}
			}
		}
	}
	return ""
}

// isKey reports whether s has the form of a guest's key.
func isKey(s string) bool {
	return len(s) == 26 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// parts are what of a letter may hold an answer.
type parts struct {
	calendar, plain []byte
	number          int
}

// collect looks for the first calendar and the first text.
func (p *parts) collect(e *message.Entity, depth int) error {
	if p.number++; depth > maxNesting || p.number > maxParts {
		return fmt.Errorf("%w: too many parts", ErrNoReply)
	}
	if m := e.MultipartReader(); m != nil {
		for {
			part, err := m.NextPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
				return fmt.Errorf("%w: a part is broken", ErrNoReply)
			}
			if err := p.collect(part, depth+1); err != nil {
				return err
			}
		}
	}
	kind, _, err := e.Header.ContentType()
	if err != nil {
		kind = "text/plain"
	}
	switch {
	case (kind == "text/calendar" || kind == "application/ics") && p.calendar == nil:
		p.calendar, err = readPart(e.Body, maxCalendar)
	case kind == "text/plain" && p.plain == nil:
		p.plain, err = readPart(e.Body, maxPlain)
	default:
		return nil
	}
	return err
}

func readPart(r io.Reader, most int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil || int64(len(raw)) > most {
		return nil, fmt.Errorf("%w: a part is broken or too large", ErrNoReply)
	}
	return append([]byte{}, raw...), nil
}

// answer reads what the parts say: the calendar, or else the first word.
func (p *parts) answer() (*answer, error) {
	if p.calendar != nil {
		return calendarAnswer(p.calendar)
	}
	if says := wordAnswer(string(p.plain)); says != "" {
		return &answer{says: says}, nil
	}
	return nil, fmt.Errorf("%w: it says neither yes nor no nor perhaps", ErrNoReply)
}

// calendarAnswer reads a METHOD:REPLY. RFC 5546 3.2.3.
func calendarAnswer(raw []byte) (*answer, error) {
	f, err := calendar.Read(bytes.NewReader(raw), calendar.Options{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoReply, err)
	}
	if f.Method != "REPLY" || len(f.Entries) != 1 || len(f.Entries[0].Answers) != 1 || f.Entries[0].MadeUID {
		return nil, fmt.Errorf("%w: its calendar is no reply of one person about one event", ErrNoReply)
	}
	e := f.Entries[0]
	says := map[string]string{"ACCEPTED": store.GuestYes, "TENTATIVE": store.GuestMaybe, "DECLINED": store.GuestNo}[e.Answers[0].Status]
	if says == "" {
		return nil, fmt.Errorf("%w: its calendar says %.20q", ErrNoReply, e.Answers[0].Status)
	}
	return &answer{uid: e.UID, says: says, comment: cutTo(strings.TrimSpace(e.Answers[0].Comment), maxComment)}, nil
}

// maxComment is how long a message to the organiser may be.
const maxComment = 500

func cutTo(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// answerWords are the words that are taken for an answer, in our languages.
var answerWords = map[string]string{
	"oui": store.GuestYes, "yes": store.GuestYes, "non": store.GuestNo, "no": store.GuestNo,
	"peut-être": store.GuestMaybe, "peut-etre": store.GuestMaybe, "maybe": store.GuestMaybe, "perhaps": store.GuestMaybe,
}

// wordAnswer reads a letter whose first line is little more than a word. A
// sentence is for people.
func wordAnswer(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		words := strings.Fields(strings.ToLower(line))
		if len(words) > maxWords {
			return ""
		}
		return answerWords[strings.ReplaceAll(strings.Trim(words[0], ".,;:!?*_\"«»"), "’", "'")]
	}
	return ""
}
