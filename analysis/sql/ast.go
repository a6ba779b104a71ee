package sql

// Query is one SELECT of the language. Positions (Pos) are byte offsets into
// Source.Text, or NoPos.
type Query struct {
	Source  Source
	Items   []Item
	From    []Table // one, two for a join; package check refuses more
	Using   *Using  // JOIN … USING (column)
	Asof    *Asof   // ASOF JOIN
	Credit  *Credit // linear attribution
	Left    bool    // LEFT JOIN
	On      []Expr  // conjuncts of a LEFT JOIN's ON
	Where   []Expr  // conjuncts of WHERE and of any other ON; the row passes if all are true
	GroupBy []Expr  // an integer *Literal is a position
	Having  []Expr  // conjuncts; the answer's row passes if all are true
	OrderBy []OrderKey
	Limit   int // 0: none
}

// Item is one entry of the select list.
type Item struct {
	Expr  Expr // an expression over columns, or a *Call
	Alias string
	Pos   int
}

// Table is one entry of FROM: a dataset, or a view of one.
type Table struct {
	Name, Alias string // Name is empty for a subquery
	View        *View  // nil: Name is a dataset
	Pos         int
}

// Using is the column of JOIN … USING.
type Using struct {
	Column string
	Pos    int
}

// Asof says that a join is an ASOF JOIN: each row of the first table meets the
// latest of the second's. Which one that is depends on ON alone, so its
// conjuncts are here and not in Where.
type Asof struct {
	On  []Expr
	Pos int
}

// OrderKey is one entry of ORDER BY.
type OrderKey struct {
	Expr       Expr // as Item.Expr; an integer *Literal is a position
	Desc       bool
	NullsFirst bool
	Pos        int
}

// Expr is an expression: *Column, *Literal, *Param, *Call, *Window, *Apply,
// *Case, *Compare, *Logic, *In, *Between, *IsNull or *Like.
type Expr interface{ Position() int }

// Pos is a byte offset into the SQL text.
type Pos int

// NoPos says that the tree gives no position.
const NoPos = -1

// Position returns the byte offset, or NoPos.
func (p Pos) Position() int { return int(p) }

// Column is a column reference; Table is empty when it was not qualified.
type Column struct {
	Pos
	Table, Name string
}

// LiteralKind is the kind of a Literal.
type LiteralKind string

// Kinds of literal.
const (
	TextLiteral    LiteralKind = "text"
	IntegerLiteral LiteralKind = "integer"
	DecimalLiteral LiteralKind = "decimal"
	DateLiteral    LiteralKind = "date"
	BooleanLiteral LiteralKind = "boolean"
	NullLiteral    LiteralKind = "null" // only as an outcome of CASE
)

// Literal is a constant. Text is its decimal, ISO or plain text.
type Literal struct {
	Pos
	Kind LiteralKind
	Text string
}

// Param is $name.
type Param struct {
	Pos
	Name string
}

// Call is an aggregate: count_star (no Arg), count, count_distinct, sum, avg,
// var_samp, var_pop, stddev_samp or stddev_pop. Filter holds the conjuncts of
// FILTER (WHERE …).
type Call struct {
	Pos
	Func   string
	Arg    Expr
	Filter []Expr
	Shared bool // of a Credit: each row of Arg is divided by the rows it meets
}

// Apply is a function of row values; functions lists them. Word is the part
// of a date, such as month.
type Apply struct {
	Pos
	Func string
	Word string
	Args []Expr
}

// Case is CASE WHEN … THEN … [ELSE …] END. Else is never nil: without it
// DuckDB's parser writes ELSE NULL.
type Case struct {
	Pos
	Whens []When
	Else  Expr
}

// When is one arm of a CASE.
type When struct{ If, Then Expr }

// Compare is L op R with op one of = <> < <= > >=.
type Compare struct {
	Pos
	Op   string
	L, R Expr
}

// Logic is AND, OR or NOT over Kids.
type Logic struct {
	Pos
	Op   string
	Kids []Expr
}

// In is X [NOT] IN (List).
type In struct {
	Pos
	Not  bool
	X    Expr
	List []Expr
}

// Between is X BETWEEN Lo AND Hi.
type Between struct {
	Pos
	X, Lo, Hi Expr
}

// IsNull is X IS [NOT] NULL.
type IsNull struct {
	Pos
	Not bool
	X   Expr
}

// Like is X [NOT] LIKE Pattern.
type Like struct {
	Pos
	Not        bool
	X, Pattern Expr
}
