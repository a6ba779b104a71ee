package align

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/crypto/spill"
	"parley/crypto/wire"
)

var errKilled = errors.New("killed")

// stage is one alignment whose sides may be killed and resumed.
type stage struct {
	t     *testing.T
	cfg   [2]Config
	dir   [2]string
	units [2][][]byte
	d     *durable
}

func newStage(t *testing.T, memory int64) *stage {
	return newStageOf(t, memory, 900, 1100)
}

func newStageOf(t *testing.T, memory int64, nC, nP int) *stage {
	c, p := sets(nC, nP, 400, 9)
	s := &stage{t: t, units: [2][][]byte{c, p}, d: newDurable(t)}
	for i, role := range []Role{RoleC, RoleP} {
		s.cfg[i] = Config{Role: role, Session: [32]byte{8}, Own: len(s.units[i]), Peer: len(s.units[1-i]),
			Padding: small, Seed: [32]byte{byte(i + 1)}, Memory: memory}
		s.dir[i] = t.TempDir()
	}
	return s
}

// outcome is how one life of a side ended.
type outcome struct {
	result     *Result
	transcript [32]byte
	err        error
	events     int
	raised     map[string]int64 // points raised in this life, by step
}

// live runs a side until its end or until that many events: reads and writes
// of messages, and reports of progress. 0 is no limit.
func (s *stage) live(ctx context.Context, side, kill int) (o outcome) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	event := func() error {
		mu.Lock()
		defer mu.Unlock()
		o.events++
		if kill > 0 && o.events >= kill {
			cancel()
			return errKilled
		}
		return nil
	}
	cfg := s.cfg[side]
	cfg.Work = work(s.t, s.dir[side])
	last := map[string]int64{}
	o.raised = map[string]int64{}
	cfg.Progress = func(step string, done, _ int64) {
		event()
		if strings.HasPrefix(step, "encrypt") || strings.HasPrefix(step, "tag") {
			if at, ok := last[step]; ok {
				o.raised[step] += done - at
			}
			last[step] = done
		}
	}
	script := wire.NewTranscript()
	names := []string{"c", "p"}
	pipe := script.Record(&life{s.d, side, event}, names[side], names[1-side])
	o.result, o.err = Run(ctx, pipe, cfg, each(s.units[side]))
	o.transcript = script.Sum(cfg.Session)
	return o
}

