// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"

	"codeberg.org/maillage/maillage/media"
)

// The photos of the demo are drawn, so that nobody's rights are touched and
// the program does not grow by them.

// A demoPicture draws on an empty canvas.
type demoPicture func(*canvas)

// A canvas is what is painted on. Lengths are parts of its height; x grows to
// the right, y down.
type canvas struct{ *image.RGBA }

// A tone is a colour as designers write it: 0xRRGGBB.
type tone uint32

func (t tone) rgba() color.RGBA {
	return color.RGBA{R: uint8(t >> 16), G: uint8(t >> 8), B: uint8(t), A: 255} //nolint:gosec // one byte each
}

// developed draws pictures and takes them in like photos that people upload.
func developed(pictures ...demoPicture) ([]*media.Photo, error) {
	photos := make([]*media.Photo, len(pictures))
	for i, draw := range pictures {
		if draw == nil {
			continue
		}
		c := &canvas{image.NewRGBA(image.Rect(0, 0, 480, 320))}
		draw(c)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, c, &jpeg.Options{Quality: 92}); err != nil {
			return nil, err
		}
		var err error
		if photos[i], err = media.Process(&b); err != nil {
			return nil, err
		}
	}
	return photos, nil
}

// wash fills everything, from one tone above to another below.
func (c *canvas) wash(above, below tone) {
	a, b := above.rgba(), below.rgba()
	size := c.Bounds().Size()
	for y := range size.Y {
		row := mix(a, b, float64(y)/float64(size.Y))
		for x := range size.X {
			c.SetRGBA(x, y, row)
		}
	}
}

// mix returns a colour between a and b.
func mix(a, b color.RGBA, part float64) color.RGBA {
	m := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*(1-part) + float64(y)*part)) }
	return color.RGBA{R: m(a.R, b.R), G: m(a.G, b.G), B: m(a.B, b.B), A: 255}
}

// shape paints every point within a box by how much of it is covered, 0 to 1.
func (c *canvas) shape(x0, y0, x1, y1 float64, t tone, cover func(x, y float64) float64) {
	h := float64(c.Bounds().Dy())
	box := image.Rect(int(x0*h)-1, int(y0*h)-1, int(x1*h)+2, int(y1*h)+2).Intersect(c.Bounds())
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if part := cover((float64(x)+.5)/h, (float64(y)+.5)/h); part > 0 {
				c.SetRGBA(x, y, mix(c.RGBAAt(x, y), t.rgba(), min(part, 1)))
			}
		}
	}
}

// edge turns a distance inside a border into a cover with a soft edge.
func (c *canvas) edge(inside float64) float64 { return inside*float64(c.Bounds().Dy()) + .5 }

func (c *canvas) disc(x, y, r float64, t tone) {
	c.shape(x-r, y-r, x+r, y+r, t, func(px, py float64) float64 { return c.edge(r - math.Hypot(px-x, py-y)) })
}

func (c *canvas) ring(x, y, r, width float64, t tone) {
	c.shape(x-r, y-r, x+r, y+r, t, func(px, py float64) float64 {
		return c.edge(width/2 - math.Abs(math.Hypot(px-x, py-y)-(r-width/2)))
	})
}

func (c *canvas) box(x0, y0, x1, y1 float64, t tone) {
	c.shape(x0, y0, x1, y1, t, func(x, y float64) float64 {
		return c.edge(min(x-x0, x1-x, y-y0, y1-y))
	})
}

// stroke paints a line with round ends.
func (c *canvas) stroke(x0, y0, x1, y1, width float64, t tone) {
	dx, dy := x1-x0, y1-y0
	w := width / 2
	c.shape(min(x0, x1)-w, min(y0, y1)-w, max(x0, x1)+w, max(y0, y1)+w, t, func(x, y float64) float64 {
		along := ((x-x0)*dx + (y-y0)*dy) / (dx*dx + dy*dy)
		along = max(0, min(1, along))
		return c.edge(w - math.Hypot(x-x0-along*dx, y-y0-along*dy))
	})
}

// Motifs. A picture is 1.5 wide and 1 high.

// crate is a box of fruit or vegetables in those colours.
func crate(sky, ground tone, contents ...tone) demoPicture {
	return func(c *canvas) {
		c.wash(sky, ground)
		for i := range 18 {
			row := float64(i / 6)
			c.disc(.3+float64(i%6)*.18+row*.02, .40+row*.07, .095, contents[(i*5+i/6)%len(contents)])
			c.disc(.28+float64(i%6)*.18+row*.02, .37+row*.07, .025, 0xffffff)
		}
		c.box(.18, .60, 1.32, .70, 0xb07c46)
		c.box(.18, .72, 1.32, .82, 0xa06c38)
		c.box(.22, .58, .28, .86, 0x7c5228)
		c.box(1.22, .58, 1.28, .86, 0x7c5228)
	}
}

// field is a sun over furrows.
func field(sky, haze, earth, crop tone) demoPicture {
	return func(c *canvas) {
		c.wash(sky, haze)
		c.disc(1.15, .25, .13, 0xffd75e)
		c.box(0, .55, 1.5, 1, earth)
		for i := range 9 {
			x := -.3 + float64(i)*.26
			c.stroke(.75+(x-.75)*.35, .56, x, 1.02, .03, crop)
			c.disc(.75+(x-.75)*.6, .72, .03, crop)
			c.disc(.75+(x-.75)*.85, .88, .045, crop)
		}
	}
}

