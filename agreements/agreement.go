package agreements

import "time"

// Format is the value of Agreement.Format that this version reads and writes.
const Format = "parley.agreement/v1"

// Agreement is the document every member signs. Nothing runs without one. Its
// identity is ID: the SHA-256 of its canonical JSON (RFC 8785), so that two
// members who hold the same id hold the same words.
type Agreement struct {
	Format  string `json:"format" yaml:"format"`
	Title   string `json:"title" yaml:"title"`
	Purpose string `json:"purpose" yaml:"purpose"`
	// Predecessor is the id of the agreement that this one amends: once every
	// member has signed this one, the other is never acted on again.
	Predecessor string `json:"predecessor,omitempty" yaml:"predecessor,omitempty"`
	// Template is what the clauses were drawn up from; nil: nothing.
	Template *TemplateRef `json:"template,omitempty" yaml:"template,omitempty"`
	// Clauses are the text that binds people. Its numbers and names are
	// placeholders for the fields of this document.
	Clauses []Clause `json:"clauses,omitempty" yaml:"clauses,omitempty"`
	// Terms are what the clauses need and no other field holds.
	Terms    []Term `json:"terms,omitempty" yaml:"terms,omitempty"`
	Validity Window `json:"validity" yaml:"validity"`
	// MinGroupSize is k: no released output rests on fewer units. Each dataset
	// may ask for more; the strictest wins.
	MinGroupSize int `json:"minGroupSize" yaml:"minGroupSize"`
	// DP is the differential-privacy demand. It is required so that nobody
	// gets "none" by forgetting it. Each dataset may ask for more.
	DP *DP `json:"dp" yaml:"dp"`
	// AdHoc says whether SQL that is not one of Analyses may be asked at all.
	// Each dataset must allow it too.
	AdHoc     bool       `json:"adHoc" yaml:"adHoc"`
	Members   []Member   `json:"members" yaml:"members"`
	Receivers []string   `json:"receivers" yaml:"receivers"`
	Datasets  []Dataset  `json:"datasets" yaml:"datasets"`
	Analyses  []Analysis `json:"analyses,omitempty" yaml:"analyses,omitempty"`
}

// Window is the time an agreement is in force, NotBefore ≤ now < NotAfter.
type Window struct {
	NotBefore time.Time `json:"notBefore" yaml:"notBefore"`
	NotAfter  time.Time `json:"notAfter" yaml:"notAfter"`
}

// Member is one organisation and the keys its node is known by.
type Member struct {
	Name string `json:"name" yaml:"name"`
	// Address is host:port of the node's peer door; empty for a node that
	// only dials out.
	Address string `json:"address,omitempty" yaml:"address,omitempty"`
	// IdentityKey is the Ed25519 public key, standard base64 of 32 bytes.
	IdentityKey string `json:"identityKey" yaml:"identityKey"`
	// TLSFingerprint is the lower-case hex SHA-256 of the certificate's
	// SubjectPublicKeyInfo; the connection is pinned to it.
	TLSFingerprint string `json:"tlsFingerprint" yaml:"tlsFingerprint"`
	// AgeRecipient receives sealed results ("age1…").
	AgeRecipient string `json:"ageRecipient" yaml:"ageRecipient"`
}

// Dataset is one table a member offers, under the terms of its contract.
type Dataset struct {
	// Name is the table's name in SQL: [a-z_][a-z0-9_]*, unique in the agreement.
	Name  string `json:"name" yaml:"name"`
	Owner string `json:"owner" yaml:"owner"`
	// ContractHash is "sha256:" + hex over the canonical JSON of the data
	// contract these rules were derived from. The owner's node refuses to run
	// when its own contract hashes differently.
	ContractHash string `json:"contractHash" yaml:"contractHash"`
	Rules        Rules  `json:"rules" yaml:"rules"`
}

