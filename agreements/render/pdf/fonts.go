package pdf

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"parley/agreements/render"
)

// ErrLetters is wrapped by Render.
var ErrLetters = errors.New("a PDF of this agreement cannot be made")

// face is an index into faces.
type face int

const (
	regular face = iota
	bold
	italic
	boldItalic
	mono
)

// faces are the Go fonts: Latin, Greek and Cyrillic.
var faces = []struct {
	family, style string
	ttf           []byte
}{
	{"go", "", goregular.TTF},
	{"go", "B", gobold.TTF},
	{"go", "I", goitalic.TTF},
	{"go", "BI", gobolditalic.TTF},
	{"mono", "", gomono.TTF},
}

var parsed = sync.OnceValues(func() ([]*sfnt.Font, error) {
	var out []*sfnt.Font
	for _, f := range faces {
		font, err := sfnt.Parse(f.ttf)
		if err != nil {
			return nil, err
		}
		out = append(out, font)
	}
	return out, nil
})

// has reports whether every face has the letter.
func has(r rune) (bool, error) {
	fonts, err := parsed()
	if err != nil {
		return false, err
	}
	for _, f := range fonts {
		if g, err := f.GlyphIndex(nil, r); err != nil || g == 0 {
			return false, err
		}
	}
	return true, nil
}

// letters refuses a document with a letter that the fonts do not have.
func letters(d *render.Document) error {
	known := map[rune]bool{}
	check := func(spans ...render.Span) error {
		for _, s := range spans {
			for _, r := range s.Text {
				if known[r] {
					continue
				}
				ok, err := has(r)
				if err != nil {
					return err
				}
				if !ok || r > 0xFFFF {
					return fmt.Errorf("%w: the built-in fonts have no %q (U+%04X), which stands in %s; render it as HTML, and print that", ErrLetters, r, r, s.From)
				}
				known[r] = true
			}
		}
		return nil
	}
	if err := check(d.Title); err != nil {
		return err
	}
	for _, k := range d.Blocks {
		for _, spans := range [][]render.Span{k.Label, k.Spans, k.Lines} {
			if err := check(spans...); err != nil {
				return err
			}
		}
	}
	return nil
}
