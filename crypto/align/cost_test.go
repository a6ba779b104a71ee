package align

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/crypto/wire"
)

// Bytes and exponentiations are what the cost model says.
func TestCostModel(t *testing.T) {
	for _, v := range []struct{ nC, nP, shared int }{{50, 80, 0}, {50, 80, 30}, {50, 80, 50}, {0, 9, 0}} {
		c, p := sets(v.nC, v.nP, v.shared, 3)
		x := newPair(t, off, v.nC, v.nP)
		counts := [2]int64{}
		for i, cfg := range []*Config{&x.c, &x.p} {
			cfg.Progress = func(step string, done, total int64) {
				if done == total && (strings.HasPrefix(step, "encrypt") || strings.HasPrefix(step, "tag")) {
					counts[i] += total
				}
			}
		}
		x.run(t.Context(), c, p)
		if x.errC != nil || x.errP != nil {
			t.Fatal(x.errC, x.errP)
		}
		want := Exponentiations(v.nC, v.nP, v.shared)
		if counts[0] != want || counts[1] != want {
			t.Errorf("%+v: exponentiations %v, model %d", v, counts, want)
		}
		fromC, fromP := total(x.endC.Sent()), total(x.endP.Sent())
		boundSent, boundReceived := WireBytes(x.c)
		shared := int64(v.shared)
		if fromC != boundSent-32*shared || fromP != boundReceived-12*shared {
			t.Errorf("%+v: sent %d and %d, model %d and %d less 32 and 12 a shared unit",
				v, fromC, fromP, boundSent, boundReceived)
		}
		if s, r := WireBytes(x.p); s != boundReceived || r != boundSent {
			t.Errorf("%+v: the two sides' models differ", v)
		}
	}
}

func total(messages map[wire.Step][]byte) (n int64) {
	for _, b := range messages {
		n += int64(len(b))
	}
	return n
}

// A cancelled run ends within the time of a few chunks of points, and leaves
// no goroutine behind.
func TestCancelStopsPromptly(t *testing.T) {
	defer goleak.VerifyNone(t)
	const n = 20000
	c, p := sets(n, n, 5, 1)
	for _, step := range []string{"hash own units", "encrypt own units"} {
		x := newPair(t, off, n, n)
		ctx, cancel := context.WithCancel(t.Context())
		var at time.Time
		x.c.Progress = func(s string, done, _ int64) {
			if s == step && done >= 512 && at.IsZero() {
				at = time.Now()
				cancel()
			}
		}
		x.run(ctx, c, p)
		if took := time.Since(at); at.IsZero() || took > 2*time.Second {
			t.Errorf("%s: ended %v after the cancellation", step, took)
		}
		if !errors.Is(x.errC, context.Canceled) || !errors.Is(x.errP, context.Canceled) {
			t.Errorf("%s: got %v and %v", step, x.errC, x.errP)
		}
		cancel()
	}
}

// A party whose peer is silent ends when its context does.
func TestCancelWhileWaiting(t *testing.T) {
	defer goleak.VerifyNone(t)
	x := newPair(t, off, 2, 2)
	c, _ := sets(2, 0, 0, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, x.endC, x.c, each(c)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
