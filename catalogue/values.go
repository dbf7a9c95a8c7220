// SPDX-License-Identifier: AGPL-3.0-or-later

package catalogue

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// A measure is a unit of ours, and how many of them another one is.
type measure struct{ unit, factor string }

// measures are units as people, Open Food Network and the Data Food Consortium
// (measures.json) write them, folded.
var measures = map[string]measure{
	"kg": {"kilogram", "1"}, "kilo": {"kilogram", "1"}, "kilogramme": {"kilogram", "1"}, "kilogram": {"kilogram", "1"},
	"g": {"gram", "1"}, "gr": {"gram", "1"}, "gramme": {"gram", "1"}, "gram": {"gram", "1"},
	"mg": {"gram", "0.001"}, "milligram": {"gram", "0.001"}, "milligramme": {"gram", "0.001"},
	"t": {"kilogram", "1000"}, "tonne": {"kilogram", "1000"},
	"lb": {"gram", "453.59237"}, "poundmas": {"gram", "453.59237"}, "oz": {"gram", "28.349523"}, "ounce": {"gram", "28.349523"},
	"l": {"litre", "1"}, "litre": {"litre", "1"}, "liter": {"litre", "1"},
	"dl": {"litre", "0.1"}, "decilitre": {"litre", "0.1"}, "cl": {"litre", "0.01"}, "centilitre": {"litre", "0.01"},
	"ml": {"litre", "0.001"}, "millilitre": {"litre", "0.001"}, "kl": {"litre", "1000"},
	"m": {"metre", "1"}, "metre": {"metre", "1"}, "meter": {"metre", "1"}, "cm": {"metre", "0.01"}, "centimetre": {"metre", "0.01"},
	"decimetre": {"metre", "0.1"}, "km": {"kilometre", "1"}, "kilometre": {"kilometre", "1"},
	"m2": {"squareMetre", "1"}, "metre carre": {"squareMetre", "1"}, "square metre": {"squareMetre", "1"}, "squaremetre": {"squareMetre", "1"},
	"h": {"hour", "1"}, "heure": {"hour", "1"}, "hour": {"hour", "1"}, "jour": {"day", "1"}, "day": {"day", "1"}, "moi": {"month", "1"}, "month": {"month", "1"},
	"kwh": {"kilowattHour", "1"}, "kilowattheure": {"kilowattHour", "1"}, "kilowatthour": {"kilowattHour", "1"},
	"": {"one", "1"}, "piece": {"one", "1"}, "unite": {"one", "1"}, "unit": {"one", "1"}, "u": {"one", "1"}, "one": {"one", "1"}, "each": {"one", "1"}, "item": {"one", "1"},
	"pair": {"one", "2"}, "paire": {"one", "2"}, "dozen": {"one", "12"}, "douzaine": {"one", "12"}, "halfdozen": {"one", "6"}, "4pack": {"one", "4"}, "6pack": {"one", "6"},
}

// unit reads a unit as our forms mean it: price, amounts and what is left are
// all in it. What is no unit is what one is called: "botte".
func (r *Row) unit(raw map[string]string) {
	if value, ok := raw["pack"]; ok {
		r.fields["pack"] = clean(value)
	}
	value, ok := raw["unit"]
	if !ok {
		return
	}
	m, known := measures[folded(value)]
	switch {
	case !known:
		r.fields["unit"] = "one"
		if r.fields["pack"] == "" {
			r.fields["pack"] = clean(value)
		}
	case m.factor == "1":
		r.fields["unit"] = m.unit
	case r.fields["quantity"] == "" && r.fields["available"] == "" && r.fields["minimum"] == "":
		r.fields["unit"], r.fields["quantity"] = m.unit, m.factor
	default:
		r.fields["unit"] = m.unit
		for _, name := range []string{"quantity", "available", "minimum"} {
			if d := times(r.fields[name], m.factor); d != "" {
				r.fields[name] = d
			}
		}
	}
}

