// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"fmt"
	"math/big"
	"strings"
)

// A Decimal is a non-negative number as written on the wire: digits and at
// most one point, "12" or "2.50". Money and quantities are never floats.
// FEP-0837 hasNumericalValue.
type Decimal string

// ParseDecimal reads a number as people write it, with a comma or a point, and
// returns it in wire form. It takes up to 12 digits before the point and 6
// after.
func ParseDecimal(s string) (Decimal, error) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '€':
			return -1
		case ',':
			return '.'
		}
		return r
	}, s)
	whole, part, dot := strings.Cut(s, ".")
	if whole == "" && part == "" || dot && part == "" || len(whole) > 12 || len(part) > 6 || !digits(whole) || !digits(part) {
		return "", fmt.Errorf("%w: %q is not a number", ErrMalformed, s)
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if dot {
		return Decimal(whole + "." + part), nil
	}
	return Decimal(whole), nil
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// Rat returns the exact value; zero for an empty or invalid Decimal.
func (d Decimal) Rat() *big.Rat {
	if r, ok := new(big.Rat).SetString(string(d)); ok && d != "" {
		return r
	}
	return new(big.Rat)
}

// Cmp compares two numbers: -1, 0 or 1.
func (d Decimal) Cmp(e Decimal) int { return d.Rat().Cmp(e.Rat()) }

// Plus returns the sum of two numbers.
func (d Decimal) Plus(e Decimal) Decimal { return decimalOf(new(big.Rat).Add(d.Rat(), e.Rat())) }

// Minus returns the difference; nought if e is more than d.
func (d Decimal) Minus(e Decimal) Decimal {
	r := new(big.Rat).Sub(d.Rat(), e.Rat())
	if r.Sign() < 0 {
		return "0"
	}
	return decimalOf(r)
}

// multiple reports whether d is a whole number of times e.
func (d Decimal) multiple(e Decimal) bool {
	return !e.Zero() && new(big.Rat).Quo(d.Rat(), e.Rat()).IsInt()
}

// decimalOf writes a number with up to six digits after the point.
func decimalOf(r *big.Rat) Decimal {
	s := r.FloatString(6)
	return Decimal(strings.TrimSuffix(strings.TrimRight(s, "0"), "."))
}

// Zero reports whether d is absent or nought.
func (d Decimal) Zero() bool { return d.Rat().Sign() == 0 }
