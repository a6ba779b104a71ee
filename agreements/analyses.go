package agreements

import (
	"fmt"
	"slices"
)

func (p *problems) analyses(a *Agreement) {
	seen := taken{}
	for i := range a.Analyses {
		n, path := &a.Analyses[i], fmt.Sprintf("analyses[%d]", i)
		if !namePattern.MatchString(n.Name) {
			p.add(path+".name", "must be a lower-case name")
		}
		seen.add(p, path+".name", "", n.Name)
		p.text(path+".description", n.Description, 0, 4000)
		p.text(path+".sql", n.SQL, 1, 64<<10)
		p.parameters(path+".parameters", n.Parameters)
	}
	if !a.AdHoc && len(a.Analyses) == 0 {
		p.add("analyses", "nothing could be asked: adHoc is false and there is no approved analysis")
	}
}

func (p *problems) parameters(path string, all []Parameter) {
	if len(all) > maxParameters {
		p.add(path, "there may be %d at most", maxParameters)
		return
	}
	seen := taken{}
	for i := range all {
		q, at := &all[i], fmt.Sprintf("%s[%d]", path, i)
		if !namePattern.MatchString(q.Name) {
			p.add(at+".name", "must be a lower-case name")
		}
		seen.add(p, at+".name", "", q.Name)
		p.parameter(at, q)
	}
}

func (p *problems) parameter(path string, q *Parameter) {
	if !known(q.Type) && q.Type != List {
		p.add(path+".type", "%s is not known; use text, integer, decimal, date, boolean or list", quoted(q.Type))
		return
	}
	if !p.listForm(path, q) || !p.bounds(path, q.Item(), q.Min, q.Max) {
		return // what follows compares with the bounds
	}
	if len(q.Values) > maxValues {
		p.add(path+".values", "there may be 1,000 at most")
		return
	}
	seen := map[string]bool{}
	for i, v := range q.Values {
		at := fmt.Sprintf("%s.values[%d]", path, i)
		switch {
		case !ValidValue(q.Item(), v) || seen[v]:
			p.add(at, "must be of type %s and listed once", q.Item())
		case q.outside(v):
			p.add(at, "is out of bounds")
		}
		seen[v] = true
	}
	p.defaultValue(path+".default", q)
}

func (p *problems) defaultValue(path string, q *Parameter) {
	switch {
	case q.Default == "":
	case q.Type == List:
		p.defaultList(path, q)
	case !ValidValue(q.Type, q.Default):
		p.add(path, "is not of type %s", q.Type)
	case len(q.Values) > 0 && !slices.Contains(q.Values, q.Default):
		p.add(path, "is not among the values")
	case q.outside(q.Default):
		p.add(path, "is out of bounds")
	}
}

// outside compares a valid value with valid bounds.
func (q *Parameter) outside(v string) bool {
	return q.Min != "" && less(q.Item(), v, q.Min) || q.Max != "" && less(q.Item(), q.Max, v)
}
