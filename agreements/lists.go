package agreements

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// List is the type of a parameter that takes several values of the type Of. It
// is no type of a column.
const List Type = "list"

// maxListItems bounds Parameter.MaxItems.
const maxListItems = 1000

// ListItems reads the value of a list: a JSON array of texts, numbers and
// booleans if it begins with [, else values between commas. It says nothing
// of the items' type.
func ListItems(s string) ([]string, error) {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "[") {
		if s == "" {
			return nil, errors.New("a list needs at least one value")
		}
		return strings.Split(s, ","), nil
	}
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var raw []any
	err := dec.Decode(&raw)
	if _, end := dec.Token(); err != nil || end != io.EOF || len(raw) == 0 {
		return nil, errors.New("a list is values between commas, or a JSON array of at least one")
	}
	out := make([]string, 0, len(raw))
	for _, v := range raw {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case json.Number:
			out = append(out, v.String())
		case bool:
			out = append(out, map[bool]string{true: "true", false: "false"}[v])
		default:
			return nil, errors.New("a list holds texts, numbers and booleans")
		}
	}
	return out, nil
}

// Item is the type of the values that a parameter takes: of a list, of each.
func (q *Parameter) Item() Type {
	if q.Type == List {
		return q.Of
	}
	return q.Type
}

// listForm checks of and maxItems.
func (p *problems) listForm(path string, q *Parameter) bool {
	if q.Type != List {
		if q.Of != "" || q.MaxItems != 0 {
			p.add(path, "of and maxItems belong to a list")
			return false
		}
		return true
	}
	before := len(*p)
	if !known(q.Of) {
		p.add(path+".of", "%s is not known; a list is of text, integer, decimal, date or boolean", quoted(q.Of))
	}
	if q.MaxItems < 1 || q.MaxItems > maxListItems {
		p.add(path+".maxItems", "must be 1 to 1,000")
	}
	return len(*p) == before
}

// defaultList checks the default of a list.
func (p *problems) defaultList(path string, q *Parameter) {
	items, err := ListItems(q.Default)
	if err != nil {
		p.add(path, "%v", err)
		return
	}
	if len(items) > q.MaxItems {
		p.add(path, "has more than maxItems values")
		return
	}
	for _, v := range items {
		switch {
		case !ValidValue(q.Of, v):
			p.add(path, "holds a value that is not of type %s", q.Of)
		case len(q.Values) > 0 && !slices.Contains(q.Values, v):
			p.add(path, "holds a value that is not among the values")
		case q.outside(v):
			p.add(path, "holds a value that is out of bounds")
		}
	}
}
