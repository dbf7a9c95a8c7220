// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"github.com/alexedwards/argon2id"
)

// strength is what OWASP asks of argon2id: 19 MiB, two passes.
var strength = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobody is a hash that no password has: whoever tries a name that does not
// exist waits as long as for one that does.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmUuLg$bm9ib2R5IGhhcyB0aGlzIHBhc3N3b3JkLCB0cnkgbm8"

// passwords hashes. A hash takes 19 MiB and tens of milliseconds: no more run
// at once than there are processors.
type passwords struct{ slots chan struct{} }

func newPasswords() *passwords {
	return &passwords{make(chan struct{}, runtime.NumCPU())}
}

// hash makes the hash of a new password.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.take(ctx); err != nil {
		return "", err
	}
	defer p.give()
	return argon2id.CreateHash(password, strength)
}

// match reports whether password has that hash. An empty hash belongs to
// nobody.
func (p *passwords) match(ctx context.Context, password, hash string) (bool, error) {
	if utf8.RuneCountInString(password) > maxPassword {
		password = ""
	}
	if hash == "" {
		hash = nobody
	}
	if err := p.take(ctx); err != nil {
		return false, err
	}
	defer p.give()
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	return ok && password != "" && hash != nobody, err
}

func (p *passwords) take(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", federation.ErrUnavailable, ctx.Err())
	}
}

func (p *passwords) give() { <-p.slots }

// How long a password may be. NIST SP 800-63B; no rules about its signs.
const (
	minPassword = 8
	maxPassword = 256
)

// badPassword returns the message for a new password that is none; "" if it
// will do.
func badPassword(password string, known ...string) string {
	low := strings.ToLower(password)
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return "form_password_short"
	case n > maxPassword:
		return "form_password_long"
	case slices.Contains(strings.Fields(tried), low), strings.Trim(low, low[:1]) == "":
		return "form_password_common"
	}
	for _, k := range known {
		if k != "" && strings.ToLower(k) == low {
			return "form_password_common"
		}
	}
	return ""
}

// tried is what is tried first, here and elsewhere, of eight signs and more.
const tried = `password password1 password12 password123 password1234 passw0rd p@ssw0rd motdepasse motdepasse1 motdepasse123
12345678 123456789 1234567890 12345678910 0123456789 87654321 987654321 11111111 88888888 00000000 12341234 11223344 123123123
qwertyui qwertyuiop qwerty123 qwerty1234 1q2w3e4r 1q2w3e4r5t 1qaz2wsx zaqwsxcde zaq12wsx q1w2e3r4 azertyui azertyuiop azerty123
azerty1234 iloveyou iloveyou1 jetaime1 jetaime2 jtaime123 sunshine princess football baseball superman starwars trustno1 whatever
computer internet welcome1 welcome123 bienvenue bienvenue1 changeme changeme1 changeme123 letmein1 letmein123 administrator
administrateur admin123 admin1234 administ abcd1234 abcdefgh abcdefghi asdfghjk asdfghjkl asdf1234 a1b2c3d4 test1234 testtest
dragon123 monkey123 michael1 jennifer jessica1 charlie1 loulou123 doudou123 nicolas1 marseille marseille13 soleil123 bonjour1
bonjour123 chocolat chocolat1 vacances maillage maillage1 maillage123 solidarite solidarité cooperative associations`
