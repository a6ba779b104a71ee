package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"parley/agreements"
)

// room describes a collaboration to rehearse: who has which data, what they
// would agree, and a question. ROOM.yaml is its YAML form.
type room struct {
	Title string `yaml:"title"`
	// Note is printed before anything else, such as where the data come from.
	Note      string        `yaml:"note"`
	Members   []roomMember  `yaml:"members"`
	Agreement roomAgreement `yaml:"agreement"`
	Ask       roomAsk       `yaml:"ask"`
	// Check is SQL over the same files in plain DuckDB whose answer the
	// released one must equal, row for row.
	Check string `yaml:"check"`
	// Withheld is SQL that counts the groups which must not be released.
	Withheld string `yaml:"withheld"`
	// Tables are statements that make the datasets' tables in plain DuckDB, and
	// Checks, by analysis, what else it takes to judge an answer there.
	Tables []string             `yaml:"tables"`
	Checks map[string]roomCheck `yaml:"checks"`
	// Rows is how many rows a side the generated files of a built-in room have.
	Rows int `yaml:"rows"`

	dir string // where relative paths start
}

type roomMember struct {
	Name string `yaml:"name"`
	// Contracts are files, or contracts written out in place.
	Contracts []roomContract `yaml:"contracts"`
}

// roomContract is a path or a whole contract.
type roomContract struct{ yaml []byte }

type roomAgreement struct {
	Purpose string `yaml:"purpose"`
	// Clauses and Terms are as in an agreement.
	Clauses      []agreements.Clause `yaml:"clauses"`
	Terms        []agreements.Term   `yaml:"terms"`
	MinGroupSize int                 `yaml:"minGroupSize"`
	AdHoc        bool                `yaml:"adHoc"`
	// DP is none or what agreements/AGREEMENT.md says; absent: the default of
	// `parley agreement new`.
	DP        *agreements.DP        `yaml:"dp"`
	Receivers []string              `yaml:"receivers"`
	Days      int                   `yaml:"days"`
	Analyses  []agreements.Analysis `yaml:"analyses"`
}

// roomCheck says which groups of an analysis may be released: its own SQL, run
// by plain DuckDB, gives the values.
type roomCheck struct {
	// Units is SQL with the analysis's group columns and a column units, how many
	// distinct units of the join are behind each group; empty: all groups pass.
	Units string `yaml:"units"`
	// Values is SQL over the analysis's answer, as the table answer, that leaves out
	// what may not be released of a group that is; empty: all of it may be.
	Values string `yaml:"values"`
	// Cells is how many groups there are with those nobody is in, and so how many
	// are withheld with those released; 0: nothing is withheld.
	Cells int `yaml:"cells"`
}

type roomAsk struct {
	Member   string            `yaml:"member"`
	SQL      string            `yaml:"sql"`
	Analysis string            `yaml:"analysis"`
	Params   map[string]string `yaml:"params"`
}

// UnmarshalYAML keeps the node: whether it is a path is decided by the room,
// which knows its folder.
func (c *roomContract) UnmarshalYAML(n *yaml.Node) (err error) {
	c.yaml, err = yaml.Marshal(n)
	return err
}

// read returns the contract's YAML.
func (c *roomContract) read(dir string) ([]byte, error) {
	var path string
	if yaml.Unmarshal(c.yaml, &path) != nil {
		return c.yaml, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return os.ReadFile(path)
}

func readRoom(file string) (*room, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &room{}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if r.dir, err = filepath.Abs(filepath.Dir(file)); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

func (r *room) check() error {
	if len(r.Members) == 0 {
		return errors.New("members: a room needs at least one member")
	}
	if r.Agreement.Days == 0 {
		r.Agreement.Days = 30
	}
	if r.Agreement.MinGroupSize == 0 {
		r.Agreement.MinGroupSize = 50
	}
	if r.Ask.Member == "" {
		r.Ask.Member = r.Members[0].Name
	}
	if !slices.ContainsFunc(r.Members, func(m roomMember) bool { return m.Name == r.Ask.Member }) {
		return fmt.Errorf("ask.member: %q is not a member", r.Ask.Member)
	}
	return nil
}
