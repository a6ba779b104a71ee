package duckdb

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// generate writes a CSV of rows messy e-mail addresses over units units.
func generate(t *testing.T, rows, units int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.csv")
	_, _, err := Oracle(t.Context(), []string{fmt.Sprintf(`COPY (SELECT ' User' || (i * 7919 %% %d) || '@Example.com' AS email,
		'camp' || (i %% 12) AS campaign, (i %% 1000) / 100.0 - 3 AS spend, i %% 7 AS n FROM range(%d) t(i)) TO '%s' (HEADER)`, units, rows, path)}, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var campaignRules = agreements.Rules{
	Unit:           agreements.Unit{Column: "email", Normalisation: agreements.NormEmail},
	MaxRowsPerUnit: 1000,
	Columns: []agreements.Column{{Name: "campaign", Type: agreements.Text},
		{Name: "spend", Type: agreements.Decimal, Scale: 2, Min: "-3", Max: "10"}, {Name: "n", Type: agreements.Integer}},
}

var byCampaign = plan.Local{
	SQL: `SELECT parley_unit, campaign, count(*), CAST(sum(CAST(spend * 100 AS BIGINT)) AS BIGINT), count(spend)
		FROM data WHERE n <> CAST($1 AS BIGINT) GROUP BY parley_unit, campaign`,
	Args: []string{"5"}, Groups: make([]plan.Group, 1), Measures: make([]plan.Measure, 1),
}

func importFile(t *testing.T, e *Engine, path string, rules agreements.Rules) (engine.Snapshot, *engine.Imported) {
	t.Helper()
	s := engine.Snapshot{Path: filepath.Join(t.TempDir(), "snapshot")}
	if _, err := rand.Read(s.Key[:]); err != nil {
		t.Fatal(err)
	}
	done, err := e.Import(t.Context(), engine.Import{Source: path, Format: "csv", Rules: rules, Target: s.Path, Key: s.Key})
	if err != nil {
		t.Fatal(err)
	}
	s.Version = done.Version
	return s, done
}

// TestRunEqualsPlainDuckDB compares totals over a table large enough for
// several parts, frames and chunks.
func TestRunEqualsPlainDuckDB(t *testing.T) {
	e := New(Options{})
	path := generate(t, 400_000, 90_000)
	s, done := importFile(t, e, path, campaignRules)
	if done.Rows != 400_000 || done.Units != 90_000 {
		t.Errorf("%+v", done)
	}
	var rows, n, sum, count int64
	last := ""
	err := e.Run(t.Context(), s, byCampaign, plan.Join, func(r engine.Row) error {
		rows, n, sum, count = rows+1, n+r.Ints[0].Value, sum+r.Ints[1].Value, count+r.Ints[2].Value
		last = string(r.Unit)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(last, "user") {
		t.Errorf("unit %q", last)
	}
	_, want, err := Oracle(t.Context(), nil, fmt.Sprintf(`SELECT count(*), sum(a), sum(b), sum(a) FROM
		(SELECT count(*) a, sum(CAST(CAST(spend AS DECIMAL(18,2)) * 100 AS BIGINT)) b FROM '%s' WHERE n <> 5 GROUP BY lower(trim(email)), campaign)`, path))
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range []int64{rows, n, sum, count} {
		if fmt.Sprint(got) != *want[0][i] {
			t.Errorf("figure %d is %d, plain DuckDB says %s", i, got, *want[0][i])
		}
	}
	units := 0
	if err := e.Units(t.Context(), s, func([]byte) error { units++; return nil }); err != nil || units != 90_000 {
		t.Errorf("%d units, %v", units, err)
	}
}

// TestRunLimits is R31 at the engine: no plan outlives its deadline or takes
// more memory than its limit. The memory check reads the child's peak size.
func TestRunLimits(t *testing.T) {
	e := New(Options{Run: engine.Limits{Memory: 600 << 20, Deadline: 2 * time.Second}})
	path := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(path, []byte("email\na@b.c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rules := campaignRules
	rules.Columns = nil
	s, _ := importFile(t, e, path, rules)
	for sql, want := range map[string]string{
		"SELECT encode(repeat('x', 500000000)), 1::BIGINT FROM range(8)":                                "",
		"SELECT encode(repeat('x', 4000000000)), 1::BIGINT":                                             "",
		"SELECT encode(i::VARCHAR || repeat('x', 100)), count(*) FROM range(100000000) t(i) GROUP BY 1": "",
		"SELECT 'a'::BLOB, count(*) FROM range(1000000) a, range(1000000) b":                            "not finished after 2s",
		"WITH RECURSIVE r AS (SELECT 1 x UNION ALL SELECT x FROM r) SELECT 'a'::BLOB, count(*) FROM r":  "not finished after 2s",
	} {
		start := time.Now()
		err := e.Run(t.Context(), s, plan.Local{SQL: sql}, plan.Join, func(engine.Row) error { return nil })
		if !errors.Is(err, engine.ErrLimit) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", sql, err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s took %v", sql, took)
		}
	}
	if err := e.Run(t.Context(), s, plan.Local{SQL: "SELECT parley_unit, count(*) FROM data GROUP BY 1"}, plan.Join,
		func(engine.Row) error { return nil }); err != nil {
		t.Errorf("after the attacks: %v", err)
	}
}

// TestParseProcessorTime is R31 on a busy machine: a bomb is ended by the
// processor time that it takes, long before a deadline that leaves honest
// questions time to wait for the processor.
func TestParseProcessorTime(t *testing.T) {
	e := New(Options{Parse: engine.Limits{Deadline: time.Minute}})
	bomb := strings.Repeat("WITH a AS(", 26) + "SELECT 1" + strings.Repeat(")FROM a", 26)
	start := time.Now()
	_, err := e.Parse(t.Context(), bomb)
	if !errors.Is(err, engine.ErrLimit) || !strings.Contains(err.Error(), "ended early") || time.Since(start) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// TestCancelledImportLeavesNothing stops an import in its middle.
func TestCancelledImportLeavesNothing(t *testing.T) {
	path := generate(t, 400_000, 90_000)
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	_, err := New(Options{}).Import(ctx, engine.Import{Source: path, Format: "csv", Rules: campaignRules, Target: filepath.Join(dir, "s")})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("files left behind: %v", left)
	}
}

// TestHostileChild runs programs that are no engine as the child.
func TestHostileChild(t *testing.T) {
	huge := binary.LittleEndian.AppendUint32([]byte{frameData}, 1<<31)
	for name, test := range map[string]struct{ script, want string }{
		"silent":     {"exit 0", "ended early"},
		"killed":     {"kill -9 $$", "ended early"},
		"stuck":      {"sleep 60", "not finished after 500ms"},
		"huge frame": {fmt.Sprintf("printf '\\%03o\\%03o\\%03o\\%03o\\%03o'; sleep 60", huge[0], huge[1], huge[2], huge[3], huge[4]), "broke the frame format"},
		"endless":    {"yes dddd", "broke the frame format"},
		"noise":      {"head -c 10000000 /dev/zero >&2; exit 1", "ended early"},
		"leaky":      {"echo canary out of memory >&2; exit 1", "ended early, out of memory"},
		"lingering":  {"sleep 60 & exit 0", "not finished after 500ms"},
	} {
		exe := filepath.Join(t.TempDir(), "child")
		if err := os.WriteFile(exe, []byte("#!/bin/sh\n"+test.script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		e := New(Options{Executable: exe, Parse: engine.Limits{Deadline: 500 * time.Millisecond}})
		_, err := e.Parse(t.Context(), "SELECT 1")
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// TestChildEnvironment: nothing of the node's environment reaches a child.
func TestChildEnvironment(t *testing.T) {
	t.Setenv("PARLEY_PASSPHRASE", "canary")
	cmd := New(Options{}).command(nil)
	if got := fmt.Sprint(cmd.Env); got != "[PARLEY_ENGINE_CHILD=1 MALLOC_ARENA_MAX=2]" {
		t.Errorf("environment %s", got)
	}
}
