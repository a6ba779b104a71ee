package align

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"parley/crypto/curve"
)

// BenchmarkRun measures both parties together on this machine, over a pipe
// that holds nothing: CPU seconds, also as a multiple of what the
// exponentiations alone would take, bytes on the wire for each record, and the
// highest heap of both parties together.
func BenchmarkRun(b *testing.B) {
	for _, v := range []struct{ nC, nP, shared int }{{1200, 2000, 550}, {200000, 200000, 100000}} {
		b.Run(fmt.Sprintf("%dx%d", v.nC, v.nP), func(b *testing.B) {
			one := costOfOne(b)
			peak, start := watchHeap(b), cpu()
			var bytes, exps int64
			for b.Loop() {
				x := newPair(b, DefaultPadding(), v.nC, v.nP)
				d := newDirect()
				x.runOver(b.Context(), directEnd{d, 0}, directEnd{d, 1}, counted(0, v.nC), counted(v.nC-v.shared, v.nP))
				if x.errC != nil || x.errP != nil {
					b.Fatal(x.errC, x.errP)
				}
				nC, nP := x.c.lists()
				bytes, exps = d.bytes.Load(), 2*Exponentiations(nC, nP, nC+nP-x.resC.Total)
			}
			took := (cpu() - start).Seconds() / float64(b.N)
			b.ReportMetric(took, "cpu-s/op")
			b.ReportMetric(took/(one*float64(exps)), "cpu/exponentiations")
			b.ReportMetric(float64(bytes), "wire-B/op")
			b.ReportMetric(float64(bytes)/float64(v.nC+v.nP), "wire-B/record")
			b.ReportMetric(float64(peak())/(1<<20), "peak-heap-MiB")
		})
	}
}

// counted gives n units that are made on the way.
func counted(first, n int) Units {
	return func(_ context.Context, yield func([]byte) error) error {
		b := make([]byte, 0, 64)
		for i := range n {
			if err := yield(strconv.AppendInt(append(b[:0], "unit@"...), int64(first+i), 10)); err != nil {
				return err
			}
		}
		return nil
	}
}

// costOfOne is the CPU time of one exponentiation, in seconds.
func costOfOne(b *testing.B) float64 {
	const n = 1 << 15
	points := make([]curve.Point, n)
	k, err := curve.NewScalar(rand.Reader)
	if err == nil {
		err = curve.HashToCurve(b.Context(), points, []byte("bench"), func(i int) []byte { return []byte{byte(i), byte(i >> 8)} }, nil)
	}
	start := cpu()
	if err == nil {
		err = curve.ExpInto(b.Context(), points, points, k, nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	return (cpu() - start).Seconds() / n
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchHeap looks at the heap's objects, live or not yet collected, until its
// result is called.
func watchHeap(b *testing.B) (peak func() uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	var most atomic.Uint64
	ctx, cancel := context.WithCancel(b.Context())
	go func() {
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-tick.C:
				metrics.Read(sample)
				most.Store(max(most.Load(), sample[0].Value.Uint64()))
			case <-ctx.Done():
				tick.Stop()
				return
			}
		}
	}()
	return func() uint64 { cancel(); return most.Load() }
}
