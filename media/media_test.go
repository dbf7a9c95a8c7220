// SPDX-License-Identifier: AGPL-3.0-or-later

package media

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"golang.org/x/image/draw"
)

// The corners of the test picture, so that one sees how it was turned.
var (
	red   = color.RGBA{200, 0, 0, 255}
	green = color.RGBA{0, 200, 0, 255}
	blue  = color.RGBA{0, 0, 200, 255}
	white = color.RGBA{255, 255, 255, 255}
)

// corners draws red, green (top), blue, white (bottom).
func corners(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := red
			switch {
			case x >= w/2 && y < h/2:
				c = green
			case x < w/2 && y >= h/2:
				c = blue
			case x >= w/2:
				c = white
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segment returns a JPEG segment.
func segment(marker byte, body string) string {
	n := len(body) + 2
	return "\xff" + string([]byte{marker, byte(n >> 8), byte(n)}) + body
}

// exif returns TIFF data with an orientation, the camera's name, a place and a
// small picture inside.
func exif(order binary.AppendByteOrder, orientation uint16, thumbnail []byte) string {
	b := []byte("II*\x00")
	if order.String() == "BigEndian" {
		b = []byte("MM\x00*")
	}
	entry := func(tag, kind uint16, count, value uint32) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, kind)
		b = order.AppendUint32(b, count)
		b = order.AppendUint32(b, value)
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 3)
	entry(0x010f, 2, 12, 50) // Make
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	b = order.AppendUint16(b, 0)
	entry(0x8825, 4, 1, 62)             // GPS
	b = order.AppendUint32(b, 0)        // no further directory
	b = append(b, "SecretCam12\x00"...) // at 50
	b = order.AppendUint16(b, 1)        // at 62
	entry(0x0002, 5, 3, 80)             // GPSLatitude
	b = order.AppendUint32(b, 0)        //
	return string(b) + "44.9334N-SECRET-PLACE" + string(thumbnail)
}

// withMetadata puts everything cameras and editors add into a JPEG.
func withMetadata(t testing.TB, plain []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	thumb := asJPEG(t, corners(16, 8))
	extra := segment(0xe0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00") +
		segment(0xe1, "Exif\x00\x00"+exif(order, orientation, thumb)) +
		segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta><exif:GPSLatitude>44,56.0N SECRET</exif:GPSLatitude></x:xmpmeta>") +
		segment(0xe2, "ICC_PROFILE\x00\x01\x01profile SECRET") +
		segment(0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x0c\x1c\x02\x50\x00\x06SECRET") +
		segment(0xfe, "comment SECRET")
	return append(append(append([]byte{}, plain[:2]...), extra...), plain[2:]...)
}

// near reports whether two colours look the same after JPEG.
func near(a, b color.Color) bool {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	d := func(x, y uint32) bool { return max(x, y)-min(x, y) < 0x2000 }
	return d(ar, br) && d(ag, bg) && d(ab, bb)
}

// look decodes what was written and returns its corners.
func look(t *testing.T, data []byte) (img image.Image, corners [4]color.Color) {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	x, y := b.Dx()/8, b.Dy()/8
	return img, [4]color.Color{img.At(x, y), img.At(b.Dx()-1-x, y), img.At(x, b.Dy()-1-y), img.At(b.Dx()-1-x, b.Dy()-1-y)}
}

func TestB48MetadataIsGoneAndThePictureUpright(t *testing.T) {
	upright := map[uint16][4]color.Color{
		1: {red, green, blue, white}, 2: {green, red, white, blue}, 3: {white, blue, green, red}, 4: {blue, white, red, green},
		5: {red, blue, green, white}, 6: {blue, red, white, green}, 7: {white, green, blue, red}, 8: {green, white, red, blue},
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for o, want := range upright {
			t.Run(order.String()+" orientation "+string('0'+rune(o)), func(t *testing.T) {
				in := withMetadata(t, asJPEG(t, corners(400, 200)), order, o)
				l := DefaultLimits()
				l.Side, l.Thumb = 320, 80
				p, err := l.Process(bytes.NewReader(in))
				if err != nil {
					t.Fatal(err)
				}
				for _, data := range [][]byte{p.Data, p.Thumb} {
					for _, secret := range []string{"SECRET", "Secret", "Exif", "adobe", "Photoshop", "8BIM", "ICC_PROFILE", "xmp", "JFIF"} {
						if bytes.Contains(data, []byte(secret)) {
							t.Errorf("%q is still in it", secret)
						}
					}
					if f := jpegFile(data); f.exif != nil || f.scans != 1 || bytes.Count(data, []byte("\xff\xd8\xff")) != 1 {
						t.Errorf("%d scans, exif %q, %d pictures", f.scans, f.exif, bytes.Count(data, []byte("\xff\xd8\xff")))
					}
					img, got := look(t, data)
					if (o >= 5) != (img.Bounds().Dy() > img.Bounds().Dx()) {
						t.Errorf("it is %v", img.Bounds())
					}
					for i := range got {
						if !near(got[i], want[i]) {
							t.Errorf("corner %d is %v, want %v", i, got[i], want[i])
						}
					}
				}
				w, h, tw, th := 320, 160, 80, 40
				if o >= 5 {
					w, h, tw, th = h, w, th, tw
				}
				if p.Width != w || p.Height != h || p.ThumbWidth != tw || p.ThumbHeight != th || p.MediaType != "image/jpeg" {
					t.Errorf("%d×%d %d×%d %s", p.Width, p.Height, p.ThumbWidth, p.ThumbHeight, p.MediaType)
				}
				if len(p.Blurhash) < 6 {
					t.Errorf("blurhash %q", p.Blurhash)
				}
			})
		}
	}
	t.Run("orientation and place in a PNG", func(t *testing.T) {
		plain := asPNG(t, corners(40, 20))
		chunk := func(kind, body string) string {
			b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
			b = append(b, kind+body...)
			return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(kind+body))))
		}
		const afterIHDR = 33
		in := string(plain[:afterIHDR]) + chunk("eXIf", exif(binary.BigEndian, 6, nil)) + chunk("tEXt", "Comment\x00SECRET") + string(plain[afterIHDR:])
		p, err := Process(strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		if p.Width != 20 || p.Height != 40 || bytes.Contains(p.Data, []byte("SECRET")) {
			t.Errorf("%d×%d", p.Width, p.Height)
		}
	})
}

