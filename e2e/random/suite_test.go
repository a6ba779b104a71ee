package random

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/analysis/release"
	"parley/analysis/sql"
	"parley/cleanroom"
	ct "parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine"
)

// Share of the ordinary test run.
const (
	shortWorlds    = 30
	questionsShort = 10
)

// TestRandomQueries asks 300 questions over 30 worlds.
func TestRandomQueries(t *testing.T) {
	seed := seedOf(t, 20260101)
	var c coverage
	e := ct.Once(ct.Engine()) // TestLongRandomQueries has every node parse for itself
	t.Run("worlds", func(t *testing.T) {
		for i := range shortWorlds {
			t.Run(fmt.Sprintf("world-%02d", i), func(t *testing.T) {
				t.Parallel()
				runWorld(t, e, seed, i, questionsShort, time.Time{}, &c)
			})
		}
	})
	t.Logf("covered: %s", c.String())
	if !t.Failed() && c.worlds == shortWorlds {
		c.mustReach(t)
	}
}

// seedOf reads PARLEY_SEED, and prints the seed if the test fails.
func seedOf(t *testing.T, ordinary uint64) uint64 {
	seed := ordinary
	if s := os.Getenv("PARLEY_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("PARLEY_SEED: %v", err)
		}
		seed = n
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("run again with PARLEY_SEED=%d", seed)
		}
	})
	return seed
}

// quiet keeps two nodes' logs out of the test's.
type quiet struct{ testing.TB }

func (quiet) Logf(string, ...any) {}

// patient is for busy machines: this test is not about deadlines.
func patient(c *cleanroom.Config) { c.PeerPatience = time.Minute }

// stage is a world whose two nodes are running.
type stage struct {
	w            *world
	judge        *judge
	north, south *ct.Member
	agreement    string
}

func setUp(t *testing.T, e engine.Engine, w *world) *stage {
	t.Helper()
	s := &stage{w: w, judge: newJudge(t),
		north: ct.StartWith(quiet{t}, "north", e, patient), south: ct.StartWith(quiet{t}, "south", e, patient)}
	dir := t.TempDir()
	for _, tab := range w.tables {
		tab.write(t, s.judge.db, dir)
		owner := s.north
		if tab.owner == "south" {
			owner = s.south
		}
		d := owner.Add(t, tab.contract(t), dir)
		s.judge.load(t, tab, dir)
		tab.units = d.Units
		have := s.judge.query(t, fmt.Sprintf("SELECT count(*), count(DISTINCT %s) FROM %s", ident(tab.unit), tab.name))[0]
		if *have[0] != fmt.Sprint(d.Rows) || *have[1] != fmt.Sprint(d.Units) {
			t.Fatalf("%s: the import kept %d rows of %d units, plain DuckDB has %s of %s", tab.name, d.Rows, d.Units, *have[0], *have[1])
		}
	}
	s.agreement = ct.Agree(t, w.k, s.north, s.south)
	return s
}

// runWorld makes world number i and asks n questions; none after end, unless
// that is zero.
func runWorld(t *testing.T, e engine.Engine, seed uint64, i, n int, end time.Time, c *coverage) {
	over := func() bool { return !end.IsZero() && time.Now().After(end) }
	if over() {
		return
	}
	w := newWorld(seed + uint64(i)*1_000_003)
	s := setUp(t, e, w)
	for number := range n {
		if over() {
			break
		}
		r := rand.New(rand.NewPCG(w.seed, uint64(2+number)))
		q := newQuestion(r, w)
		how := newStyle(r, q)
		s.check(t, q, how, c)
		if number%2 == 0 { // the same question with a trick must be refused
			again := *q
			again.trick = newTrick(r, q, how)
			s.check(t, &again, how, c)
		}
	}
	c.add(func() { c.worlds++ })
}

// check asks one question of the nodes and of plain DuckDB.
func (s *stage) check(t *testing.T, q *question, how style, c *coverage) {
	t.Helper()
	text := q.asked(how)
	began := time.Now()
	got, err := s.ask(t, q.asker, text)
	took := time.Since(began)
	refused := new(sql.Refusal)
	switch why := law(s.w, q); {
	case err != nil && why == "" && tooLarge(q, err):
		c.add(func() { c.refusal("too large for the encrypted join") })
		return
	case why == "" && q.smallSet() && !errors.As(err, &refused):
		if err == nil || !strings.Contains(err.Error(), "too small") && !errors.Is(err, cleanroom.ErrTooFewUnits) {
			t.Errorf("%s asks: %s\nof a dataset with too few units for the other's smallest set: %v", q.asker, text, err)
			return
		}
		c.add(func() { c.refusal("a set too small for the other's rules") })
		return
	case err != nil && !errors.As(err, &refused):
		t.Errorf("%s asks: %s\n%v", q.asker, text, err)
		return
	case why != "" && err == nil:
		t.Errorf("%s asks: %s\nit was answered, which the law forbids: %s", q.asker, text, why)
		return
	case why != "":
		c.add(func() { c.forbidden(why) })
		return
	case err != nil:
		if !explained(q, refused) {
			t.Errorf("%s asks: %s\nthe law allows it, and it was refused: %v", q.asker, text, err)
			return
		}
		c.add(func() { c.refusal(refused.Code) })
		return
	}
	want := s.judge.expect(t, s.w, q, how)
	if err := compare(q, s.w.smallest(q.tables...), want, got); err != nil {
		t.Errorf("%s asks: %s\n%v\nplain DuckDB with the rules, k = %d: %s", q.asker, text, err, s.w.smallest(q.tables...), showRows(want.rows))
		return
	}
	c.add(func() { c.count(q, how, want, took) })
}

func (s *stage) ask(t *testing.T, asker, text string) (*release.Table, error) {
	m := s.north
	if asker == "south" {
		m = s.south
	}
	v, err := m.Ask(t.Context(), s.agreement, text)
	if err != nil {
		return nil, err
	}
	if !ct.Succeeded(v) {
		return nil, fmt.Errorf("the run ended as %s: %s", v.State, v.Error)
	}
	table := new(release.Table)
	return table, json.Unmarshal(v.Result, table)
}

func showRows(rows [][]*string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString("\n ")
		for _, v := range row {
			b.WriteString(" " + deref(v))
		}
	}
	return b.String()
}
