package catalog

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

//go:embed odcs.schema.json
var schemaJSON []byte

// checkSchema holds the document to odcs.schema.json.
func checkSchema(doc *document) problems {
	schema, err := compileSchema()
	if err != nil {
		return problems{{0, "", "cannot be checked: " + err.Error()}}
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(doc.root); !errors.As(err, &invalid) {
		return nil
	}
	return dropConsequences(schemaProblems(doc, invalid))
}

// dropConsequences removes "unknown field" under a quality rule that is wrong
// as a whole: its fields are known only once its form is.
func dropConsequences(all problems) problems {
	wrong := map[string]bool{}
	for _, p := range all {
		if p.text != unknownField && strings.Contains(p.at, "/quality/") {
			wrong[p.at] = true
		}
	}
	return slices.DeleteFunc(all, func(p problem) bool {
		return p.text == unknownField && wrong[p.at[:max(0, strings.LastIndex(p.at, "/"))]]
	})
}

// compileSchema compiles once: it takes longer than any check.
var compileSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{}) // the schema is whole: nothing is fetched
	c.AssertFormat()
	if err := c.AddResource("odcs.schema.json", v); err != nil {
		return nil, err
	}
	return c.Compile("odcs.schema.json")
})

type noLoader struct{}

func (noLoader) Load(url string) (any, error) { return nil, fmt.Errorf("%s is not loaded", url) }

// schemaProblems collects the innermost causes.
func schemaProblems(doc *document, e *jsonschema.ValidationError) problems {
	if one, ok := e.ErrorKind.(*kind.OneOf); ok {
		return problems{{doc.line(e.InstanceLocation), pointer(e.InstanceLocation), oneOfWords(e.SchemaURL, one)}}
	}
	if len(e.Causes) > 0 {
		var all problems
		for _, c := range e.Causes {
			all = append(all, schemaProblems(doc, c)...)
		}
		return all
	}
	if extra, ok := e.ErrorKind.(*kind.AdditionalProperties); ok {
		var all problems
		for _, name := range slices.Sorted(slices.Values(extra.Properties)) {
			loc := append(slices.Clone(e.InstanceLocation), name)
			all = append(all, problem{doc.line(loc), pointer(loc), unknownField})
		}
		return all
	}
	return problems{{doc.line(e.InstanceLocation), pointer(e.InstanceLocation), schemaWords(e.ErrorKind)}}
}

const unknownField = "is not a field that is known here"

func schemaWords(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.FalseSchema:
		return unknownField
	case *kind.Required:
		return "lacks " + strings.Join(slices.Sorted(slices.Values(k.Missing)), ", ")
	case *kind.Type:
		return "must be " + strings.Join(k.Want, " or ") + ", not " + k.Got
	case *kind.Enum:
		return "must be one of " + printValues(k.Want)
	case *kind.Const:
		return "must be " + printValues([]any{k.Want})
	case *kind.Pattern:
		return "does not match " + k.Want
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d, not %d", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d, not %d", k.Want, k.Got)
	case *kind.MinLength:
		return "must not be empty"
	case *kind.Format:
		return "is not a valid " + k.Want
	case *kind.UniqueItems:
		return "has the same entry twice"
	}
	return "is not what Open Data Contract Standard 3.1.0 asks for"
}

func oneOfWords(url string, k *kind.OneOf) string {
	if strings.HasSuffix(url, "/operator") {
		return fmt.Sprintf("must have exactly one operator such as mustBe, not %d", len(k.Subschemas))
	}
	return "must be one reference such as table.column, or a list of them, on both sides"
}

func printValues(values []any) string {
	var all []string
	for _, v := range values {
		b, _ := json.Marshal(v)
		all = append(all, string(b))
	}
	return strings.Join(all, ", ")
}

func pointer(location []string) string {
	var b strings.Builder
	for _, part := range location {
		b.WriteString("/" + escape(part))
	}
	return b.String()
}

func (d *document) line(location []string) int { return d.lines[pointer(location)] }
