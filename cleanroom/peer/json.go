package peer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is above what any message of the protocol nests.
const maxDepth = 8

var errJSON = errors.New("not the JSON this version of the protocol expects")

// strictJSON decodes exactly one object. Unknown and repeated fields, bytes
// after the end and bytes that are not UTF-8 are refused, so that no two
// readers can read one message in two ways.
func strictJSON(b []byte, v any) error {
	if !utf8.Valid(b) {
		return errJSON
	}
	if err := checkKeys(b); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(v) != nil {
		return errJSON // the decoder's own text quotes the input
	}
	return nil
}

// level is one open object or array.
type level struct {
	keys   map[string]bool // nil for an array
	inside bool            // a key was read, its value comes next
}

// checkKeys walks the tokens of one object.
func checkKeys(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var open []*level
	for first := true; first || len(open) > 0; first = false {
		t, err := d.Token()
		if err != nil || first && t != json.Delim('{') {
			return errJSON
		}
		if open, err = step(open, t); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != io.EOF {
		return errJSON
	}
	return nil
}

func step(open []*level, t json.Token) ([]*level, error) {
	var top *level
	if len(open) > 0 {
		top = open[len(open)-1]
	}
	switch t {
	case json.Delim('}'), json.Delim(']'):
		return open[:len(open)-1], nil
	}
	if top != nil && top.keys != nil && !top.inside {
		key := t.(string) // the decoder lets nothing else stand here
		if len(open) == 1 {
			key = strings.ToLower(strings.ToUpper(key)) // the decoder matches fields so
		}
		if top.keys[key] {
			return nil, errJSON
		}
		top.keys[key], top.inside = true, true
		return open, nil
	}
	if top != nil {
		top.inside = false
	}
	switch t {
	case json.Delim('{'):
		open = append(open, &level{keys: map[string]bool{}})
	case json.Delim('['):
		open = append(open, &level{})
	}
	if len(open) > maxDepth {
		return nil, errJSON
	}
	return open, nil
}
