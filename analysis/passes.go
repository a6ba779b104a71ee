package analysis

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"parley/analysis/sql"
)

// Pass is one step from a question to its plan, to be read.
type Pass struct {
	Name string          `json:"name"` // parse, check or plan
	Text string          `json:"text"` // for people
	Tree json.RawMessage `json:"tree"` // for programs
}

// Passes are the names of the passes, in order.
var Passes = []string{"parse", "check", "plan"}

// Pass prints one pass of an accepted question: the syntax tree of what was
// written, the checked question with the rule that allowed each column, or the
// plan. It is nil for a name that is none of Passes.
func (c *Compiled) Pass(name string) (*Pass, error) {
	var tree any
	text := ""
	switch name {
	case "parse":
		tree = syntax(reflect.ValueOf(c.parsed), c.parsed.Source)
	case "check":
		tree = struct {
			Question     string      `json:"question"`
			MinGroupSize int         `json:"minGroupSize"`
			PublicData   bool        `json:"publicData"`
			Uses         []ColumnUse `json:"uses"`
		}{c.Plan.SQL, c.Plan.MinGroupSize, c.Plan.PublicData, c.Uses}
		text = c.checkedText()
	case "plan":
		tree = &c.Plan
	default:
		return nil, nil
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("print the pass %s: %w", name, err)
	}
	if text == "" {
		indented, err := json.MarshalIndent(tree, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("print the pass %s: %w", name, err)
		}
		text = string(indented) + "\n"
	}
	return &Pass{Name: name, Text: text, Tree: raw}, nil
}

func (c *Compiled) checkedText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Question  %s\nAsker     %s\nAt least  %d people or things behind every number\n\nColumns, and the rule that allows each use\n", c.Plan.SQL, c.Asker, c.Plan.MinGroupSize)
	for _, u := range c.Uses {
		fmt.Fprintf(&b, "  %s.%s (%s) as %s: %s\n", u.Dataset, u.Column, u.Owner, u.Use, u.Clause)
	}
	return b.String()
}

// syntax turns a syntax tree into plain data: of every node its kind, its
// place (line:column) and the fields that say something.
func syntax(v reflect.Value, src sql.Source) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return syntax(v.Elem(), src)
	case reflect.Slice:
		out := make([]any, 0, v.Len())
		for i := range v.Len() {
			out = append(out, syntax(v.Index(i), src))
		}
		return out
	case reflect.Struct:
		out := map[string]any{"node": v.Type().Name()}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || f.Type == reflect.TypeFor[sql.Source]() {
				continue
			}
			if f.Name == "Pos" {
				if line, column := src.LineColumn(int(v.Field(i).Int())); line > 0 {
					out["at"] = fmt.Sprintf("%d:%d", line, column)
				}
				continue
			}
			if !v.Field(i).IsZero() {
				out[strings.ToLower(f.Name[:1])+f.Name[1:]] = syntax(v.Field(i), src)
			}
		}
		return out
	}
	return v.Interface()
}
