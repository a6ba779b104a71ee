package align

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// What is computed from a list does not leave before the whole list has been
// checked, wherever the fault is. Lists have several batches here.
func TestNothingLeavesUnchecked(t *testing.T) {
	c, p := sets(700, 800, 300, 5)
	for _, v := range []struct {
		sender Role
		step   wire.Step
		sorted bool
		leaves []wire.Step // only after the check
	}{
		{RoleC, stepU, true, []wire.Step{stepE, stepV, stepTags}},
		{RoleP, stepU, true, []wire.Step{stepBack, stepCount, stepS}},
		{RoleP, stepE, true, []wire.Step{stepCount, stepS}},
		{RoleC, stepBack, false, []wire.Step{stepTags}},
		{RoleC, stepS, true, []wire.Step{stepTags}},
	} {
		for name, change := range map[string]func(list []curve.Point) []curve.Point{
			"first": func(list []curve.Point) []curve.Point { list[0] = curve.Point{}; return list },
			"last": func(list []curve.Point) []curve.Point {
				list[len(list)-1] = twist()
				list[len(list)-1][31] |= 0x7f // stays last
				for curve.Validate(t.Context(), list[len(list)-1:], [32]byte{1}, nil) != curve.ErrTwist {
					list[len(list)-1][0]++
				}
				return list
			},
		} {
			x := newPair(t, off, len(c), len(p))
			x.c.Memory, x.p.Memory = tinyMemory, tinyMemory
			bad, victim := x.endC, x.endP
			if v.sender == RoleP {
				bad, victim = victim, bad
			}
			bad.Tamper = func(step wire.Step, b []byte) []byte {
				if step != v.step {
					return b
				}
				return pack(change(unpack(b)))
			}
			x.run(t.Context(), c, p)
			err := x.errP
			if v.sender == RoleP {
				err = x.errC
			}
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("%s %s: %v", name, v.step, err)
			}
			for _, step := range v.leaves {
				if _, sent := victim.Sent()[step]; sent {
					t.Errorf("%s entry of %s is wrong: %s was sent", name, v.step, step)
				}
			}
		}
	}
}

// A party answers the peer only when its own list is known to be good, even if
// the peer's came long before.
func TestNothingLeavesBeforeTheOwnList(t *testing.T) {
	c, p := sets(20, 30, 10, 5)
	x := newPair(t, off, len(c)+1, len(p))
	dir := t.TempDir()
	x.c.Work = work(t, dir)
	late := func(ctx context.Context, yield func([]byte) error) error {
		for !answered(dir) && ctx.Err() == nil {
			runtime.Gosched()
		}
		return each(append(c, c[0]))(ctx, yield)
	}
	x.runOver(t.Context(), x.endC, x.endP, late, each(p))
	if x.errC != ErrDuplicateUnit || len(x.endC.Sent()) != 0 {
		t.Errorf("%v, with %d messages sent", x.errC, len(x.endC.Sent()))
	}
}

// answered reports whether all that C computes from u_P is stored.
func answered(dir string) bool {
	_, e := os.Stat(filepath.Join(dir, fileE))
	_, raised := os.Stat(filepath.Join(dir, fileRaised))
	return e == nil && raised != nil
}
