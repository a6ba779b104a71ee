package random

import (
	"fmt"
	"math/rand/v2"
	"time"

	"parley/agreements"
)

// A world is what two members bring: one or two tables each, in one agreement.
type world struct {
	seed   uint64
	tables []*table // members "north" and "south"
	k      int      // the agreement's
}

// table is one dataset as its owner wrote it. rows hold the raw text of the
// key and then of every column, nil for NULL.
type table struct {
	name, owner string
	format      string // csv, parquet, json
	unit        string
	norm        agreements.Normalisation
	region      string
	columns     []*column
	rows        [][]*string
	public      bool
	k, minSet   int
	units       int64 // as imported
	maxRows     int
	unitAs      *column
	view        string   // what a subquery does; "" for a dataset
	sub, where  string   // of a subquery: its text
	functions   []string // that may be applied; nil: all
	receivers   []string // nil: both members
	keyType     string   // of a parquet file's key
}

type column struct {
	name     string
	typ      agreements.Type
	uses     []agreements.Use
	nullable bool
	scale    int
	min, max int64    // of a measure, at scale
	domain   []string // declared
	pool     []string // canonical text of the values, for a column that is no measure
	perUnit  bool     // every row of a unit has the same value
	derived  *derived // of a group that is an expression
	tests    []string // that a filter may be used in; nil: all
	made     bool     // a value that a subquery computes
	solo     bool     // no two rows of a unit have the same
	days     []string // of a date: the first and the last there may be, which the contract says
	isUnit   bool     // the table's unit, which the law keeps from every use
	apart    bool     // shared units and others take values of different ends of pool
}

func (c *column) allows(u agreements.Use) bool {
	for _, x := range c.uses {
		if x == u {
			return true
		}
	}
	return false
}

func (t *table) with(u agreements.Use) []*column {
	var out []*column
	for _, c := range t.columns {
		if c.allows(u) {
			out = append(out, c)
		}
	}
	return out
}

// unitColumn is the unit as if it were a column.
func (t *table) unitColumn() *column {
	if t.unitAs == nil {
		t.unitAs = &column{name: t.unit, typ: agreements.Text, isUnit: true, pool: []string{"1", "jo@mail1.example"}}
	}
	return t.unitAs
}

// public reports whether all of the tables are public.
func public(tables ...*table) bool {
	for _, t := range tables {
		if !t.public {
			return false
		}
	}
	return true
}

// smallest is k for a question about these tables: the strictest of the
// agreement, the owners and the floor (10, or 2 where all rows are public).
func (w *world) smallest(tables ...*table) int {
	k := 10
	if public(tables...) {
		k = 2
	}
	k = max(k, w.k)
	for _, t := range tables {
		k = max(k, t.k)
	}
	return k
}

// smallSet reports a join of a dataset with fewer units than either's rules ask
// for.
func (q *question) smallSet() bool {
	if len(q.tables) < 2 {
		return false
	}
	least := int64(max(q.tables[0].minSet, q.tables[1].minSet))
	return q.tables[0].units < least || q.tables[1].units < least
}

func (w *world) of(owner string) []*table {
	var out []*table
	for _, t := range w.tables {
		if t.owner == owner {
			out = append(out, t)
		}
	}
	return out
}

// overlap is how many of either side's units the other has too.
type overlap string

const (
	someShared   overlap = "some"
	noneShared   overlap = "none"
	allShared    overlap = "all"
	nearlyShared overlap = "nearly all" // n − c is near k
	oneSided     overlap = "one side within the other"
)

func newWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{seed: seed}
	openN, openS := chance(r, 0.62), false
	openS = openN
	if chance(r, 0.12) {
		openS = !openN // public rows joined with others: the strict rules hold
	}
	norm := pick(r, agreements.NormExact, agreements.NormEmail, agreements.NormSHA256, agreements.NormPhone)
	w.tables = []*table{newTable(r, "north", "n0", norm, openN), newTable(r, "south", "s0", norm, openS)}
	if chance(r, 0.15) {
		second := newTable(r, "south", "s1", norm, openS)
		w.tables = append(w.tables, second)
	}
	if public(w.tables...) {
		w.k = 2 + r.IntN(6)
	} else {
		w.k = 10 + r.IntN(16)
	}
	how := pick(r, someShared, someShared, someShared, someShared, someShared, someShared, nearlyShared, nearlyShared,
		nearlyShared, allShared, noneShared, oneSided)
	if !public(w.tables...) {
		how = pick(r, someShared, someShared, someShared, someShared, nearlyShared, nearlyShared, nearlyShared, nearlyShared, allShared, noneShared)
	}
	populate(r, w, how)
	return w
}

func newTable(r *rand.Rand, owner, name string, norm agreements.Normalisation, open bool) *table {
	t := &table{name: name, owner: owner, norm: norm, public: open, minSet: 1000,
		format:  pick(r, "csv", "csv", "parquet", "json"),
		unit:    pick(r, "id", "Kunde", "unit key"),
		maxRows: pick(r, 1, 2, 3, 5, 8), keyType: "VARCHAR"}
	if open {
		t.minSet = 1
	}
	if chance(r, 0.3) {
		t.k = map[bool]int{true: 2, false: 10}[open] + r.IntN(8)
	}
	if norm == agreements.NormPhone {
		t.region = pick(r, "DE", "US")
	}
	t.columns = newColumns(r)
	if chance(r, 0.75) {
		t.columns = append(t.columns, newDay(r, open))
	}
	t.restrict(r)
	for _, c := range t.columns {
		if t.format == "json" && c.typ == agreements.Text && c.domain == nil {
			c.pool[0] = "" // which is not NULL; a CSV file cannot say it
		}
	}
	return t
}

