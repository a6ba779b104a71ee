package align

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRun measures both parties on this machine.
func BenchmarkRun(b *testing.B) {
	for _, v := range []struct{ nC, nP, shared int }{{1200, 2000, 550}, {120000, 200000, 55000}} {
		b.Run(fmt.Sprintf("%dx%d", v.nC, v.nP), func(b *testing.B) {
			c, p := sets(v.nC, v.nP, v.shared, 1)
			var bytes int64
			start := cpu()
			for b.Loop() {
				x := align(b, DefaultPadding(), c, p)
				bytes = total(x.endC.Sent()) + total(x.endP.Sent())
			}
			b.ReportMetric((cpu()-start).Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(bytes), "wire-B/op")
		})
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