// Rules are the owner's limits on a dataset. A column that is not listed does
// not exist for an analyst; a use that is not listed is refused.
type Rules struct {
	Unit    Unit     `json:"unit" yaml:"unit"`
	Columns []Column `json:"columns" yaml:"columns"`
	// MinGroupSize is this owner's k; 0 leaves it to the agreement.
	MinGroupSize int `json:"minGroupSize,omitempty" yaml:"minGroupSize,omitempty"`
	// MinSetSize is the fewest distinct units the dataset may hold, default
	// 1,000 (floor 1,000 unless PublicData).
	MinSetSize int `json:"minSetSize,omitempty" yaml:"minSetSize,omitempty"`
	// MaxRowsPerUnit bounds how many rows one unit has; imports that exceed
	// it are refused. It sizes the cryptography.
	MaxRowsPerUnit int64 `json:"maxRowsPerUnit" yaml:"maxRowsPerUnit"`
	// PublicData lowers the floors (k ≥ 2, any set size, no complement test)
	// because the rows are public anyway. Every answer and receipt says so.
	PublicData bool `json:"publicData,omitempty" yaml:"publicData,omitempty"`
	AdHoc      bool `json:"adHoc" yaml:"adHoc"`
	// DP is this owner's demand; absent leaves it to the agreement. The smaller
	// epsilon, delta and budget of the two hold.
	DP *DP `json:"dp,omitempty" yaml:"dp,omitempty"`
	// GroupsPerUnit and RowsPerUnit bound what one unit adds to a noisy answer:
	// to how many groups, and how many of its rows in each; 0 stands for 1.
	// Nothing is cut off an answer without noise.
	GroupsPerUnit int   `json:"groupsPerUnit,omitempty" yaml:"groupsPerUnit,omitempty"`
	RowsPerUnit   int64 `json:"rowsPerUnit,omitempty" yaml:"rowsPerUnit,omitempty"`
	// RunsPerDay bounds the runs on the dataset in a day (UTC), under all
	// agreements; 0: no bound.
	RunsPerDay int `json:"runsPerDay,omitempty" yaml:"runsPerDay,omitempty"`
	// ApproveRuns makes every run wait until a person at the owner's approves it.
	ApproveRuns bool `json:"approveRuns,omitempty" yaml:"approveRuns,omitempty"`
	// Receivers are the members that may see answers about the dataset; empty:
	// all receivers of the agreement.
	Receivers []string `json:"receivers,omitempty" yaml:"receivers,omitempty,flow"`
	// Functions are the functions of row values that may be applied to the
	// dataset's columns, by their names in Functions(); empty: all of them.
	Functions []string `json:"functions,omitempty" yaml:"functions,omitempty,flow"`
}

// Normalisation is how raw values of the join key become unit ids.
type Normalisation string

// The normalisations of this version. The names carry a version so that a
// changed rule can never silently give an empty overlap.
const (
	NormExact  Normalisation = "exact/v1"
	NormEmail  Normalisation = "email/v1"
	NormPhone  Normalisation = "phone-e164/v1"
	NormSHA256 Normalisation = "sha256/v1"
)

// Unit names the join key: the person or thing that is protected.
type Unit struct {
	Column        string        `json:"column" yaml:"column"`
	Normalisation Normalisation `json:"normalisation" yaml:"normalisation"`
	// Region is the two-letter region for phone numbers without a country code.
	Region string `json:"region,omitempty" yaml:"region,omitempty"`
}

// Type is a column's type in the analyst's language.
type Type string

// Column types.
const (
	Text    Type = "text"
	Integer Type = "integer"
	Decimal Type = "decimal"
	Date    Type = "date"
	Boolean Type = "boolean"
)

// Use is one thing an analyst may do with a column.
type Use string

// Uses of a column.
const (
	Dimension Use = "dimension" // GROUP BY
	Measure   Use = "measure"   // SUM, AVG
	Filter    Use = "filter"    // WHERE
)

// Column is one permitted column and what it may be used for.
type Column struct {
	Name     string `json:"name" yaml:"name"`
	Type     Type   `json:"type" yaml:"type"`
	Uses     []Use  `json:"uses" yaml:"uses,flow"`
	Nullable bool   `json:"nullable,omitempty" yaml:"nullable,omitempty"`
	// Scale is the number of decimals kept of a Decimal, 0 ≤ Scale ≤ 6.
	Scale int `json:"scale,omitempty" yaml:"scale,omitempty"`
	// Min and Max bound a measure's row values; decimal text such as "-12.50".
	Min string `json:"min,omitempty" yaml:"min,omitempty"`
	Max string `json:"max,omitempty" yaml:"max,omitempty"`
	// Operators are the tests of a filter that are allowed, by their names in
	// Operators(); empty: all of them.
	Operators []string `json:"operators,omitempty" yaml:"operators,omitempty,flow"`
	// Clip bounds what one unit adds to a noisy sum of the measure in one group;
	// empty: the larger of |Min| and |Max|.
	Clip string `json:"clip,omitempty" yaml:"clip,omitempty"`
	// Domain lists every value a dimension may take, if that is public.
	Domain []string `json:"domain,omitempty" yaml:"domain,omitempty"`
}

// Analysis is an approved, parameterised query.
type Analysis struct {
	Name        string      `json:"name" yaml:"name"`
	Description string      `json:"description,omitempty" yaml:"description,omitempty"`
	SQL         string      `json:"sql" yaml:"sql"`
	Parameters  []Parameter `json:"parameters,omitempty" yaml:"parameters,omitempty"`
}

// Parameter is a typed value an analyst fills in; it is bound, never pasted.
type Parameter struct {
	Name string `json:"name" yaml:"name"`
	Type Type   `json:"type" yaml:"type"` // of a column, or List
	// Of is the type of a list's values, MaxItems how many there may be.
	Of       Type   `json:"of,omitempty" yaml:"of,omitempty"`
	MaxItems int    `json:"maxItems,omitempty" yaml:"maxItems,omitempty"`
	Min      string `json:"min,omitempty" yaml:"min,omitempty"`
	Max      string `json:"max,omitempty" yaml:"max,omitempty"`
	// Values, when not empty, lists the only values allowed.
	Values  []string `json:"values,omitempty" yaml:"values,omitempty"`
	Default string   `json:"default,omitempty" yaml:"default,omitempty"`
}
