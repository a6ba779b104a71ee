package templates

import "parley/agreements"

// Format is the value of Template.Format that this version reads and writes.
const Format = "parley.template/v1"

// Template is one version of a form. Its identity is Hash.
type Template struct {
	Format  string `json:"format" yaml:"format"`
	Name    string `json:"name" yaml:"name"` // small letters and digits, joined by -
	Version int    `json:"version" yaml:"version"`
	Title   string `json:"title" yaml:"title"`
	// About says what it is for, to someone who looks for one.
	About string `json:"about" yaml:"about"`
	// From is the template this one was made from by editing, if any.
	From *agreements.TemplateRef `json:"from,omitempty" yaml:"from,omitempty"`
	// Parties are the roles of members in the text: {{terms.NAME}} is the
	// member's name there.
	Parties  []Party               `json:"parties" yaml:"parties"`
	Policy   Policy                `json:"policy" yaml:"policy"`
	Blanks   []Blank               `json:"blanks" yaml:"blanks"`
	Datasets []Dataset             `json:"datasets" yaml:"datasets"`
	Analyses []agreements.Analysis `json:"analyses" yaml:"analyses"`
	// Clauses are the Markdown part of a file: "## Title {#id}" and the text.
	Clauses []agreements.Clause `json:"clauses" yaml:"-"`
}

// Party is what one member is in the collaboration.
type Party struct {
	Name  string `json:"name" yaml:"name"` // as of a term
	Title string `json:"title" yaml:"title"`
	About string `json:"about" yaml:"about"`
}

// Policy is the skeleton of what the nodes will enforce. Contracts may be
// stricter; a draft that was made looser by hand says so (Differences).
type Policy struct {
	MinGroupSize int            `json:"minGroupSize" yaml:"minGroupSize"`
	DP           *agreements.DP `json:"dp" yaml:"dp"`
	AdHoc        bool           `json:"adHoc" yaml:"adHoc"`
	// Days is how long the agreement is in force.
	Days int `json:"days" yaml:"days"`
	// Receivers are parties, by name.
	Receivers []string `json:"receivers" yaml:"receivers,flow"`
	// RunsPerDay bounds the runs on every dataset in a day; 0: no bound.
	RunsPerDay int `json:"runsPerDay,omitempty" yaml:"runsPerDay,omitempty"`
	// ApproveRuns makes every run wait for a person at each owner's.
	ApproveRuns bool `json:"approveRuns,omitempty" yaml:"approveRuns,omitempty"`
}

// Blank is what people fill in. "purpose" fills the agreement's purpose; any
// other is a term.
type Blank struct {
	Name    string              `json:"name" yaml:"name"`
	Type    agreements.TermType `json:"type" yaml:"type"`
	Ask     string              `json:"ask" yaml:"ask"`   // the question, in a few words
	Help    string              `json:"help" yaml:"help"` // what to write, and why
	Example string              `json:"example,omitempty" yaml:"example,omitempty"`
	// Default is used where nothing is written; empty: something must be.
	Default string `json:"default,omitempty" yaml:"default,omitempty"`
}

// purposeBlank is the blank that is a field of the agreement, not a term.
const purposeBlank = "purpose"

// Dataset is a role that a member's dataset takes in the analyses.
type Dataset struct {
	Name  string `json:"name" yaml:"name"`
	Owner string `json:"owner" yaml:"owner"` // a party
	About string `json:"about" yaml:"about"`
	// Unit is the role of the join key; it is bound to the dataset's own.
	Unit    string   `json:"unit" yaml:"unit"`
	Columns []Column `json:"columns" yaml:"columns"`
}

// Column is a role of a column: what an analysis needs it to be.
type Column struct {
	Name  string           `json:"name" yaml:"name"`
	Type  ColumnType       `json:"type" yaml:"type"`
	Uses  []agreements.Use `json:"uses" yaml:"uses,flow"`
	About string           `json:"about" yaml:"about"`
}

// ColumnType is what values a role takes.
type ColumnType string

// Types of columns' roles.
const (
	TextColumn   ColumnType = "text"
	NumberColumn ColumnType = "number" // integer or decimal
	DateColumn   ColumnType = "date"
	BoolColumn   ColumnType = "boolean"
)

// fits reports whether a column of an agreement can take the role.
func (t ColumnType) fits(c agreements.Type) bool {
	if t == NumberColumn {
		return c == agreements.Integer || c == agreements.Decimal
	}
	return string(t) == string(c)
}

// Clause returns the clause with the id and its number, counted from 1; nil
// and 0 when there is none.
func (t *Template) Clause(id string) (*agreements.Clause, int) {
	for i := range t.Clauses {
		if t.Clauses[i].ID == id {
			return &t.Clauses[i], i + 1
		}
	}
	return nil, 0
}

func (t *Template) party(name string) *Party {
	for i := range t.Parties {
		if t.Parties[i].Name == name {
			return &t.Parties[i]
		}
	}
	return nil
}

func (t *Template) blank(name string) *Blank {
	for i := range t.Blanks {
		if t.Blanks[i].Name == name {
			return &t.Blanks[i]
		}
	}
	return nil
}

func (t *Template) dataset(name string) *Dataset {
	for i := range t.Datasets {
		if t.Datasets[i].Name == name {
			return &t.Datasets[i]
		}
	}
	return nil
}

// analysis returns the analysis called name, or nil.
func (t *Template) analysis(name string) *agreements.Analysis {
	for i := range t.Analyses {
		if t.Analyses[i].Name == name {
			return &t.Analyses[i]
		}
	}
	return nil
}

func (d *Dataset) column(name string) *Column {
	for i := range d.Columns {
		if d.Columns[i].Name == name {
			return &d.Columns[i]
		}
	}
	return nil
}
