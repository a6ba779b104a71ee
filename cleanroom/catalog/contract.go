package catalog

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"

	"github.com/gowebpki/jcs"

	"parley/agreements"
)

// Contract is a checked data contract. It does not change.
type Contract struct {
	canonical []byte
	root      object
	rules     agreements.Rules
}

//go:embed example.yaml
var example string

// Example is a complete, commented contract that Load accepts.
func Example() string { return example }

// Load reads and checks a contract. Its error lists everything that is wrong,
// one problem a line, with the line in the file and the path of the field.
func Load(yaml []byte) (*Contract, error) {
	doc, err := readYAML(yaml)
	if err != nil {
		return nil, err
	}
	found := checkSchema(doc)
	if len(found) > 0 {
		return nil, found.err()
	}
	c := &Contract{root: object{doc.root.(map[string]any), ""}}
	t := terms{lines: doc.lines}
	c.rules = t.read(c.root)
	if err := t.problems.err(); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(doc.root)
	if err != nil {
		return nil, err
	}
	if c.canonical, err = jcs.Transform(plain); err != nil {
		return nil, err
	}
	return c, nil
}

// Hash is "sha256:" + hex over the contract's canonical JSON.
func (c *Contract) Hash() string {
	sum := sha256.Sum256(c.canonical)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Canonical is the whole contract as canonical JSON (RFC 8785).
func (c *Contract) Canonical() []byte { return slices.Clone(c.canonical) }

// Rules are the contract's terms as an agreement states them. The columns are
// in the contract's order.
func (c *Contract) Rules() (agreements.Rules, error) {
	if c == nil || len(c.canonical) == 0 {
		return agreements.Rules{}, errors.New("the contract was not loaded")
	}
	r := c.rules
	r.Receivers, r.Functions = slices.Clone(r.Receivers), slices.Clone(r.Functions)
	if r.DP != nil {
		dp := *r.DP
		r.DP = &dp
	}
	r.Columns = slices.Clone(r.Columns)
	for i := range r.Columns {
		r.Columns[i].Uses = slices.Clone(r.Columns[i].Uses)
		r.Columns[i].Domain = slices.Clone(r.Columns[i].Domain)
		r.Columns[i].Operators = slices.Clone(r.Columns[i].Operators)
	}
	return r, nil
}

// Name is the table's name in SQL.
func (c *Contract) Name() string { return c.root.list("schema")[0].text("name") }

// Version is the contract's own version, as its author counts.
func (c *Contract) Version() string { return c.root.text("version") }

// Source is where the rows are: path as written in the contract (relative to
// the contract file's folder, or absolute), format, and the table inside a
// duckdb file.
func (c *Contract) Source() (path, format, table string) {
	s, t := c.root.list("servers")[0], c.root.list("schema")[0]
	if table = t.text("physicalName"); table == "" {
		table = t.text("name")
	}
	return s.text("path"), s.text("format"), table
}

// SourcePath is Source's path as seen from the folder of the contract file.
func (c *Contract) SourcePath(folder string) string {
	path, _, _ := c.Source()
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}
