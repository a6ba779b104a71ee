package agreements

import (
	"fmt"
	"regexp"
	"slices"
)

const maxScale = 6

var columnPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*$`)

func (p *problems) column(path string, c *Column) {
	if len(c.Name) > 63 || !columnPattern.MatchString(c.Name) {
		p.add(path+".name", "is not a column name")
	}
	if c.Scale < 0 || c.Scale > maxScale || c.Scale != 0 && c.Type != Decimal {
		p.add(path+".scale", "must be 0 to %d, and 0 for anything but decimals", maxScale)
	}
	p.uses(path+".uses", c)
	if !known(c.Type) {
		p.add(path+".type", "%s is not known; use text, integer, decimal, date or boolean", quoted(c.Type))
		return
	}
	p.columnBounds(path, c)
	p.domain(path+".domain", c)
}

func known(t Type) bool {
	return slices.Contains([]Type{Text, Integer, Decimal, Date, Boolean}, t)
}

func (p *problems) uses(path string, c *Column) {
	if len(c.Uses) == 0 {
		p.add(path, "an unused column must not be listed")
	}
	wrong := len(c.Uses) > 3
	if !wrong {
		for i, u := range c.Uses {
			wrong = wrong || u != Dimension && u != Measure && u != Filter || slices.Contains(c.Uses[:i], u)
		}
	}
	if wrong {
		p.add(path, "must be dimension, measure or filter, each once")
		return
	}
	if c.Allows(Measure) && c.Type != Integer && c.Type != Decimal {
		p.add(path, "only an integer or a decimal can be a measure")
	}
}

func (p *problems) columnBounds(path string, c *Column) {
	if c.Allows(Measure) && (c.Min == "" || c.Max == "") {
		p.add(path, "a measure needs min and max")
		return
	}
	if !p.bounds(path, c.Type, c.Min, c.Max) || c.Type != Decimal {
		return
	}
	for _, b := range [][2]string{{"min", c.Min}, {"max", c.Max}} {
		if b[1] != "" && !fits(b[1], c.Scale) {
			p.add(path+"."+b[0], "is finer than the scale, or has more than 18 digits with it")
		}
	}
}

// domain checks declared values in the very text in which an engine prints
// them: another spelling of a value would never be found.
func (p *problems) domain(path string, c *Column) {
	if len(c.Domain) > maxDomain {
		p.add(path, "there may be 10,000 values at most")
		return
	}
	if len(c.Domain) > 0 && !c.Allows(Dimension) {
		p.add(path, "belongs to a dimension")
	}
	seen := map[string]bool{}
	for i, v := range c.Domain {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case v == "" || !ValidValue(c.Type, v):
			p.add(at, "is not of type %s", c.Type)
		case c.Type == Decimal && (!fits(v, c.Scale) || decimals(v) != c.Scale):
			p.add(at, "must be written with exactly %d decimals", c.Scale)
		case seen[v]:
			p.add(at, "is listed twice")
		}
		seen[v] = true
	}
}

// bounds checks optional limits of one type and reports whether they are right.
func (p *problems) bounds(path string, t Type, low, high string) bool {
	if low == "" && high == "" {
		return true
	}
	if t == Text || t == Boolean {
		p.add(path, "min and max need an ordered type")
		return false
	}
	for _, b := range [][2]string{{"min", low}, {"max", high}} {
		if b[1] != "" && !ValidValue(t, b[1]) {
			p.add(path+"."+b[0], "is not of type %s", t)
			return false
		}
	}
	if low != "" && high != "" && less(t, high, low) {
		p.add(path, "max is below min")
		return false
	}
	return true
}
