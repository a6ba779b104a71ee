package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// batches is an engine whose joint plans add up to what it holds.
type batches struct {
	engine.Engine
	list []*engine.Batch
}

func (b batches) Reduce(_ context.Context, _ engine.Snapshot, _ plan.Local, fn func(*engine.Batch) error) error {
	for _, one := range b.list {
		if err := fn(one); err != nil {
			return err
		}
	}
	return nil
}

func group(value string) []engine.Text { return []engine.Text{{Value: value}} }

// TestReduce keeps the entries of every batch in order, under the labels that
// the engine's numbers stand for.
func TestReduce(t *testing.T) {
	t.Parallel()
	e := batches{list: []*engine.Batch{
		{NewGroups: [][]engine.Text{group("b"), group("never filled")}, Ints: make([][]int64, 3)},
		{NewGroups: [][]engine.Text{group("a")}, Units: []uint32{3, 3}, Groups: []uint32{2, 0}, Ints: [][]int64{{1, 2}, {-5, 6}, {1, 2}}},
		{Units: []uint32{7}, Groups: []uint32{2}, Ints: [][]int64{{4}, {0}, {0}}},
	}}
	l := plan.Local{Groups: []plan.Group{{Column: "g"}}, Measures: make([]plan.Measure, 1)}
	r, err := reduce(t.Context(), e, engine.Snapshot{}, l, 8, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, u := range r.units {
		text, err := r.groups.text(int(r.group[i]))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %d %d %d", u, text[0].Value, r.ints[0][i], r.ints[1][i], r.ints[2][i]))
	}
	if fmt.Sprint(got) != "[3 a 1 -5 1 3 b 2 6 2 7 a 4 0 0]" {
		t.Errorf("got %q", got)
	}
	sizes := map[string]uint64{}
	for n, label := range r.groups.labels {
		if label != nil {
			text, _ := r.groups.text(n)
			sizes[text[0].Value] = r.sizes[n]
		}
	}
	if len(r.groups.labels) != 4 || fmt.Sprint(sizes) != "map[a:2 b:1 never filled:0]" {
		t.Errorf("%d groups, sizes %v", len(r.groups.labels), sizes)
	}
}

func TestReduceRefuses(t *testing.T) {
	t.Parallel()
	open, declared := plan.Group{Column: "g"}, plan.Group{Column: "g", Domain: []string{"a", "b"}}
	for name, c := range map[string]struct {
		group plan.Group
		batch engine.Batch
		want  error
	}{
		"too many groups":        {open, engine.Batch{NewGroups: [][]engine.Text{group("a"), group("b"), group("c")}, Ints: make([][]int64, 1)}, errTooManyGroups},
		"outside the domain":     {declared, engine.Batch{NewGroups: [][]engine.Text{group("c")}, Ints: make([][]int64, 1)}, errDomain},
		"columns missing":        {open, engine.Batch{}, nil},
		"columns of two lengths": {open, engine.Batch{NewGroups: [][]engine.Text{group("a")}, Units: []uint32{1}, Groups: []uint32{0}, Ints: make([][]int64, 1)}, nil},
	} {
		e := batches{list: []*engine.Batch{&c.batch}}
		_, err := reduce(t.Context(), e, engine.Snapshot{}, plan.Local{Groups: []plan.Group{c.group}}, 2, 9)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
