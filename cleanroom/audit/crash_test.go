package audit

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
)

// Every write, sync, rename and directory sync of three appends fails once:
// done, half done or not done; with unsynced bytes kept or lost; at sizes
// where bundles and tiles begin and fill. Every acknowledged entry must be
// there after the restart, at most one more, and the log must go on.
func TestCrashAtEveryWrite(t *testing.T) {
	for _, size := range []int{0, 1, 255} {
		base := newMemory()
		fill(t, openLog(t, base), size)
		points := 0
		for step := 0; ; step++ {
			hit := false
			for mode := range 4 {
				hit = crashOnce(t, base, size, step, mode&1 != 0, mode&2 != 0) || hit
			}
			if !hit {
				break
			}
			points++
		}
		if points < 3*9 {
			t.Fatalf("only %d steps could fail", points)
		}
	}
}

func crashOnce(t *testing.T, base *memory, size, step int, partial, lose bool) bool {
	t.Helper()
	name := fmt.Sprintf("size %d, step %d, half done %v, unsynced lost %v", size, step, partial, lose)
	d := base.copy()
	l := openLog(t, d)
	d.left, d.partial = step, partial
	acked := size
	for i := range 3 {
		if _, err := l.Append(context.Background(), entry(size+i)); err != nil {
			if !errors.Is(err, ErrPoisoned) {
				t.Fatalf("%s: %v", name, err)
			}
			break
		}
		acked++
	}
	after := d.restart(lose)
	r, err := verify(after, node.Public(), nil)
	if err != nil {
		t.Fatalf("%s: checked before reopening: %v", name, err)
	}
	again, err := open(after, node, origin)
	if err != nil {
		t.Fatalf("%s: reopen: %v", name, err)
	}
	now, _ := again.Tree()
	if now != r.Entries || now < int64(acked) || now > int64(acked)+1 {
		t.Fatalf("%s: %d entries after %d were acknowledged", name, now, acked)
	}
	checkEntries(t, name, again, int(now))
	fill(t, again, 2)
	if r, err = verify(after, node.Public(), nil); err != nil || len(r.Unacknowledged) != 0 {
		t.Fatalf("%s: after going on: %+v, %v", name, r, err)
	}
	return d.hit
}

func checkEntries(t *testing.T, name string, l *Log, n int) {
	t.Helper()
	from := max(0, n-4)
	got, err := l.Read(int64(from), n)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for i, e := range got {
		if fmt.Sprint(e) != fmt.Sprint(entry(from+i)) {
			t.Fatalf("%s: entry %d became %v", name, from+i, e)
		}
	}
}

// The first start fails at every step; the next one must work.
func TestCrashWhileStarting(t *testing.T) {
	for step := range 10 {
		for mode := range 4 {
			d := newMemory()
			d.left, d.partial = step, mode&1 != 0
			open(d, node, origin)
			after := d.restart(mode&2 != 0)
			fill(t, openLog(t, after), 1)
		}
	}
}

// R58: with the disk full no entry is acknowledged, and the log stays shut
// even if there is room again, until it is opened anew.
func TestR58DiskFullPoisons(t *testing.T) {
	d := newMemory()
	l := openLog(t, d)
	fill(t, l, 3)
	saved := errDisk
	errDisk = syscall.ENOSPC
	defer func() { errDisk = saved }()
	d.left, d.failOnce = 0, true
	_, err := l.Append(context.Background(), entry(3))
	wantErr(t, err, ErrPoisoned)
	wantErr(t, err, syscall.ENOSPC)
	for range 3 {
		_, err = l.Append(context.Background(), entry(3))
		wantErr(t, err, ErrPoisoned)
	}
	d.left = -1
	l = openLog(t, d)
	if size, _ := l.Tree(); size != 3 {
		t.Fatalf("%d entries, want 3", size)
	}
	fill(t, l, 1)
}

func TestEndedContextHarmsNothing(t *testing.T) {
	l := openLog(t, newMemory())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := l.Append(ctx, entry(0))
	wantErr(t, err, context.Canceled)
	fill(t, l, 1)
}

type brokenKey struct{ fixedKey }

func (brokenKey) Sign([]byte) ([]byte, error) { return nil, errors.New("vault sealed") }

// Without a signature there is no checkpoint and so no acknowledgement.
func TestSignerFailurePoisons(t *testing.T) {
	d := newMemory()
	fill(t, openLog(t, d), 1)
	l, err := open(d, brokenKey{node}, origin)
	must(t, err)
	_, err = l.Append(context.Background(), entry(1))
	wantErr(t, err, ErrPoisoned)
	if size, _ := openLog(t, d).Tree(); size != 1 {
		t.Fatalf("%d entries", size)
	}
}