// newColumns makes at least one column of every use. Some names are the same
// in both members' tables, so that questions must qualify them.
func newColumns(r *rand.Rand) []*column {
	names := []string{"city", "tier", "Day", "active", "size", "note"}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	var out []*column
	for _, n := range names[:2+r.IntN(3)] {
		out = append(out, newDimension(r, n))
	}
	for i := range 1 + r.IntN(3) {
		out = append(out, newMeasure(r, pick(r, "amount", "cost", "n")+fmt.Sprint(i)))
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func newDimension(r *rand.Rand, name string) *column {
	c := &column{name: name, nullable: chance(r, 0.4), perUnit: chance(r, 0.5), apart: chance(r, 0.25)}
	c.typ = pick(r, agreements.Text, agreements.Text, agreements.Integer, agreements.Date, agreements.Boolean, agreements.Decimal)
	c.pool = poolOf(r, c)
	c.uses = pick(r, []agreements.Use{agreements.Dimension, agreements.Filter},
		[]agreements.Use{agreements.Filter, agreements.Dimension}, []agreements.Use{agreements.Dimension})
	if chance(r, 0.5) && c.allows(agreements.Dimension) {
		c.domain = append([]string(nil), c.pool...)
		if c.typ == agreements.Text && chance(r, 0.3) {
			c.domain = append(c.domain, "nowhere") // declared, and nobody has it
		}
	}
	return c
}

func poolOf(r *rand.Rand, c *column) []string {
	n := 2 + r.IntN(4)
	switch c.typ {
	case agreements.Boolean:
		return []string{"true", "false"}
	case agreements.Integer:
		return sample(r, n, "-7", "0", "3", "12", "40", "1000000", "9")
	case agreements.Decimal:
		c.scale = r.IntN(4)
		var out []string
		for _, v := range sample(r, n, -1250, 0, 5, 700, 123, 99999) {
			out = append(out, unscaled(int64(v), c.scale))
		}
		return out
	case agreements.Date:
		return sample(r, n, "2024-01-31", "2024-02-29", "1999-12-31", "2024-02-01", "2030-07-04")
	}
	return sample(r, n, "Berlin", "berlin", "O'Hara", "köln", "a_b", "100%", "x,y", `say "hi"`, "null", " lead", "São Paulo")
}

// newDay makes a date of few known days, for joins on time.
func newDay(r *rand.Rand, open bool) *column {
	first, n := time.Date(2024, time.February, 20+r.IntN(6), 0, 0, 0, 0, time.UTC), 6+r.IntN(9)
	if open {
		n += 10
	}
	c := &column{name: pick(r, "on_day", "seen"), typ: agreements.Date, uses: []agreements.Use{agreements.Filter}, nullable: chance(r, 0.2), solo: chance(r, 0.5)}
	for i := range n {
		c.pool = append(c.pool, first.AddDate(0, 0, i).Format(time.DateOnly))
	}
	c.days = []string{c.pool[0], c.pool[n-1]}
	c.pool = sample(r, n, c.pool...)
	return c
}

// restrict lets some owners be stricter: about tests of a filter, functions,
// and who may see an answer.
func (t *table) restrict(r *rand.Rand) {
	for _, c := range t.columns {
		if !c.allows(agreements.Filter) || c.days != nil || chance(r, 0.92) {
			continue
		}
		c.tests = sample(r, 3+r.IntN(5), "=", "<>", "<", "<=", ">", ">=", "in", "between", "is null")
		if c.typ == agreements.Text {
			c.tests = append(c.tests, "like")
		}
	}
	if chance(r, 0.06) {
		t.functions = sample(r, 6+r.IntN(9), "+", "-", "*", "//", "%", "abs", "round", "least", "greatest", "coalesce", "lower", "upper", "substring", "left", "date_trunc", "date_part", "date_diff")
	}
	if chance(r, 0.02) {
		t.receivers = []string{pick(r, "north", "south")}
	}
}

// newMeasure keeps |value| · scale modest now and then and large otherwise,
// so that every parameter set of the encrypted sums is met.
func newMeasure(r *rand.Rand, name string) *column {
	c := &column{name: name, typ: agreements.Integer, nullable: chance(r, 0.5)}
	c.uses = pick(r, []agreements.Use{agreements.Measure}, []agreements.Use{agreements.Measure, agreements.Filter})
	size := pick[int64](r, 1, 9, 100, 5000, 250_000)
	if chance(r, 0.6) {
		c.typ, c.scale = agreements.Decimal, r.IntN(7)
		for range c.scale {
			size *= 10
		}
		size += r.Int64N(size)
	}
	c.min, c.max = -size, size
	switch r.IntN(3) {
	case 0:
		c.min = 0
	case 1:
		c.max = size / 3
	}
	return c
}
