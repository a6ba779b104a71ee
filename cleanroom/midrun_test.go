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
	var stageA, stageS staged
	agency, shop := start(t, "agency", stageA.options), start(t, "shop", stageS.options)
	changed := map[string]table{"ads": smallAds, "orders": smallOrders}
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	const ended, replaced = "the agreement has ended", "the dataset was replaced while the run was going on, so nothing is released; ask again"
	peers := []string{"the run failed at the other node; its own log says why",
		"the run ended without an answer at the other node; its own log says why"}
	for _, c := range []struct {
		name, sql string
		asker, at *cleanroomtest.Member
		stage     *staged
		do        func(t *testing.T, at *cleanroomtest.Member, s *staged)
		want      string
	}{
		{"agreement, join, owner", bySegment, agency, shop, &stageS, expire, ended},
		{"agreement, join, asker", bySegment, agency, agency, &stageA, expire, ended},
		{"agreement, one owner, owner", ownerOnly, agency, shop, &stageS, expire, ended},
		{"agreement, own question", ownerOnly, shop, shop, &stageS, expire, ended},
		{"data, join, owner", bySegment, agency, shop, &stageS, reimport(changed, ""), replaced},
		{"data, join, asker", bySegment, agency, agency, &stageA, reimport(changed, ""), replaced},
		{"data, one owner, owner", ownerOnly, agency, shop, &stageS, reimport(changed, ""), replaced},
		{"data, own question", ownerOnly, shop, shop, &stageS, reimport(changed, ""), replaced},
		{"contract, join, owner", bySegment, agency, shop, &stageS, reimport(changed, "Changed."), replaced},
		{"contract, one owner, owner", ownerOnly, agency, shop, &stageS, reimport(changed, "Changed again."), replaced},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := cleanroomtest.Agree(t, 2, agency, shop)
			c.stage.once(func() { c.do(t, c.at, c.stage) })
			asked, err := c.asker.Ask(t.Context(), id, c.sql)
			if err != nil {
				t.Fatal(err)
			}
			there := lastRun(t, c.at)
			if there.State != store.Failed || !strings.HasPrefix(there.Error, c.want) {
				t.Errorf("where it went: %s %q", there.State, there.Error)
			}
			if asked.State != store.Failed || asked.Result != nil || asked.Receipt != nil {
				t.Errorf("the asker's run: %s %s", asked.State, asked.Result)
			}
			if c.asker != c.at && !slices.Contains(peers, asked.Error) {
				t.Errorf("the asker reads %q", asked.Error)
			}
			c.stage.ahead.Store(0)
		})
	}
	ask(t, agency, cleanroomtest.Agree(t, 2, agency, shop), bySegment)
}

// expire sets the node's clock past the end of the agreement.
func expire(_ *testing.T, _ *cleanroomtest.Member, s *staged) {
	s.ahead.Store(int64(61 * time.Minute))
}

// reimport replaces the node's dataset, with another contract if terms say so.
func reimport(tables map[string]table, terms string) func(*testing.T, *cleanroomtest.Member, *staged) {
	return func(t *testing.T, at *cleanroomtest.Member, _ *staged) {
		name := map[string]string{"agency": "ads", "shop": "orders"}[at.Org()]
		d := tables[name]
		if terms != "" {
			d.terms = terms
			tables[name] = d
		}
		at.Contracts = nil
		d.add(t, at)
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
