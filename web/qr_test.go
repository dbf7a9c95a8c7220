// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestAQRCodeIsDrawnWithItsFindersAndAQuietZone(t *testing.T) {
	svg := string(qrSVG("https://amap.example/events"))
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Fatal(err)
	}
	// 27 bytes at level M are version 3: 29 modules, and 4 on each side.
	if !strings.Contains(svg, `viewBox="0 0 37 37"`) {
		t.Errorf("another size: %s", cut(svg, 120))
	}
	// The two finders on top are seven wide; nothing is drawn above or left.
	if !strings.Contains(svg, `d="M4 4h7v1h-7z`) || !strings.Contains(svg, "M26 4h7v1h-7z") {
		t.Errorf("no finders: %s", cut(svg, 300))
	}
}

func TestTextTooLongForAQRCodeGivesNone(t *testing.T) {
	if svg := qrSVG(strings.Repeat("é", 5000)); svg != "" {
		t.Errorf("drew %d bytes", len(svg))
	}
}
