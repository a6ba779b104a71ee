package cleanroom

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"parley/cleanroom/engine"
)

// counting is an engine that returns large trees and counts what is parsed.
type counting struct {
	engine.Engine
	parsed map[string]int
}

func (c *counting) Parse(_ context.Context, sql string) ([]byte, error) {
	c.parsed[sql]++
	if sql == "bad" {
		return nil, engine.ErrLimit
	}
	return []byte(strings.Repeat(sql, 1<<20)), nil
}

// TestParsedIsBoundedAndKeepsWhatIsUsed parses more than may be kept.
func TestParsedIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	e := &counting{parsed: map[string]int{}}
	p := newParsed(e)
	parse := func(sql string) {
		t.Helper()
		tree, err := p.Parse(t.Context(), sql)
		if (err != nil) != (sql == "bad") || err == nil && string(tree[:len(sql)]) != sql {
			t.Fatalf("%q: %d bytes, %v", sql, len(tree), err)
		}
	}
	parse("q")
	for i := range 60 {
		parse(fmt.Sprint(i % 10)) // 1 MiB each: all ten and q fit
		parse("q")
	}
	parse("bad")
	parse("bad")
	for _, sql := range []string{"aaaa", "bbbb", "cccc"} { // 4 MiB each: they push out the digits
		parse(sql)
		parse("q")
	}
	parse("0")
	for sql, want := range map[string]int{"q": 1, "9": 1, "0": 2, "bad": 2, "cccc": 1} {
		if e.parsed[sql] != want {
			t.Errorf("%q was parsed %d times, want %d", sql, e.parsed[sql], want)
		}
	}
	if p.size > maxParsed || len(p.trees) != len(p.recent) {
		t.Errorf("%d bytes, %d trees, %d names", p.size, len(p.trees), len(p.recent))
	}
}
