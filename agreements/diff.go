package agreements

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Difference is one thing that two agreements say differently.
type Difference struct {
	// Path is the place, with the names of list items in brackets:
	// datasets[orders].rules.minGroupSize.
	Path string `json:"path"`
	// Words say the place to a reader: "Dataset orders: its owner's minimum group size".
	Words string `json:"words"`
	// From and To are what the two say; "" where one says nothing.
	From string `json:"from"`
	To   string `json:"to"`
}

// Text is the difference on one line, or on several for texts of several
// lines: "Minimum group size: 25 → 50".
func (d Difference) Text() string {
	if strings.Contains(d.From, "\n") || strings.Contains(d.To, "\n") {
		return d.Words + ":\n" + lined("- ", d.From) + lined("+ ", d.To)
	}
	return fmt.Sprintf("%s: %s → %s", d.Words, orNothing(d.From), orNothing(d.To))
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// lined marks the lines that one side has, so that no line of a text can pass
// for the other side's.
func lined(mark, s string) string {
	if s == "" {
		return ""
	}
	return "  " + mark + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  "+mark) + "\n"
}

// DiffText is the whole difference for people.
func DiffText(all []Difference) string {
	if len(all) == 0 {
		return "The two say the same.\n"
	}
	var b strings.Builder
	for _, d := range all {
		b.WriteString(strings.TrimRight(d.Text(), "\n") + "\n")
	}
	return b.String()
}

// Diff lists every difference between two agreements that pass Check: policy,
// clauses and terms, in the order of the format. It compares their canonical
// forms, so that it is empty if and only if both have the same id. Items of
// lists are matched by name; where only their order differs it says so.
func Diff(from, to *Agreement) ([]Difference, error) {
	x, err := tree(from)
	if err != nil {
		return nil, err
	}
	y, err := tree(to)
	if err != nil {
		return nil, err
	}
	var d differ
	d.value(place{}, x, y)
	slices.SortStableFunc(d.found, func(a, b Difference) int { return rank(a.Path) - rank(b.Path) })
	return d.found, nil
}

// tree is the canonical form, decoded; numbers keep their digits.
func tree(a *Agreement) (map[string]any, error) {
	b, err := a.Canonical()
	if err != nil {
		return nil, err
	}
	var out map[string]any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	return out, d.Decode(&out)
}

// place is where a value stands: once with the names of items, for people,
// and once without, to look its words up.
type place struct {
	path, pattern string
	of            []string // the named items it is in: "Dataset orders"
}

func (p place) field(name string) place {
	dot := func(s string) string {
		if s == "" {
			return name
		}
		return s + "." + name
	}
	return place{dot(p.path), dot(p.pattern), p.of}
}

func (p place) item(name string) place {
	p.path += "[" + name + "]"
	if kind := itemKinds[p.pattern]; kind.words != "" {
		p.of = append(slices.Clone(p.of), kind.words+" "+name)
	}
	return p
}

func (p place) words() string {
	words := fieldWords[p.pattern]
	if words == "" {
		words = p.pattern // a field that nobody has worded yet is still shown
	}
	if len(p.of) > 0 {
		return strings.Join(p.of, ", ") + ": " + words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

type differ struct{ found []Difference }

func (d *differ) add(p place, from, to string) {
	d.found = append(d.found, Difference{Path: p.path, Words: p.words(), From: from, To: to})
}

// value compares two values at one place; nil stands for a field that is not
// there.
func (d *differ) value(p place, from, to any) {
	switch {
	case isList(from) || isList(to):
		d.list(p, asList(from), asList(to))
	case isObject(from) || isObject(to):
		if _, word := from.(string); word { // dp: the word none and an object
			d.add(p, scalar(from), "")
			from = nil
		} else if _, word := to.(string); word {
			d.add(p, "", scalar(to))
			to = nil
		}
		x, y := asObject(from), asObject(to)
		for _, k := range keysOf(x, y) {
			d.value(p.field(k), x[k], y[k])
		}
	case scalar(from) != scalar(to):
		d.add(p, scalar(from), scalar(to))
	}
}

// list compares two lists by the names of their items.
func (d *differ) list(p place, from, to []any) {
	key := itemKinds[p.pattern].key
	if key == "" {
		x, y := scalars(from), scalars(to)
		if !slices.Equal(x, y) {
			d.add(p, strings.Join(x, ", "), strings.Join(y, ", "))
		}
		return
	}
	x, namesX := named(from, key)
	y, namesY := named(to, key)
	for _, name := range namesX {
		d.value(p.item(name), x[name], orNil(y, name))
	}
	for _, name := range namesY {
		if _, both := x[name]; !both {
			d.value(p.item(name), nil, y[name])
		}
	}
	if !slices.Equal(namesX, namesY) && sameItems(namesX, namesY) {
		d.add(p.field("order"), strings.Join(namesX, ", "), strings.Join(namesY, ", "))
	}
}

func orNil(m map[string]any, name string) any {
	if v, ok := m[name]; ok {
		return v
	}
	return nil
}

func sameItems(x, y []string) bool {
	x, y = slices.Clone(x), slices.Clone(y)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func named(list []any, key string) (map[string]any, []string) {
	out, names := map[string]any{}, []string(nil)
	for _, v := range list {
		name, _ := asObject(v)[key].(string)
		out[name] = v
		names = append(names, name)
	}
	return out, names
}

func scalars(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = scalar(v)
	}
	return out
}

// scalar words a single value.
func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(v)
}

func isList(v any) bool   { _, ok := v.([]any); return ok }
func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

func asObject(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

func keysOf(x, y map[string]any) []string {
	var out []string
	for _, m := range []map[string]any{x, y} {
		for k := range m {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	slices.Sort(out)
	return out
}

// rank orders differences as the format's fields are.
func rank(path string) int {
	top, _, _ := strings.Cut(path, ".")
	top, _, _ = strings.Cut(top, "[")
	if i := slices.Index(fieldOrder, top); i >= 0 {
		return i
	}
	return len(fieldOrder)
}