// panels are solar panels under the sun.
func panels(sky, haze tone) demoPicture {
	return func(c *canvas) {
		c.wash(sky, haze)
		c.disc(.3, .26, .15, 0xffd23f)
		for i := range 8 {
			a := float64(i) * math.Pi / 4
			c.stroke(.3+.19*math.Cos(a), .26+.19*math.Sin(a), .3+.24*math.Cos(a), .26+.24*math.Sin(a), .02, 0xffd23f)
		}
		c.box(.35, .5, 1.35, .92, 0x25384f)
		for i := range 15 {
			x, y := .37+float64(i%5)*.197, .52+float64(i/5)*.133
			c.box(x, y, x+.18, y+.115, 0x2f6fb0)
			c.stroke(x+.03, y+.09, x+.12, y+.025, .006, 0x8fc1ea)
		}
	}
}

// gear is a cogwheel, and the spanner that fits.
func gear(above, below, metal tone) demoPicture {
	return func(c *canvas) {
		c.wash(above, below)
		for i := range 10 {
			a := float64(i) * math.Pi / 5
			c.stroke(.6+.24*math.Cos(a), .5+.24*math.Sin(a), .6+.33*math.Cos(a), .5+.33*math.Sin(a), .09, metal)
		}
		c.ring(.6, .5, .28, .16, metal)
		c.stroke(1.02, .82, 1.25, .3, .07, 0x8d99ae)
		c.ring(1.27, .24, .1, .055, 0x8d99ae)
		c.disc(1.02, .82, .06, 0x8d99ae)
	}
}

// bicycle is one, on a road.
func bicycle(above, below, frame tone) demoPicture {
	return func(c *canvas) {
		c.wash(above, below)
		c.box(0, .82, 1.5, 1, 0x6b6f76)
		for _, x := range []float64{.42, 1.08} {
			c.ring(x, .62, .21, .03, 0x22262b)
			c.disc(x, .62, .03, 0x22262b)
		}
		for _, l := range [][4]float64{
			{.42, .62, .62, .36}, {.62, .36, .74, .64}, {.42, .62, .74, .64}, {.62, .38, 1.0, .36}, {.74, .64, 1.0, .36}, {1.08, .62, .98, .28},
		} {
			c.stroke(l[0], l[1], l[2], l[3], .032, frame)
		}
		c.stroke(.55, .33, .69, .33, .03, 0x22262b)
		c.stroke(.9, .27, 1.03, .27, .028, 0x22262b)
		c.disc(.74, .64, .05, 0x22262b)
	}
}

// lamp is a light bulb that glows.
func lamp(above, below, glow tone) demoPicture {
	return func(c *canvas) {
		c.wash(above, below)
		for i := range 12 {
			a := float64(i) * math.Pi / 6
			c.stroke(.75+.34*math.Cos(a), .42+.34*math.Sin(a), .75+.42*math.Cos(a), .42+.42*math.Sin(a), .018, glow)
		}
		c.disc(.75, .42, .26, glow)
		c.box(.65, .62, .85, .78, glow)
		for i := range 3 {
			y := .80 + float64(i)*.05
			c.stroke(.67, y, .83, y, .03, 0x5b6470)
		}
		c.stroke(.69, .6, .69, .42, .012, 0xb5651d)
		c.stroke(.81, .6, .81, .42, .012, 0xb5651d)
		c.stroke(.69, .42, .81, .42, .012, 0xb5651d)
	}
}

// cloth is a fabric with buttons and a thread.
func cloth(above, below, thread tone) demoPicture {
	return func(c *canvas) {
		c.wash(above, below)
		for i := range 12 {
			x := float64(i) * .14
			c.stroke(x, .3+.02*math.Sin(x*9), x+.08, .3+.02*math.Sin((x+.08)*9), .014, thread)
			c.stroke(x, .72, x+.08, .72, .014, thread)
		}
		for i, x := range []float64{.35, .75, 1.15} {
			button := []tone{0xf4d35e, 0xee964b, 0xf95738}[i]
			c.disc(x, .5, .12, button)
			c.ring(x, .5, .12, .02, 0xffffff)
			for _, d := range [][2]float64{{-.03, -.03}, {.03, -.03}, {-.03, .03}, {.03, .03}} {
				c.disc(x+d[0], .5+d[1], .014, 0x3a2a1a)
			}
		}
	}
}

// people are heads around a table.
func people(above, below, table tone) demoPicture {
	return func(c *canvas) {
		c.wash(above, below)
		coats := []tone{0xd1495b, 0x00798c, 0xedae49, 0x30638e, 0x66a182}
		skins := []tone{0xf1c9a5, 0x8d5a3b, 0xe0ac84, 0x6b4229, 0xf6dcc4}
		for i := range 5 {
			x := .2 + float64(i)*.275
			y := .42 - .05*math.Sin(float64(i)*math.Pi/4)
			c.disc(x, y+.24, .15, coats[i])
			c.disc(x, y, .09, skins[i])
		}
		c.box(.04, .72, 1.46, .84, table)
		c.box(.14, .84, .2, 1, table)
		c.box(1.3, .84, 1.36, 1, table)
	}
}
