// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/boombuler/barcode/qr"
)

// quiet is how many empty modules a reader wants around a QR code.
const quiet = 4

// qrSVG draws a text, such as an address, as a QR code: black on white, in
// dark pages as well, since many readers want it so. Beside it belongs the
// same in words: screen readers pass over the picture. Text that is too long
// for any QR code gives nothing.
func qrSVG(text string) template.HTML {
	qrCodes.Lock()
	svg, ok := qrCodes.byText[text]
	qrCodes.Unlock()
	if ok {
		return svg
	}
	svg = drawQR(text)
	qrCodes.Lock()
	defer qrCodes.Unlock()
	if len(qrCodes.byText) >= maxQRCodes {
		clear(qrCodes.byText)
	}
	qrCodes.byText[text] = svg
	return svg
}

// maxQRCodes is how many are kept, of some ten kilobytes each.
const maxQRCodes = 50

// qrCodes keeps those that were drawn last. The first page and the profiles
// show the same one every time, and drawing it takes a tenth of their time.
var qrCodes = struct {
	sync.Mutex
	byText map[string]template.HTML
}{byText: map[string]template.HTML{}}

// drawQR is qrSVG for a secret, of which nothing is kept.
func drawQR(text string) template.HTML {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return ""
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && dark(code.At(x, y).RGBA()) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	side := size + 2*quiet
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers only
		`<svg class="qr" viewBox="0 0 %d %d" width="%d" height="%d" shape-rendering="crispEdges" aria-hidden="true" focusable="false">`+
			`<path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		side, side, 4*side, 4*side, side, side, path.String()))
}

func dark(r, _, _, _ uint32) bool { return r < 0x8000 }