func TestB47WhatIsNoPhotoIsRefused(t *testing.T) {
	photo := asJPEG(t, corners(64, 64))
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("META-INF/MANIFEST.MF")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("Main-Class: Evil")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	huge := asPNG(t, corners(8, 8))
	binary.BigEndian.PutUint32(huge[16:], 20000)
	binary.BigEndian.PutUint32(huge[20:], 20000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	page := "<!DOCTYPE html><script>alert(1)</script>"
	for name, c := range map[string]struct{ data, reason string }{
		"nothing":                     {"", "error_photo_kind"},
		"JSON named x.png":            {`{"@context":"https://www.w3.org/ns/activitystreams","type":"Person"}`, "error_photo_kind"},
		"SVG":                         {`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "error_photo_kind"},
		"SVG after an XML prolog":     {`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, "error_photo_kind"},
		"HTML":                        {page, "error_photo_kind"},
		"PDF":                         {"%PDF-1.7\n", "error_photo_kind"},
		"ZIP":                         {archive.String(), "error_photo_kind"},
		"BMP":                         {"BM" + strings.Repeat("\x00", 60), "error_photo_kind"},
		"JPEG and ZIP in one":         {string(photo) + archive.String(), "error_photo_hidden"},
		"JPEG and page in one":        {string(photo[:2]) + segment(0xfe, page) + string(photo[2:]), "error_photo_hidden"},
		"JPEG with a page after it":   {string(photo) + page, "error_photo_hidden"},
		"JPEG and PDF in one":         {string(photo[:2]) + segment(0xfe, "%PDF-1.7") + string(photo[2:]), "error_photo_hidden"},
		"GIF that is a script":        {"GIF89a/*" + strings.Repeat("\x00", 40) + "*/=1;alert(1)", "error_photo_broken"},
		"PNG of 20000 by 20000":       {string(huge), "error_photo_pixels"},
		"the beginning of a PNG":      {string(huge[:8]), "error_photo_broken"},
		"half a JPEG":                 {string(photo[:len(photo)/2]), "error_photo_broken"},
		"JPEG of a thousand scans":    {manyScans(photo), "error_photo_broken"},
		"more than twenty megabytes":  {string(photo) + strings.Repeat("\x00", MaxBytes), "error_photo_bytes"},
		"HEIC of an iPhone":           {"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "error_photo_heic"},
		"AVIF":                        {"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif", "error_photo_heic"},
		"a film of an iPhone":         {"\x00\x00\x00\x18ftypqt  \x00\x00\x00\x00qt  ", "error_photo_kind"},
		"RIFF that is a film":         {"RIFF\x24\x00\x00\x00AVI LIST" + strings.Repeat("\x00", 60), "error_photo_kind"},
		"WebP that is only a header":  {"RIFF\x24\x00\x00\x00WEBPVP8 " + strings.Repeat("\x00", 60), "error_photo_broken"},
		"PNG header, the rest a page": {"\x89PNG\r\n\x1a\n" + page, "error_photo_broken"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Process(strings.NewReader(c.data))
			var fe *federation.FieldError
			if p != nil || !errors.As(err, &fe) || fe.Reason != c.reason || fe.Field != "attachment" || !errors.Is(err, federation.ErrMalformed) {
				t.Errorf("got %v, want %s", err, c.reason)
			}
		})
	}
}

// manyScans repeats the scan of a JPEG.
func manyScans(photo []byte) string {
	i := bytes.Index(photo, []byte("\xff\xda"))
	return string(photo[:i]) + strings.Repeat(string(photo[i:len(photo)-2]), 1000) + "\xff\xd9"
}

func TestFormats(t *testing.T) {
	glass := corners(60, 40)
	glass.SetRGBA(30, 20, color.RGBA{})
	frames := &gif.GIF{Config: image.Config{Width: 20, Height: 20}, Delay: []int{1, 1}}
	for _, c := range []color.Color{red, blue} {
		f := image.NewPaletted(image.Rect(0, 0, 20, 20), color.Palette{c, white})
		frames.Image = append(frames.Image, f)
	}
	var animated bytes.Buffer
	if err := gif.EncodeAll(&animated, frames); err != nil {
		t.Fatal(err)
	}
	// One white pixel, lossless.
	webp, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data      []byte
		mediaType string
		w, h      int
	}{
		"PNG becomes JPEG":               {asPNG(t, corners(60, 40)), "image/jpeg", 60, 40},
		"a transparent PNG stays PNG":    {asPNG(t, glass), "image/png", 60, 40},
		"16 bits a colour":               {asPNG(t, image.NewGray16(image.Rect(0, 0, 5, 7))), "image/jpeg", 5, 7},
		"GIF, its first frame":           {animated.Bytes(), "image/jpeg", 20, 20},
		"WebP":                           {webp, "image/png", 1, 1},
		"a photo of a phone":             {asJPEG(t, corners(2000, 1000)), "image/jpeg", 1600, 800},
		"one line":                       {asPNG(t, corners(5000, 1)), "image/jpeg", 1600, 1},
		"tall":                           {asJPEG(t, corners(100, 3200)), "image/jpeg", 50, 1600},
		"a film behind a photo (mobile)": {append(asJPEG(t, corners(20, 20)), "\x00\x00\x00\x18ftypmp42"...), "image/jpeg", 20, 20},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Process(bytes.NewReader(c.data))
			if err != nil {
				t.Fatal(err)
			}
			if p.MediaType != c.mediaType || p.Width != c.w || p.Height != c.h {
				t.Errorf("%s %d×%d", p.MediaType, p.Width, p.Height)
			}
			img, got := look(t, p.Data)
			if img.Bounds().Dx() != c.w || name == "GIF, its first frame" && !near(got[0], red) {
				t.Errorf("%v, corner %v", img.Bounds(), got[0])
			}
		})
	}
}

