// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// A contentLine is one content line, unfolded, and where it began in the file.
type contentLine struct {
	text   string
	number int
}

// maxLine bounds an unfolded line, in bytes; of what is longer the rest is left
// out. Pictures are put into lines, and we do not take those.
const maxLine = 64 << 10

// contentLines yields the content lines of a file. It unfolds by octets, so that a
// letter of several octets may be folded in its middle, and then makes sure of
// UTF-8: what is not is read as Windows-1252, which has Latin-1 in it, and noted.
func contentLines(data []byte, report *Report) func(yield func(contentLine) bool) {
	data = decoded(data)
	return func(yield func(contentLine) bool) {
		var raw []byte
		number, began, cut := 0, 0, false
		flush := func() bool {
			text := bytes.TrimRight(raw, " \t")
			ok := len(text) == 0 || yield(contentLine{readable(text, began, report), began})
			if cut {
				report.add("report_line_long", began)
			}
			raw, cut = raw[:0], false
			return ok
		}
		for len(data) > 0 {
			var physical []byte
			physical, data, _ = bytes.Cut(data, []byte("\n"))
			number++
			if physical = bytes.TrimRight(physical, "\r"); len(physical) == 0 {
				continue // also between a line and its continuation, where ends of lines were doubled
			}
			folded := physical[0] == ' ' || physical[0] == '\t'
			switch {
			case folded && began > 0:
				physical = physical[1:]
			case !flush():
				return
			default:
				began = number
			}
			if room := maxLine - len(raw); len(physical) > room {
				physical, cut = physical[:room], true
			}
			raw = append(raw, physical...)
		}
		flush()
	}
}

// decoded takes off a byte order mark, and makes one kind of line ends.
func decoded(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		data = fromUTF16(data)
	}
	if !bytes.Contains(data, []byte("\n")) {
		return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	return data
}

// fromUTF16 reads what begins with a byte order mark of two octets.
func fromUTF16(data []byte) []byte {
	high, low := 1, 0
	if data[0] == 0xfe {
		high, low = 0, 1
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, uint16(data[i+high])<<8|uint16(data[i+low]))
	}
	return []byte(string(utf16.Decode(units)))
}

// readable makes text of octets: UTF-8, and without control characters.
func readable(raw []byte, number int, report *Report) string {
	text := string(raw)
	if !utf8.ValidString(text) {
		report.add("report_latin1", number)
		letters, err := charmap.Windows1252.NewDecoder().Bytes(raw)
		if err != nil {
			letters = raw
		}
		text = strings.ToValidUTF8(string(letters), "�")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r == 0xfffe || r == 0xfeff {
			return -1
		}
		return r
	}, text)
}

// A property is a content line taken apart. RFC 5545 3.1.
type property struct {
	name   string // in capitals
	params map[string]string
	value  string // as it was written
	number int    // of its line
}

// parseProperty takes a content line apart. Of a parameter with several values
// the first is kept: nothing that we read has more.
func parseProperty(s string) (property, bool) {
	end := strings.IndexAny(s, ":;")
	if end <= 0 || end > 100 {
		return property{}, false
	}
	p := property{name: strings.ToUpper(strings.TrimSpace(s[:end]))}
	if strings.Trim(p.name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return property{}, false
	}
	for s = s[end:]; s != "" && s[0] == ';'; {
		var key, value string
		if key, value, s = param(s[1:]); s == "" {
			return property{}, false
		}
		if p.params == nil {
			p.params = map[string]string{}
		}
		if _, twice := p.params[key]; !twice && len(p.params) < 50 {
			p.params[key] = value
		}
	}
	if s == "" {
		return property{}, false
	}
	p.value = s[1:]
	return p, true
}

// param reads one parameter; rest begins with what ended it.
func param(s string) (key, value, rest string) {
	i := strings.IndexAny(s, "=;:")
	if i < 0 {
		return "", "", ""
	}
	key = strings.ToUpper(strings.TrimSpace(s[:i]))
	if s[i] != '=' { // a name alone, which some write
		return key, "", s[i:]
	}
	s = s[i+1:]
	quoted, first := false, -1
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case s[i] == ',' && first < 0:
			first = i
		case s[i] == ';' || s[i] == ':':
			value = s[:i]
			if first >= 0 {
				value = s[:first]
			}
			return key, carets.Replace(strings.Trim(value, `" `)), s[i:]
		}
	}
	return "", "", ""
}

// carets undoes the escapes of parameters. RFC 6868.
var carets = strings.NewReplacer("^n", "\n", "^N", "\n", "^^", "^", "^'", `"`)
