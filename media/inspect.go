// SPDX-License-Identifier: AGPL-3.0-or-later

package media

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
)

// A header is what a file says of itself before it is decoded.
type header struct {
	kind        string // jpeg, png, gif or webp
	orientation int    // EXIF, 1 to 8; 0 if it does not say
}

// inspect looks at a file without decoding it: what it is, how large it claims
// to be, and whether something hides behind the picture.
func (l Limits) inspect(data []byte) (header, error) {
	kind := kindOf(data)
	if phoneKind(data) {
		return header{}, refused("error_photo_heic", "it begins with %q", data[:12])
	}
	if kind == "" {
		return header{}, refused("error_photo_kind", "it begins with %q", data[:min(16, len(data))])
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || format != kind {
		return header{}, refused("error_photo_broken", "%s header: %v", kind, err)
	}
	h := header{kind: kind}
	f := fileOf(kind, data)
	switch {
	case c.Width <= 0 || c.Height <= 0:
		return h, refused("error_photo_broken", "%d by %d pixels", c.Width, c.Height)
	case c.Width > l.Pixels/c.Height, c.Width*c.Height > l.Memory/bytesPerPixel(c.ColorModel, f):
		return h, refused("error_photo_pixels", "%d by %d pixels", c.Width, c.Height)
	case f.scans > maxScans:
		return h, refused("error_photo_broken", "a JPEG of %d scans", f.scans)
	}
	if what := hidden(data); what != "" {
		return h, refused("error_photo_hidden", "the %s holds %s", kind, what)
	}
	h.orientation = orientation(f.exif)
	return h, nil
}

// kindOf tells by its first bytes what a file is: its name and declared type
// are the sender's word.
func kindOf(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return "jpeg"
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return "gif"
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return "webp"
	}
	return ""
}

// phoneKind recognises HEIC and AVIF, which phones make and we cannot read: who
// sends one is told how to get another. ISO/IEC 23008-12, file type box.
func phoneKind(data []byte) bool {
	if len(data) < 12 || string(data[4:8]) != "ftyp" {
		return false
	}
	switch string(data[8:12]) {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis":
		return true
	}
	return false
}

// maxScans is how many passes over a JPEG we follow. Cameras make one, progressive
// files about ten; each costs as much as the whole picture, however few bytes
// it has.
const maxScans = 64

// A file is what the containers of the formats hold beside the pixels.
type file struct {
	exif         []byte // TIFF
	coefficients int    // bytes for each pixel of a progressive JPEG, which is kept as coefficients until its end
	copies       bool   // decoded through copies: lossless WebP, interlaced PNG
	scans        int
}

func fileOf(kind string, data []byte) file {
	switch kind {
	case "jpeg":
		return jpegFile(data)
	case "png":
		return pngFile(data)
	case "webp":
		return webpFile(data)
	}
	return file{}
}

// bytesPerPixel is what decoding takes at most.
func bytesPerPixel(m color.Model, f file) int {
	switch {
	case f.coefficients > 0:
		return f.coefficients
	case f.copies, m == color.RGBA64Model, m == color.NRGBA64Model:
		return 8
	case m == color.Gray16Model:
		return 2
	}
	return 4
}

// jpegFile walks the segments of a JPEG, and through the coded pixels to the
// next scan. ITU-T T.81 B.1.
func jpegFile(data []byte) (f file) {
	for i := 2; i+4 <= len(data); {
		if data[i] != 0xff {
			i++ // coded pixels
			continue
		}
		marker := data[i+1]
		if marker == 0xff { // fill
			i++
			continue
		}
		if marker == 0 || marker == 0x01 || marker >= 0xd0 && marker <= 0xd9 { // no length follows
			if i += 2; marker == 0xd9 {
				return f
			}
			continue
		}
		end := i + 2 + int(binary.BigEndian.Uint16(data[i+2:]))
		if end > len(data) || end < i+4 {
			return f
		}
		switch body := data[i+4 : end]; marker {
		case 0xda:
			f.scans++
		case 0xc2:
			f.coefficients = coefficients(body)
		case 0xe1:
			if t, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && f.exif == nil {
				f.exif = t
			}
		}
		i = end
	}
	return f
}