func TestBandsDoNotShow(t *testing.T) {
	src := image.NewRGBA(image.Rect(0, 0, 1111, 777))
	for y := range 777 {
		for x := range 1111 {
			src.SetRGBA(x, y, color.RGBA{uint8(x * 255 / 1111), uint8(y * 255 / 777), uint8((x*7 + y*3) % 256), 255})
		}
	}
	got := shrink(src, 400)
	want := image.NewRGBA(got.Bounds())
	draw.CatmullRom.Scale(want, want.Bounds(), src, src.Bounds(), draw.Src, nil)
	for i := range got.Pix {
		if d := int(got.Pix[i]) - int(want.Pix[i]); d > 2 || d < -2 {
			t.Fatalf("byte %d is %d, in one piece %d", i, got.Pix[i], want.Pix[i])
		}
	}
}

func FuzzProcess(f *testing.F) {
	photo := asJPEG(f, corners(40, 20))
	f.Add(photo)
	f.Add(withMetadata(f, photo, binary.LittleEndian, 6))
	f.Add(withMetadata(f, photo, binary.BigEndian, 3))
	f.Add(asPNG(f, corners(9, 9)))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"))
	l := DefaultLimits()
	l.Pixels = 1_000_000
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := l.Process(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, federation.ErrMalformed) {
				t.Errorf("not the sender's fault: %v", err)
			}
			return
		}
		if p.Width < 1 || p.Height < 1 || p.Width > l.Side || p.Height > l.Side || p.Blurhash == "" {
			t.Errorf("%d×%d %q", p.Width, p.Height, p.Blurhash)
		}
		for _, out := range [][]byte{p.Data, p.Thumb} {
			if _, _, err := image.Decode(bytes.NewReader(out)); err != nil {
				t.Errorf("what was written cannot be read: %v", err)
			}
		}
	})
}

func TestProgressivePhotosOfPhonesFit(t *testing.T) {
	frame := func(sampling ...byte) []byte {
		b := []byte{8, 0, 1, 0, 1, byte(len(sampling))}
		for i, s := range sampling {
			b = append(b, byte(i), s, 0)
		}
		return b
	}
	for _, c := range []struct {
		what  string
		frame []byte
		want  int
	}{
		{"full colour", frame(0x11, 0x11, 0x11), 16},
		{"colour for each four pixels", frame(0x22, 0x11, 0x11), 8},
		{"grey", frame(0x11), 6},
		{"broken", []byte{8}, 20},
		{"absurd", frame(0xff, 0, 0, 0), 6},
	} {
		if got := coefficients(c.frame); got != c.want {
			t.Errorf("%s: %d bytes a pixel, want %d", c.what, got, c.want)
		}
	}
	if l := DefaultLimits(); 4032*3024*16 > l.Memory {
		t.Error("a phone's photo does not fit")
	}
}
