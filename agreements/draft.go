package agreements

import (
	"fmt"
	"regexp"

	"gopkg.in/yaml.v3"
)

// ParseDraft reads a YAML draft strictly, since what is signed must have one
// reading: unknown and duplicate keys, several documents, aliases, tags, merge
// keys, nulls and numbers in other bases are refused. The draft is checked; the
// problems are reported together.
func ParseDraft(b []byte) (*Agreement, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("the draft is larger than %d bytes", MaxSize)
	}
	var a Agreement
	if err := ReadYAML("draft", "an agreement", b, &a); err != nil {
		return nil, err
	}
	if err := a.Check(); err != nil {
		return nil, err
	}
	return &a, nil
}

var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// plain refuses YAML that says one thing to a reader and another to a
// decoder: anchors hide repetition and blow a small file up, !!binary hides
// text, a merge key adds fields under another name, and 062 is fifty.
func plain(n *yaml.Node) error {
	refuse := func(what string) error { return fmt.Errorf("line %d: %s", n.Line, what) }
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return refuse("YAML anchors and aliases are not allowed in an agreement; write the text out")
	case n.Style&yaml.TaggedStyle != 0:
		return refuse("YAML tags are not allowed in an agreement")
	case n.Tag == "!!merge":
		return refuse("YAML merge keys are not allowed in an agreement; write the fields out")
	case n.Tag == "!!null":
		return refuse("there is no value here; write one or leave the field out")
	case (n.Tag == "!!int" || n.Tag == "!!float") && !plainNumber.MatchString(n.Value):
		return refuse("write this number in plain decimal digits, or in quotes if it is text")
	}
	for i, c := range n.Content {
		if err := plain(c); err != nil {
			return err
		}
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			if err := plainField(n.Content[i-1].Value, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainField refuses values that the decoder would bend to a field's type: it
// cuts 50.9 down to 50 and takes "no" for false.
func plainField(key string, v *yaml.Node) error {
	switch key {
	case "minGroupSize", "minSetSize", "maxRowsPerUnit", "scale", "periodDays", "groupsPerUnit", "rowsPerUnit", "runsPerDay", "days", "version", "maxItems":
		if v.Tag != "!!int" {
			return fmt.Errorf("line %d: %s must be a whole number", v.Line, key)
		}
	case "adHoc", "publicData", "nullable", "adHocOnly", "approveRuns":
		if v.Value != "true" && v.Value != "false" {
			return fmt.Errorf("line %d: %s must be true or false", v.Line, key)
		}
	}
	return nil
}
