package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// MaxSize is the largest contract Load reads, in bytes.
const MaxSize = 1 << 20

const maxDepth = 64

// document is a YAML file as JSON values (numbers as json.Number), with the
// line of every value by its JSON pointer.
type document struct {
	root  any
	lines map[string]int
}

// reader turns nodes into values and gathers problems.
type reader struct {
	lines    map[string]int
	problems problems
}

// readYAML reads one document. Anchors, merges, tags, several documents,
// duplicate keys and non-text keys are refused: a contract must mean the same
// to every reader.
func readYAML(in []byte) (*document, error) {
	if len(in) > MaxSize {
		return nil, fmt.Errorf("the contract has %d bytes; at most %d are read", len(in), MaxSize)
	}
	dec := yaml.NewDecoder(bytes.NewReader(in))
	var node, second yaml.Node
	if err := dec.Decode(&node); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the contract is empty")
		}
		return nil, fmt.Errorf("the contract is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("the contract file holds more than one document")
	}
	r := &reader{lines: map[string]int{}}
	root := r.value(node.Content[0], "", 0)
	if err := r.problems.err(); err != nil {
		return nil, err
	}
	return &document{root, r.lines}, nil
}

func (r *reader) refuse(n *yaml.Node, at, format string, args ...any) any {
	r.problems = append(r.problems, problem{n.Line, at, fmt.Sprintf(format, args...)})
	return nil
}

func (r *reader) value(n *yaml.Node, at string, depth int) any {
	r.lines[at] = n.Line
	switch {
	case depth > maxDepth:
		return r.refuse(n, at, "is nested too deeply")
	case n.Anchor != "" || n.Kind == yaml.AliasNode:
		return r.refuse(n, at, "uses a YAML anchor or alias; write the value out")
	case n.Style&yaml.TaggedStyle != 0:
		return r.refuse(n, at, "uses a YAML tag; remove it")
	}
	switch n.Kind {
	case yaml.MappingNode:
		return r.mapping(n, at, depth)
	case yaml.SequenceNode:
		list := []any{}
		for i, item := range n.Content {
			list = append(list, r.value(item, fmt.Sprintf("%s/%d", at, i), depth+1))
		}
		return list
	}
	return r.scalar(n, at)
}

func (r *reader) mapping(n *yaml.Node, at string, depth int) any {
	m := map[string]any{}
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str" || k.Anchor != "" {
			r.refuse(k, at, "has a key that is not plain text")
			continue
		}
		if _, ok := m[k.Value]; ok {
			r.refuse(k, at, "has the key %q twice", k.Value)
		}
		m[k.Value] = r.value(n.Content[i+1], at+"/"+escape(k.Value), depth+1)
	}
	return m
}

// plainNumber is a JSON number; YAML's 0x10, 1_000, .5 and +1 are not.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

func (r *reader) scalar(n *yaml.Node, at string) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		return r.number(n, at)
	}
	return n.Value // text, and dates, which JSON has as text
}

// number keeps the digits as written. More than 15 of them could be changed
// by canonical JSON, whose numbers are doubles, and two contracts would share
// a hash.
func (r *reader) number(n *yaml.Node, at string) any {
	if !plainNumber.MatchString(n.Value) {
		return r.refuse(n, at, "is not a plain decimal number; write it like -12.5, or quote it if it is text")
	}
	digits := strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(n.Value), "0")
	f, err := strconv.ParseFloat(n.Value, 64)
	if len(digits) > 15 || err != nil || f != 0 && math.Abs(f) < 1e-6 {
		return r.refuse(n, at, "has more than 15 digits, or is nearer to zero than 0.000001")
	}
	return json.Number(n.Value)
}

// escape writes a key into a JSON pointer (RFC 6901).
func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
