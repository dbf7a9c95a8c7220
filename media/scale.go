// SPDX-License-Identifier: AGPL-3.0-or-later

package media

import (
	"image"

	"golang.org/x/image/draw"
)

// band is how many rows or columns are scaled at a time. The scaler of x/image
// keeps 32 bytes for each of them and each pixel across: of a whole photo that
// would be more than the photo.
const band = 128

// shrink returns a copy of src whose longer side is at most side. It never
// enlarges.
//
// Width and height are scaled one after the other, which Catmull-Rom allows:
// the side that keeps its size passes unchanged, and so bands of it do not
// show at their seams.
func shrink(src image.Image, side int) *image.RGBA {
	w, h := fit(src.Bounds().Dx(), src.Bounds().Dy(), side)
	return heightTo(widthTo(src, w), h)
}

// fit returns the size of w by h when the longer side is at most side.
func fit(w, h, side int) (int, int) {
	switch {
	case w <= side && h <= side:
		return w, h
	case w >= h:
		return side, max(1, (h*side+w/2)/w)
	}
	return max(1, (w*side+h/2)/h), side
}

// widthTo scales the width, band after band of rows.
func widthTo(src image.Image, w int) *image.RGBA {
	b := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, w, b.Dy()))
	rows := image.NewRGBA(image.Rect(0, 0, b.Dx(), min(band, b.Dy())))
	for y := 0; y < b.Dy(); y += band {
		n := min(band, b.Dy()-y)
		from := image.Rect(0, 0, b.Dx(), n)
		draw.Draw(rows, from, src, b.Min.Add(image.Pt(0, y)), draw.Src)
		if w == b.Dx() {
			draw.Draw(dst, image.Rect(0, y, w, y+n), rows, image.Point{}, draw.Src)
			continue
		}
		draw.CatmullRom.Scale(dst, image.Rect(0, y, w, y+n), rows, from, draw.Src, nil)
	}
	return dst
}

// heightTo scales the height, band after band of columns.
func heightTo(src *image.RGBA, h int) *image.RGBA {
	b := src.Bounds()
	if h == b.Dy() {
		return src
	}
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), h))
	for x := 0; x < b.Dx(); x += band {
		n := min(band, b.Dx()-x)
		draw.CatmullRom.Scale(dst, image.Rect(x, 0, x+n, h), src, image.Rect(x, 0, x+n, b.Dy()), draw.Src, nil)
	}
	return dst
}

// upright turns a picture as its EXIF orientation says: 1 to 8.
func upright(src *image.RGBA, orientation int) *image.RGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	place := map[int]func(x, y int) (int, int){
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return h - 1 - y, x },
		7: func(x, y int) (int, int) { return h - 1 - y, w - 1 - x },
		8: func(x, y int) (int, int) { return y, w - 1 - x },
	}[orientation]
	if place == nil {
		return src
	}
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			nx, ny := place(x, y)
			dst.SetRGBA(nx, ny, src.RGBAAt(x, y))
		}
	}
	return dst
}
