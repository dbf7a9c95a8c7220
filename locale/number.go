// SPDX-License-Identifier: AGPL-3.0-or-later

package locale

import (
	"math"
	"net/url"
	"path"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// Number writes a number with the signs of the language: "12 000" or "2,5".
// What is no number is written as it is.
func (p *Printer) Number(d federation.Decimal) string {
	whole, part, dot := strings.Cut(string(d), ".")
	if strings.Trim(whole+part, "0123456789") != "" {
		return string(d)
	}
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(p.T("number_group"))
		}
		b.WriteRune(digit)
	}
	if part = strings.TrimRight(part, "0"); dot && part != "" {
		b.WriteString(p.T("number_point") + part)
	}
	return b.String()
}

// Money writes an amount: "18 €", "2,50 €". The currency is an ISO code or,
// for a local currency, the URI that names it, of which the last word is shown.
func (p *Printer) Money(amount federation.Decimal, currency string) string {
	shown := p.Number(amount)
	point := p.T("number_point")
	if _, cents, ok := strings.Cut(shown, point); ok && len(cents) == 1 {
		shown += "0"
	}
	if id := "money_" + currency; p.ids[id] {
		return p.T(id, "Amount", shown)
	}
	return p.T("money_other", "Amount", shown, "Currency", CurrencyName(currency))
}

// CurrencyName returns what to call a currency: an ISO code as it is, the URI
// of a local currency by its fragment or last path segment, else its host.
func CurrencyName(currency string) string {
	u, err := url.Parse(currency)
	if err != nil || u.Host == "" {
		return currency
	}
	if u.Fragment != "" {
		return u.Fragment
	}
	if last := path.Base(u.Path); last != "." && last != "/" {
		return last
	}
	return u.Host
}

// Quantity writes a number of units: "5 kg", "2 jours". Of mere things (the
// unit "one") it is the number alone.
func (p *Printer) Quantity(value federation.Decimal, unit string) string {
	switch id := "quantity_" + unit; {
	case unit == "" || unit == "one":
		return p.Number(value)
	case p.ids[id]:
		return p.T(id, "Count", value)
	}
	return p.Number(value) + " " + unit
}

// Km writes a distance: "850 m", "2,4 km", "37 km".
func (p *Printer) Km(km float64) string {
	switch {
	case math.IsNaN(km) || km < 0:
		return ""
	case km < 0.995:
		metres := int(math.Round(km*100)) * 10
		return p.Quantity(federation.Decimal(strconv.Itoa(metres)), "metre")
	case km < 9.95:
		return p.Quantity(federation.Decimal(strconv.FormatFloat(km, 'f', 1, 64)), "kilometre")
	}
	return p.Quantity(federation.Decimal(strconv.FormatFloat(km, 'f', 0, 64)), "kilometre")
}
