package duckdb

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

var benchRules = agreements.Rules{
	Unit:           agreements.Unit{Column: "id", Normalisation: agreements.NormExact},
	MaxRowsPerUnit: 1000,
	Columns: []agreements.Column{{Name: "campaign", Type: agreements.Text},
		{Name: "amount", Type: agreements.Decimal, Scale: 2, Nullable: true, Min: "0", Max: "1000"}},
}

var benchPlan = plan.Local{
	SQL:    `SELECT "parley_unit", CAST("campaign" AS VARCHAR), CAST("amount" * 100 AS BIGINT) FROM data`,
	Groups: make([]plan.Group, 1), Measures: make([]plan.Measure, 1),
}

// benchRows is the size of the benchmarks: PARLEY_BENCH_ROWS, default 1,000,000.
func benchRows() int {
	if n, err := strconv.Atoi(os.Getenv("PARLEY_BENCH_ROWS")); err == nil {
		return n
	}
	return 1_000_000
}

// benchFile writes rows of as many units in random order.
func benchFile(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "in.csv")
	_, _, err := Oracle(b.Context(), []string{fmt.Sprintf(`COPY (SELECT md5(i::VARCHAR) AS id, 'campaign ' || (hash(i) %% 10) AS campaign,
		(hash(i * 7) %% 10000) / 100 AS amount FROM range(%d) t(i)) TO '%s' (HEADER)`, benchRows(), path)}, "SELECT 1")
	if err != nil {
		b.Fatal(err)
	}
	return path
}

// spent reports the processor time of this process and of its children, and
// the children's largest size so far.
func spent(b *testing.B, from [2]time.Duration) {
	now := processor(b)
	b.ReportMetric((now[0]-from[0]).Seconds()/float64(b.N), "node-cpu-s/op")
	b.ReportMetric((now[1]-from[1]).Seconds()/float64(b.N), "child-cpu-s/op")
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(u.Maxrss)/1024, "child-peak-MiB")
}

func processor(b *testing.B) (t [2]time.Duration) {
	for i, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		t[i] = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return t
}

func BenchmarkEngine(b *testing.B) {
	e := New(Options{})
	in := engine.Import{Source: benchFile(b), Format: "csv", Rules: benchRules}
	dir := b.TempDir()
	var s engine.Snapshot
	b.Run("import", func(b *testing.B) {
		from := processor(b)
		for b.Loop() {
			in.Target = filepath.Join(dir, fmt.Sprint(time.Now().UnixNano()))
			done, err := e.Import(b.Context(), in)
			if err != nil {
				b.Fatal(err)
			}
			s = engine.Snapshot{Path: in.Target, Version: done.Version}
		}
		spent(b, from)
	})
	b.Run("units", func(b *testing.B) {
		from := processor(b)
		for b.Loop() {
			n := 0
			if err := e.Units(b.Context(), s, func([]byte) error { n++; return nil }); err != nil || n != benchRows() {
				b.Fatal(n, err)
			}
		}
		spent(b, from)
	})
	b.Run("reduce", func(b *testing.B) {
		from := processor(b)
		for b.Loop() {
			n := 0
			if err := e.Reduce(b.Context(), s, benchPlan, func(b *engine.Batch) error { n += len(b.Units); return nil }); err != nil || n != benchRows() {
				b.Fatal(n, err)
			}
		}
		spent(b, from)
	})
}
