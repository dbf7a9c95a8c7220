// SPDX-License-Identifier: AGPL-3.0-or-later

// Package mail sends what stands in the table mails, and writes what is sent
// without anybody asking at that moment: the weekly letter of those who follow
// by mail, and the notices of members.
//
// Whoever has something to say queues it in the transaction that makes it
// necessary (store.QueueMail). The [Worker] claims what is due, opens one
// connection to the mail server, and records what came of each letter. What is
// refused for good has failed; all else is tried again for two days. A process
// that is killed between sending and recording sends a letter twice, under the
// same Message-ID: that is better than not at all.
//
// Everything is plain text in UTF-8. No pictures, no counting of who reads.
package mail

import (
	"context"
	"fmt"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// How long addresses may be. RFC 5321 4.5.3.1.
const (
	maxAddress = 254
	maxLocal   = 64
)

// ParseAddress reads an address as people type it, and returns it bare, its
// host in lower case and without accents: federation.ErrMalformed if mail
// cannot go there. A quoted part before the @, which nobody has, is refused
// with everything that could end a line or begin another address.
func ParseAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	bad := fmt.Errorf("%w: %.100q is not a mail address", federation.ErrMalformed, text)
	at := strings.LastIndexByte(text, '@')
	if len(text) > maxAddress || at < 1 || at > maxLocal {
		return "", bad
	}
	local, host := text[:at], text[at+1:]
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtom(r) }) {
			return "", bad
		}
	}
	host, err := hosts.ToASCII(host)
	if err != nil || !strings.Contains(host, ".") || strings.HasSuffix(host, ".") || len(local)+1+len(host) > maxAddress {
		return "", bad
	}
	if last := host[strings.LastIndexByte(host, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return "", bad // the address of a machine
	}
	return local + "@" + host, nil
}

// hosts is how the names of hosts are written: as for any look-up, and no part
// of them empty or too long.
var hosts = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// isAtom reports whether r may stand before the @: RFC 5322's atom, without
// the % that relays of old read as a route.
func isAtom(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$&'*+-/=?^_`{|}~", r)
}

// sendable reads the address of a queued letter. Accounts may have been given
// one that [ParseAddress] would not take, such as root@localhost; but one
// address it is.
func sendable(text string) (string, error) {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Name != "" || a.Address != text || len(text) > maxAddress || strings.ContainsAny(text, "\r\n\x00") {
		return "", fmt.Errorf("%w: it is not one bare address", federation.ErrMalformed)
	}
	return text, nil
}

// QueueTest queues a letter that shows whether mail works, and returns its
// number: store.Mail tells what became of it.
func QueueTest(ctx context.Context, tx *store.Tx, words *locale.Printer, site, to string) (int64, error) {
	m := &store.Mail{
		Kind: "test", To: to, Subject: words.T("mail_test_subject", "Site", site),
		Body: words.T("mail_test_body", "Site", site, "Origin", tx.Home()),
	}
	if _, err := sendable(to); err != nil {
		return 0, err
	}
	err := tx.QueueMail(ctx, m)
	return m.ID, err
}
