package templates

import (
	"embed"
	"fmt"
	"sync"
)

//go:embed shipped/*.md
var files embed.FS

// Shipped are the templates that come with the program, by name. Nobody has
// approved them: an organisation's own people do, or do not.
func Shipped() []*Template {
	var out []*Template
	for _, t := range shipped() {
		out = append(out, t.Clone())
	}
	return out
}

// shipped reads them once. They are part of the program, so one that is wrong
// is found by its tests.
var shipped = sync.OnceValue(func() []*Template {
	entries, err := files.ReadDir("shipped")
	if err != nil {
		panic(err)
	}
	var out []*Template
	for _, e := range entries {
		b, err := files.ReadFile("shipped/" + e.Name())
		if err != nil {
			panic(err)
		}
		t, err := Parse(b)
		if err != nil {
			panic(fmt.Errorf("shipped/%s: %w", e.Name(), err))
		}
		out = append(out, t)
	}
	return out
})