// coefficients returns how many bytes a pixel of a progressive JPEG takes: four
// for each coefficient and one for what comes of it. Colours have fewer of them
// where they are sampled less often than the light. T.81 B.2.2.
func coefficients(frame []byte) int {
	const worst = 20 // four components, each for every pixel
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) {
		return worst
	}
	sum, across, down := 0, 1, 1
	for i := range int(frame[5]) {
		h, v := int(frame[7+3*i]>>4), int(frame[7+3*i]&15)
		sum += h * v
		across, down = max(across, h), max(down, v)
	}
	return min(worst, 1+5*sum/(across*down))
}

// pngFile looks for the chunk eXIf. PNG 3, 11.3.4.5.
func pngFile(data []byte) (f file) {
	for i := 8; i+12 <= len(data); {
		n := int64(binary.BigEndian.Uint32(data[i:]))
		end := int64(i) + 12 + n
		if end > int64(len(data)) {
			return f
		}
		switch string(data[i+4 : i+8]) {
		case "IHDR":
			f.copies = n == 13 && data[i+20] == 1
		case "eXIf":
			f.exif = data[i+8 : i+8+int(n)]
		case "IEND":
			return f
		}
		i = int(end)
	}
	return f
}

// webpFile looks for the chunk EXIF. RFC 9649 2.7.
func webpFile(data []byte) (f file) {
	for i := 12; i+8 <= len(data); {
		n := int64(binary.LittleEndian.Uint32(data[i+4:]))
		end := int64(i) + 8 + n
		if end > int64(len(data)) {
			return f
		}
		switch string(data[i : i+4]) {
		case "VP8L", "ALPH":
			f.copies = true
		case "EXIF":
			f.exif = bytes.TrimPrefix(data[i+8:end], []byte("Exif\x00\x00"))
		}
		i = int(end + n%2)
	}
	return f
}

// orientation reads the one tag of EXIF that we obey: 0x0112 of the first
// directory. TIFF 6.0, EXIF 2.3.
func orientation(tiff []byte) int {
	var order binary.ByteOrder
	switch {
	case len(tiff) < 8:
		return 0
	case string(tiff[:4]) == "II*\x00":
		order = binary.LittleEndian
	case string(tiff[:4]) == "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	entries := int64(order.Uint16(tiff[at:]))
	for i := range entries {
		e := at + 2 + 12*i
		if e+12 > int64(len(tiff)) {
			return 0
		}
		if order.Uint16(tiff[e:]) == 0x0112 {
			if v := int(order.Uint16(tiff[e+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 0
		}
	}
	return 0
}

// hidden names what else a file is beside a picture, or returns "". We write
// photos anew, so that none of it would be kept; but who sends such a file has
// something else in mind than a photo.
func hidden(data []byte) string {
	if bytes.Contains(data[:min(1024, len(data))], []byte("%PDF-")) {
		return "a PDF"
	}
	if zipAtEnd(data) {
		return "a ZIP archive"
	}
	for i := 0; i < len(data); {
		n := bytes.IndexByte(data[i:], '<')
		if n < 0 {
			break
		}
		i += n + 1
		rest := bytes.ToLower(data[i:min(i+9, len(data))])
		for _, tag := range []string{"script", "html>", "html ", "!doctype", "iframe", "?php ", "svg xmlns", "svg:svg"} {
			if bytes.HasPrefix(rest, []byte(tag)) {
				return "a page or program"
			}
		}
	}
	return ""
}

// zipAtEnd reports whether the file ends as a ZIP archive does: programs that
// open one look from the end.
func zipAtEnd(data []byte) bool {
	const record = 22 // the end record without its comment
	tail := data[max(0, len(data)-record-0xffff):]
	for i := len(tail) - record; i >= 0; i-- {
		if string(tail[i:i+4]) == "PK\x05\x06" && i+record+int(binary.LittleEndian.Uint16(tail[i+20:])) <= len(tail) {
			entries := binary.LittleEndian.Uint16(tail[i+10:])
			offset := int64(binary.LittleEndian.Uint32(tail[i+12:])) + int64(binary.LittleEndian.Uint32(tail[i+16:]))
			return entries > 0 && (offset <= int64(len(data)) || offset == 0xffffffff)
		}
	}
	return false
}
