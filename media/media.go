// SPDX-License-Identifier: AGPL-3.0-or-later

// Package media takes in the photos people upload.
//
// A file is never kept as it came: [Process] finds out what it really is,
// decodes it, turns it upright, makes it small enough for the web and writes
// it anew, so that what is stored and served is a picture and nothing else: no
// place where it was taken, no name of a camera, no program behind the picture.
// What is no photo, or pretends to be one, is refused.
//
// The package does not store, name or serve files, and never reads the network.
// Its memory is bounded: photos are decoded one at a time.
package media

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // decoders are found by the first bytes of a file
	"image/jpeg"
	"image/png"
	"io"
	"sync"

	"codeberg.org/maillage/maillage/federation"
	"github.com/buckket/go-blurhash"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // as above
)

// Limits bound what is taken in and what is kept.
type Limits struct {
	Bytes  int64 // of the upload
	Pixels int   // width times height, as the header has it, before decoding
	Memory int   // bytes that decoding may take, by the header's word
	Side   int   // the longer side of what is kept
	Thumb  int   // the longer side of the small copy
}

// MaxBytes is how heavy an upload may be: what phones make of 50 million
// pixels. It is made small enough for the web, so that its weight costs the
// way here and nothing more.
const MaxBytes = 20 << 20

// DefaultLimits are the promises of SECURITY.md. It is the memory that bounds
// what is decoded: 52 million pixels where a pixel takes four bytes, and fewer
// where it takes more.
func DefaultLimits() Limits {
	return Limits{Bytes: MaxBytes, Pixels: 52_000_000, Memory: 200 << 20, Side: 1600, Thumb: 400}
}

// quality of the JPEG we write.
const quality = 82

// A Photo is a picture written anew, and a small copy of it.
type Photo struct {
	Data          []byte
	MediaType     string // image/jpeg, or image/png where it is transparent
	Width, Height int
	Blurhash      string
	Thumb         []byte
	ThumbType     string
	ThumbWidth    int
	ThumbHeight   int
}

// decoding is held by whoever decodes: two photos of 50 million pixels at a
// time are more than a small server has.
var decoding sync.Mutex

// Process reads an upload within [DefaultLimits]. What it refuses is a
// [federation.FieldError] of the field attachment.
func Process(r io.Reader) (*Photo, error) { return DefaultLimits().Process(r) }

// Process reads an upload and writes it anew.
func (l Limits) Process(r io.Reader) (*Photo, error) {
	data, err := io.ReadAll(io.LimitReader(r, l.Bytes+1))
	if err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	if int64(len(data)) > l.Bytes {
		return nil, refused("error_photo_bytes", "more than %d bytes", l.Bytes)
	}
	h, err := l.inspect(data)
	if err != nil {
		return nil, err
	}
	decoding.Lock()
	defer decoding.Unlock()
	src, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, refused("error_photo_broken", "%s: %v", h.kind, err)
	}
	if b := src.Bounds(); b.Empty() {
		return nil, refused("error_photo_broken", "%s without pixels", h.kind)
	}
	return write(upright(shrink(src, l.Side), h.orientation), l.Thumb)
}

// refused makes the error of an upload that is not taken.
func refused(reason, detail string, args ...any) error {
	return &federation.FieldError{Field: "attachment", Reason: reason, Detail: fmt.Sprintf(detail, args...)}
}

// write encodes a picture that has its final size, and its small copy.
func write(img *image.RGBA, thumb int) (*Photo, error) {
	p := &Photo{Width: img.Bounds().Dx(), Height: img.Bounds().Dy()}
	small := shrink(img, thumb)
	p.ThumbWidth, p.ThumbHeight = small.Bounds().Dx(), small.Bounds().Dy()
	var err error
	if p.Data, p.MediaType, err = encode(img); err != nil {
		return nil, err
	}
	if p.Thumb, p.ThumbType, err = encode(small); err != nil {
		return nil, err
	}
	p.Blurhash, err = blur(small)
	return p, err
}

func encode(img *image.RGBA) (data []byte, mediaType string, err error) {
	var b bytes.Buffer
	if img.Opaque() {
		err, mediaType = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}), "image/jpeg"
	} else {
		err, mediaType = png.Encode(&b, img), "image/png"
	}
	if err != nil {
		return nil, "", fmt.Errorf("write photo: %w", err)
	}
	return b.Bytes(), mediaType, nil
}

// blur returns the blurhash: a few colours that stand for the picture until it
// is loaded. Transparent ones are seen on white.
func blur(img *image.RGBA) (string, error) {
	tiny := shrink(img, 32)
	paper := image.NewRGBA(tiny.Bounds())
	draw.Draw(paper, paper.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(paper, paper.Bounds(), tiny, tiny.Bounds().Min, draw.Over)
	x, y := 4, 3
	if paper.Bounds().Dy() > paper.Bounds().Dx() {
		x, y = 3, 4
	}
	hash, err := blurhash.Encode(x, y, paper)
	if err != nil {
		return "", fmt.Errorf("blurhash: %w", err)
	}
	return hash, nil
}