// times multiplies what was typed, exactly; "" if it is no number.
func times(typed, factor string) string {
	d, err := federation.ParseDecimal(typed)
	if err != nil {
		return ""
	}
	f, ok := new(big.Rat).SetString(factor)
	if !ok {
		return ""
	}
	s := f.Mul(f, d.Rat()).FloatString(6)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// pack reads how much is in what is sold, which the price is for. What is left
// is told in packs.
func (r *Row) pack(number, unit, name string) {
	m, known := measures[folded(unit)]
	d, err := federation.ParseDecimal(number)
	if number != "" && err != nil {
		r.problem("resourceQuantity", "error_number", "Value", number)
	}
	r.fields["unit"], r.fields["quantity"], r.fields["pack"] = "one", "1", clean(name)
	switch {
	case d.Zero(): // nothing is known of how much is in it
	case !known:
		r.fields["pack"] = clean(name + " " + shown(d) + " " + unit)
	default:
		r.fields["unit"], r.fields["quantity"] = m.unit, times(number, m.factor)
		if left := times(r.fields["available"], r.fields["quantity"]); left != "" {
			r.fields["available"] = left
		}
	}
}

// shown writes a number as people do.
func shown(d federation.Decimal) string { return strings.ReplaceAll(string(d), ".", ",") }

// currencies are what money is called, folded.
var currencies = map[string]string{
	"": "", "eur": "EUR", "euro": "EUR", "chf": "CHF", "franc suisse": "CHF", "swissfranc": "CHF", "franc": "CHF",
	"heure": "hour", "hour": "hour", "h": "hour",
}

// strange is money that we do not know; a local currency has another name.
var strange = []string{"poundsterling", "gbp", "pound", "usdollar", "usd", "dollar", "canadiandollar", "cad", "australiandollar", "aud"}

var moneySign = regexp.MustCompile(`(?i)\s*(€|eur|euros?|chf|£|gbp|\$|usd)\.?\s*`)

// price reads what is asked. Money of other countries is left out: what that
// is worth here is for its owner to say.
func (r *Row) price(raw map[string]string) {
	value, ok := raw["price"]
	if !ok {
		return
	}
	currency := raw["currency"]
	if sign := strings.ToLower(strings.TrimSpace(moneySign.FindString(value))); sign != "" {
		value = moneySign.ReplaceAllString(value, "")
		if currency == "" {
			currency = map[string]string{"€": "EUR", "£": "GBP", "$": "USD"}[sign]
		}
		if currency == "" {
			currency = sign
		}
	}
	r.fields["price"], r.fields["currency"] = strings.TrimSpace(value), ""
	if value == "" {
		return
	}
	key := strings.ReplaceAll(folded(currency), " ", "")
	if slices.Contains(strange, key) {
		r.remark("error_list_money", "Price", value, "Currency", currency)
		r.fields["price"] = ""
		return
	}
	if code, known := currencies[folded(currency)]; known || currency == "€" {
		r.fields["currency"] = code
	} else {
		r.fields["currency"] = clean(currency)
	}
}

// days reads from when to when, as French calendars and programs write days.
func (r *Row) days(raw map[string]string) {
	for _, name := range []string{"from", "until"} {
		value, ok := raw[name]
		if !ok {
			continue
		}
		r.fields[name] = ""
		if value == "" {
			continue
		}
		for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006", "02.01.2006", "2.1.2006", "02-01-2006", "02/01/06", time.RFC3339, "2006-01-02 15:04"} {
			if t, err := time.Parse(layout, value); err == nil {
				r.fields[name] = t.Format(time.DateOnly)
				break
			}
		}
		if r.fields[name] == "" {
			r.problem(map[string]string{"from": "startTime", "until": "endTime"}[name], "error_list_day", "Value", value)
		}
	}
}

// coded finds codes by what they are called in every language.
func coded(vocabulary string, codes []string) map[string]string {
	all := map[string]string{}
	for _, code := range codes {
		all[folded(code)] = code
		for _, lang := range locale.Languages() {
			all[folded(locale.New(lang).Word(vocabulary, code))] = code
		}
	}
	return all
}

var (
	sectors = coded("sector", locale.Sectors)
	ways    = coded("mode", federation.ExchangeModes)
)

// category reads a sector. What is none becomes a hashtag: "Légumes".
func (r *Row) category(raw map[string]string) {
	tags, tagged := raw["tags"]
	if value, ok := raw["category"]; ok {
		code, known := sectors[folded(value)]
		switch {
		case known:
			r.fields["category"] = code
		case value != "":
			tags, tagged = strings.TrimSpace(tags+" #"+strings.ReplaceAll(titled(value), " ", "")), true
		}
	}
	if tagged {
		r.fields["tags"] = tags
	}
}

// titled makes one word of several: "Fruits secs" becomes "FruitsSecs".
func titled(s string) string {
	var b strings.Builder
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(" /,;&-'’", r) }) {
		first := []rune(w)
		b.WriteString(strings.ToUpper(string(first[:1])) + string(first[1:]))
	}
	return b.String()
}

// ways reads kinds of exchange, several of them between commas.
func (r *Row) ways(raw map[string]string) {
	for value := range strings.FieldsFuncSeq(raw["modes"], func(c rune) bool { return strings.ContainsRune(",;/|+", c) }) {
		if value = strings.TrimSpace(value); value == "" {
			continue
		}
		code, known := ways[folded(value)]
		if !known {
			r.problem("exchangeMode", "error_mode", "Value", value)
			continue
		}
		r.modes = append(r.modes, code)
	}
}

// packs returns how many whole packs of so much are left.
func packs(left, each string) string {
	l, err := federation.ParseDecimal(left)
	e, err2 := federation.ParseDecimal(each)
	if err != nil || err2 != nil || e.Zero() {
		return left
	}
	q := new(big.Rat).Quo(l.Rat(), e.Rat())
	return new(big.Int).Quo(q.Num(), q.Denom()).String()
}
