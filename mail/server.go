// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"codeberg.org/maillage/maillage/store"
)

// patience is how long the mail server may take to greet us, and then for each
// letter.
const patience = 30 * time.Second

// A Server is the mail server that takes our letters.
type Server struct {
	from   mail.Address
	host   string // of our own origin: in Message-IDs
	client *gomail.Client
}

// NewServer makes a Server from its address, as smtp://user:password@host:port
// or smtps://...; from is the sender, perhaps with a name, and origin our own.
//
// On the same machine STARTTLS is used if it is offered, whatever the
// certificate; elsewhere nothing is sent without it. smtps is TLS from the
// start.
func NewServer(address, from, origin string) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("mail server: the address cannot be read") // it may hold a password
	}
	o, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("mail server: origin: %w", err)
	}
	if from == "" {
		from = "noreply@" + o.Hostname()
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("mail server: sender %q: %w", from, err)
	}
	options, err := optionsOf(u, o.Hostname())
	if err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	client, err := gomail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	return &Server{from: *sender, host: o.Hostname(), client: client}, nil
}

// optionsOf is what an address says about how to connect.
func optionsOf(u *url.URL, helo string) ([]gomail.Option, error) {
	local := isLoopback(u.Hostname())
	trust := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	port := 587
	options := []gomail.Option{gomail.WithTimeout(patience), gomail.WithHELO(helo)}
	switch {
	case u.Scheme == "smtps":
		port, options = 465, append(options, gomail.WithSSL())
	case u.Scheme != "smtp":
		return nil, errors.New("the address begins with neither smtp:// nor smtps://")
	case local: // it would do without, too
		trust.InsecureSkipVerify = true
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, err
		}
		port = n
	}
	if password, ok := u.User.Password(); ok {
		ways := []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5}
		if local {
			ways[1], ways[2] = gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc
		}
		options = append(options, gomail.WithUsername(u.User.Username()), gomail.WithPassword(password),
			gomail.WithOpportunisticSMTPAuth(ways...))
	}
	return append(options, gomail.WithPort(port), gomail.WithTLSConfig(trust)), nil
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Greet signs in and leaves: to see whether the server takes us in.
func (s *Server) Greet(ctx context.Context) error {
	c, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	return s.client.CloseWithSMTPClient(c)
}

// message makes a letter ready to be sent. name stands before the sender's
// address, unless that came with one.
func (s *Server) message(m *store.Mail, name string, now time.Time) (*gomail.Msg, error) {
	to, err := sendable(m.To)
	if err != nil {
		return nil, err
	}
	if s.from.Name != "" {
		name = s.from.Name
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&mail.Address{Name: oneLine(name), Address: s.from.Address})
	if err := msg.To(to); err != nil {
		return nil, err
	}
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(now)
	msg.SetMessageIDWithValue(fmt.Sprintf("%d.%d.mail@%s", m.ID, m.Created.UnixMicro(), s.host))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday notes, please
	if u := m.Unsubscribe; u != "" && !strings.ContainsFunc(u, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }) {
		msg.SetGenHeaderPreformatted(gomail.HeaderListUnsubscribe, "<"+u+">") // RFC 8058
		msg.SetGenHeaderPreformatted(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(m.Body, "\r\n", "\n"))
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, err
		}
	}
	if m.Calendar != "" { // RFC 6047 2.4
		msg.AddAlternativeString(gomail.ContentType("text/calendar; method="+m.Method), m.Calendar)
	}
	return msg, nil
}

// oneLine makes s safe to stand in a header: one line, of bounded length.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:199]) + "…"
	}
	return s
}

// A connection is open to the mail server.
type connection struct {
	server *Server
	client *smtp.Client
}

func (s *Server) connect(ctx context.Context) (*connection, error) {
	c, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{s, c}, nil
}

// send hands a letter over. An error that is [refused] is the last word.
func (c *connection) send(m *store.Mail, name string, now time.Time) error {
	msg, err := c.server.message(m, name, now)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	err = c.server.client.SendWithSMTPClient(c.client, msg)
	if err == nil || msg.IsDelivered() { // it was taken, whatever went wrong afterwards
		return nil
	}
	var failed *gomail.SendError
	if errors.As(err, &failed) && failed.ErrorCode() >= 500 {
		switch failed.Reason { //nolint:exhaustive // what the server says of this letter, and not of us
		case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
			return fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	return err
}

// errRefused is in an error after which trying again makes no sense.
var errRefused = errors.New("refused")

func (c *connection) close() {
	_ = c.server.client.CloseWithSMTPClient(c.client) // the letters are with the server by now
}