// whole runs both sides without a limit, from whatever state they are in.
func (s *stage) whole() (out [2]outcome) {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for i := range out {
		wg.Go(func() {
			if out[i] = s.live(ctx, i, 0); out[i].err != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return out
}

// cutOff runs both sides until one has had so many events, and cuts both off.
func (s *stage) cutOff(at [2]int) {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for side := range at {
		wg.Go(func() {
			s.live(ctx, side, at[side])
			cancel()
		})
	}
	wg.Wait()
}

// agrees demands the outcome of a run without interruption.
func (s *stage) agrees(what string, got, want [2]outcome, sent [2]map[wire.Step][]byte) {
	s.t.Helper()
	for i := range got {
		if got[i].err != nil {
			s.t.Fatalf("%s: side %d: %v", what, i, got[i].err)
		}
		if !slices.Equal(got[i].result.Slots, want[i].result.Slots) || got[i].result.Total != want[i].result.Total {
			s.t.Errorf("%s: side %d has other slots", what, i)
		}
		if got[i].transcript != want[i].transcript {
			s.t.Errorf("%s: side %d has another transcript", what, i)
		}
		if !maps.EqualFunc(s.d.sent[i], sent[i], slices.Equal) {
			s.t.Errorf("%s: side %d sent other bytes", what, i)
		}
	}
}

const tinyMemory = 64 << 10

// A side that is killed anywhere, again and again, and resumed each time while
// the other side waits, ends with the slots, the transcript and the bytes of a
// run without interruption. It may be resumed with another memory.
func TestResumeAfterKillsOfOneSide(t *testing.T) {
	s := newStage(t, tinyMemory)
	want := s.whole()
	s.agrees("undisturbed", want, want, s.d.sent)
	sent := s.d.sent
	for side := range 2 {
		for _, lives := range []int{2, 7} {
			s := newStage(t, tinyMemory)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var got [2]outcome
			var wg sync.WaitGroup
			wg.Go(func() { got[1-side] = s.live(ctx, 1-side, 0) })
			kills := 0
			for n := 0; ; n++ {
				limit := want[side].events * (n + 1) / lives
				if n%2 == 1 {
					s.cfg[side].Memory = tinyMemory * 3
				}
				if got[side] = s.live(ctx, side, limit); got[side].err == nil {
					break
				}
				kills++
				if ctx.Err() != nil || n > 2*lives {
					t.Fatalf("side %d, life %d: %v", side, n, got[side].err)
				}
			}
			if kills == 0 {
				t.Errorf("side %d was never killed", side)
			}
			wg.Wait()
			s.agrees("killed", got, want, sent)
		}
	}
}

// Both sides are cut off at once, at many points, and resumed.
func TestResumeAfterKillsOfBothSides(t *testing.T) {
	first := newStage(t, tinyMemory)
	want := first.whole()
	const points = 8
	for n := range points {
		s := newStage(t, tinyMemory)
		s.cutOff([2]int{1 + want[0].events*n/points, 1 + want[1].events*n/points})
		got := s.whole()
		s.agrees("cut off", got, want, first.d.sent)
	}
}

// What was stored is not computed again: of a list that is cut off after its
// half, the second run computes the other half and what was on its way, which
// is three batches at most and a part of a chunk.
func TestResumeComputesTheRestOnly(t *testing.T) {
	const n, onItsWay = 5000, 4 * minBatch
	for _, step := range []string{"encrypt own units", "encrypt the peer's units", "tag own units", "tag the peer's units"} {
		s := newStageOf(t, tinyMemory, n, n)
		s.until(1, step)
		got := s.whole()
		if got[0].err != nil || got[1].err != nil {
			t.Fatal(step, got[0].err, got[1].err)
		}
		if again := got[1].raised[step]; again > n/2+onItsWay || again < n/2-onItsWay {
			t.Errorf("%s: %d of %d points after the resumption", step, again, n)
		}
	}
}

// A run that ended, but whose result was lost with the process, gives the same
// again, and raises not one point.
func TestResumeAfterTheEnd(t *testing.T) {
	s := newStage(t, tinyMemory)
	want := s.whole()
	sent := [2]map[wire.Step][]byte{maps.Clone(s.d.sent[0]), maps.Clone(s.d.sent[1])}
	got := s.whole()
	s.agrees("again", got, want, sent)
	if len(got[0].raised) != 0 || len(got[1].raised) != 0 {
		t.Errorf("points were raised again: %v %v", got[0].raised, got[1].raised)
	}
}

// A work file that was changed or cut is refused, or what was in it comes out
// as before; never does a side send other bytes or give other slots.
func TestResumeWithDamagedFiles(t *testing.T) {
	whole := newStage(t, tinyMemory)
	want := whole.whole()
	refused := 0
	for _, damage := range []func([]byte) []byte{
		func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		func(b []byte) []byte { return b[:len(b)/2] },
	} {
		for side := range 2 {
			s := newStage(t, tinyMemory)
			s.until(side, "tag own units")
			for name := range filesIn(t, s.dir[side]) {
				r := s.copyOf()
				path := filepath.Join(r.dir[side], name)
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, damage(b), 0o600); err != nil {
					t.Fatal(err)
				}
				got := r.whole()
				switch err := got[side].err; {
				case err == nil:
					r.agrees("damaged "+name, got, want, whole.d.sent)
				case errors.Is(err, spill.ErrDamaged):
					refused++
				default:
					t.Errorf("side %d, damaged %s: %v", side, name, err)
				}
			}
		}
	}
	if refused < 5 {
		t.Errorf("only %d damaged files were refused", refused)
	}
}

// until runs both sides and cuts both off when one comes to a step.
func (s *stage) until(side int, step string) {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { s.live(ctx, 1-side, 0) })
	cfg := s.cfg[side]
	cfg.Work = work(s.t, s.dir[side])
	cfg.Progress = func(at string, done, total int64) {
		if at == step && done > total/2 {
			cancel()
		}
	}
	_, err := Run(ctx, &life{s.d, side, func() error { return nil }}, cfg, each(s.units[side]))
	if !errors.Is(err, context.Canceled) {
		s.t.Fatalf("side %d was not cut off: %v", side, err)
	}
	wg.Wait()
}

// copyOf copies a stage with both work directories.
func (s *stage) copyOf() *stage {
	r := *s
	r.d = newDurable(s.t)
	for i := range r.d.sent {
		for step, b := range s.d.sent[i] {
			r.d.sent[i][step] = slices.Clone(b)
		}
	}
	for i, dir := range s.dir {
		r.dir[i] = s.t.TempDir()
		if err := os.CopyFS(r.dir[i], os.DirFS(dir)); err != nil {
			s.t.Fatal(err)
		}
	}
	return &r
}
