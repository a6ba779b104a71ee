package catalog

import (
	"encoding/json"
	"fmt"
)

// object is a JSON object of a document that passed the schema, and where it
// stands (JSON pointer).
type object struct {
	fields map[string]any
	at     string
}

// text returns a text field, "" if there is none.
func (o object) text(name string) string {
	s, _ := o.fields[name].(string)
	return s
}

func (o object) flag(name string) bool {
	b, _ := o.fields[name].(bool)
	return b
}

func (o object) object(name string) object {
	m, _ := o.fields[name].(map[string]any)
	return object{m, o.at + "/" + escape(name)}
}

// list returns an array of objects.
func (o object) list(name string) []object {
	items, _ := o.fields[name].([]any)
	var all []object
	for i, item := range items {
		if m, ok := item.(map[string]any); ok {
			all = append(all, object{m, fmt.Sprintf("%s/%s/%d", o.at, escape(name), i)})
		}
	}
	return all
}

// scalarText is the text of a value that is text or a number.
func scalarText(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case json.Number:
		return x.String(), true
	}
	return "", false
}
