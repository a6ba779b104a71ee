package duckdb

import (
	"slices"
	"testing"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// TestProbe: with any one step of the lock-down left out the probe says so,
// and so it does when the lock is turned before the doors are shut (R30).
func TestProbe(t *testing.T) {
	orders := map[string][]string{
		"no external access":  without(0),
		"no file system":      without(1),
		"no lock":             without(2),
		"lock before closing": {lockSteps[2], lockSteps[0], lockSteps[1]},
		"nothing":             nil,
	}
	for name, steps := range orders {
		d, err := openDB()
		if err != nil {
			t.Fatal(err)
		}
		_ = d.execAll(steps...)
		if err := d.probe(); err == nil {
			t.Errorf("%s: the probe passed", name)
		}
		d.close()
	}
	d, err := openDB()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err := d.lockDown(); err != nil {
		t.Errorf("the proper order: %v", err)
	}
}

func without(step int) []string {
	return slices.Delete(slices.Clone(lockSteps), step, step+1)
}

// FuzzReadBatch: a child's bytes never make the node panic or take a batch for
// good that is not.
func FuzzReadBatch(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x01a"), []byte("\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\xff\xff\xff\xff\x01\x01"), []byte("\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x01\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), []byte(nil))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		r, groups, last := newBatchReader(plan.Local{Groups: make([]plan.Group, 1)}), 0, uint32(0)
		for _, frame := range [][]byte{first, second} {
			b, err := r.read(frame)
			if err != nil {
				return
			}
			groups += len(b.NewGroups)
			for i, u := range b.Units {
				if u < last || int(b.Groups[i]) >= groups {
					t.Fatalf("unit %d after %d, group %d of %d", u, last, b.Groups[i], groups)
				}
				last = u
			}
			if len(b.Ints) != 1 || len(b.Ints[0]) != len(b.Units) || len(b.Groups) != len(b.Units) {
				t.Fatalf("%+v", b)
			}
		}
	})
}

// FuzzDecodeRow: a child's row bytes never make the node panic.
func FuzzDecodeRow(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"))
	f.Add([]byte("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	s := shapeOf(plan.Local{Groups: make([]plan.Group, 1)})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := rowReader{shape: s}
		_ = r.each(b, func(row engine.Row) error {
			if len(row.Groups) != 1 || len(row.Ints) != 2 {
				t.Fatalf("%+v", row)
			}
			return nil
		})
	})
}
