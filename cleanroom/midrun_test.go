package cleanroom_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine"
	"parley/cleanroom/store"
)

// staged is a node's engine and clock under a test's hand.
type staged struct {
	engine.Engine
	ahead  atomic.Int64 // nanoseconds the clock is ahead
	mu     sync.Mutex
	before func() // called once, before the next local plan runs
}

func (s *staged) Run(ctx context.Context, snap engine.Snapshot, l plan.Local, fn func(engine.Row) error) error {
	s.act()
	return s.Engine.Run(ctx, snap, l, fn)
}

func (s *staged) Reduce(ctx context.Context, snap engine.Snapshot, l plan.Local, fn func(*engine.Batch) error) error {
	s.act()
	return s.Engine.Reduce(ctx, snap, l, fn)
}

func (s *staged) act() {
	s.mu.Lock()
	before := s.before
	s.before = nil
	s.mu.Unlock()
	if before != nil {
		before()
	}
}

func (s *staged) once(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = fn
}

func (s *staged) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

func (s *staged) options(o *cleanroom.Options) { s.Engine, o.Engine, o.Now = o.Engine, s, s.now }

// TestGroundsGoMidRun takes away what admitted a question while its run is
// under way, on the owner's side and on the asker's: the agreement ends (R52),
// the data or their contract are replaced (R59). Nothing is released.
func TestGroundsGoMidRun(t *testing.T) {
	t.Parallel()
	const ended, replaced = "the agreement has ended", "the dataset was replaced while the run was going on, so nothing is released; ask again"
	// What the asker reads when the ground went at the other node.
	const notInForce = "the agreement is no longer in force at the other node (suspended, revoked, replaced or ended), so the run was stopped and nothing is released; `parley agreement history` says what this node knows"
	failures := []string{"the run failed at the other node; its own log says why",
		"the run ended without an answer at the other node; its own log says why"}
	var shared *grounds
	for _, c := range []struct {
		name, sql, asker, at string
		do                   func(t *testing.T, g *grounds, at string)
		want                 string
	}{
		{"agreement, join, owner", bySegment, "agency", "shop", expire, ended},
		{"agreement, join, asker", bySegment, "agency", "agency", expire, ended},
		{"agreement, one owner, owner", ownerOnly, "agency", "shop", expire, ended},
		{"agreement, own question", ownerOnly, "shop", "shop", expire, ended},
		{"data, join, owner", bySegment, "agency", "shop", reimport(""), replaced},
		{"data, join, asker", bySegment, "agency", "agency", reimport(""), replaced},
		{"data, one owner, owner", ownerOnly, "agency", "shop", reimport(""), replaced},
		{"data, own question", ownerOnly, "shop", "shop", reimport(""), replaced},
		{"contract, join, owner", bySegment, "agency", "shop", reimport("Changed."), replaced},
		{"contract, one owner, owner", ownerOnly, "agency", "shop", reimport("Changed again."), replaced},
	} {
		g := shared
		if g == nil || c.want == ended { // a clock that was ahead is not set back
			g = newGrounds(t)
		}
		if c.want != ended {
			shared = g
		}
		t.Run(c.name, func(t *testing.T) {
			id := cleanroomtest.Agree(t, 2, g.node["agency"], g.node["shop"])
			g.stage[c.at].once(func() { c.do(t, g, c.at) })
			asked, err := g.node[c.asker].Ask(t.Context(), id, c.sql)
			if err != nil {
				t.Fatal(err)
			}
			there := lastRun(t, g.node[c.at])
			if there.State != store.Failed || !strings.HasPrefix(there.Error, c.want) {
				t.Errorf("where it went: %s %q", there.State, there.Error)
			}
			state, peers := store.Failed, failures
			if c.want == ended && c.asker != c.at {
				state, peers = store.Cancelled, []string{notInForce}
			}
			if asked.State != state || asked.Result != nil || asked.Receipt != nil {
				t.Errorf("the asker's run: %s %s", asked.State, asked.Result)
			}
			if c.asker != c.at && !slices.Contains(peers, asked.Error) {
				t.Errorf("the asker reads %q", asked.Error)
			}
		})
	}
	ask(t, shared.node["agency"], cleanroomtest.Agree(t, 2, shared.node["agency"], shared.node["shop"]), bySegment)
}

// grounds are two nodes whose engines and clocks are under a test's hand.
type grounds struct {
	node   map[string]*cleanroomtest.Member
	stage  map[string]*staged
	tables map[string]table
}

func newGrounds(t *testing.T) *grounds {
	g := &grounds{map[string]*cleanroomtest.Member{}, map[string]*staged{"agency": {}, "shop": {}},
		map[string]table{"agency": smallAds, "shop": smallOrders}}
	for org, stage := range g.stage {
		g.node[org] = start(t, org, stage.options)
		g.tables[org].add(t, g.node[org])
	}
	return g
}

// expire sets the node's clock past the end of the agreement.
func expire(_ *testing.T, g *grounds, at string) {
	g.stage[at].ahead.Store(int64(61 * time.Minute))
}

// reimport replaces the node's dataset, with another contract if terms say so.
func reimport(terms string) func(*testing.T, *grounds, string) {
	return func(t *testing.T, g *grounds, at string) {
		d := g.tables[at]
		if terms != "" {
			d.terms = terms
			g.tables[at] = d
		}
		g.node[at].Contracts = nil
		d.add(t, g.node[at])
	}
}

// TestAgreementReplacedMidRun imports further agreements and signs others
// while a run goes on: the run keeps to its own.
func TestAgreementReplacedMidRun(t *testing.T) {
	t.Parallel()
	var stage staged
	agency, shop := cleanroomtest.Start(t, "agency"), start(t, "shop", stage.options)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	stage.once(func() {
		e := draft(t, func(a *agreements.Agreement) { a.MinGroupSize = 15 }, agency, shop)
		signAll(t, e, agency, shop)
		cleanroomtest.Give(t, e, agency, shop)
	})
	if v := ask(t, agency, id, bySegment); v.Agreement != id || !strings.Contains(string(v.Result), `"minGroupSize":2`) {
		t.Errorf("%s %s", v.Agreement, v.Result)
	}
}
