package duckdb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	SQL:  "SELECT parley_unit, campaign, CAST(spend * 100 AS BIGINT) FROM data WHERE n <> CAST($1 AS BIGINT)",
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
// several ranges, frames and chunks.
func TestRunEqualsPlainDuckDB(t *testing.T) {
	e := New(Options{})
	const rowsInAll = rangeRows + 10_000
	path := generate(t, rowsInAll, 90_000)
	s, done := importFile(t, e, path, campaignRules)
	if done.Rows != rowsInAll || done.Units != 90_000 {
		t.Errorf("%+v", done)
	}
	var rows, n, sum, count int64
	seen := make([]bool, done.Units)
	err := e.Reduce(t.Context(), s, byCampaign, func(b *engine.Batch) error {
		for i, u := range b.Units {
			rows, n, sum, count = rows+1, n+b.Ints[0][i], sum+b.Ints[1][i], count+b.Ints[2][i]
			seen[u] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(seen, false) {
		t.Error("an ordinal is missing")
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
	unitsWhole(t, e, s, 90_000, rowsInAll)
}

func nothing(*engine.Batch) error { return nil }

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
		"SELECT length(string_agg(repeat('x', 500000000), ''))::UINTEGER, 1::BIGINT FROM range(8)":                 "",
		"SELECT length(repeat('x', 4000000000))::UINTEGER, 1::BIGINT":                                              "",
		"SELECT i::UINTEGER, count(DISTINCT i::VARCHAR || repeat('x', 100)) FROM range(100000000) t(i) GROUP BY 1": "",
		"SELECT 0::UINTEGER, count(*) FROM range(1000000) a, range(1000000) b":                                     "not finished after 2s",
		"WITH RECURSIVE r AS (SELECT 1 x UNION ALL SELECT x FROM r) SELECT 0::UINTEGER, count(*) FROM r":           "not finished after 2s",
	} {
		start := time.Now()
		err := e.Reduce(t.Context(), s, plan.Local{SQL: sql, Measures: make([]plan.Measure, 1)}, nothing)
		if !errors.Is(err, engine.ErrLimit) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", sql, err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s took %v", sql, took)
		}
	}
	if err := e.Reduce(t.Context(), s, plan.Local{SQL: "SELECT parley_unit FROM data"}, nothing); err != nil {
		t.Errorf("after the attacks: %v", err)
	}
}

// TestParseProcessorTime is R31 on a busy machine: a bomb is ended by the
// processor time that it takes, long before a deadline that leaves honest
// questions time to wait for the processor. It has memory enough here not to
// end for want of it.
func TestParseProcessorTime(t *testing.T) {
	e := New(Options{Parse: engine.Limits{Memory: 8 << 30, Deadline: time.Minute}})
	bomb := strings.Repeat("WITH a AS(", 40) + "SELECT 1" + strings.Repeat(")FROM a", 40)
	start := time.Now()
	_, err := e.Parse(t.Context(), bomb)
	if !errors.Is(err, engine.ErrLimit) || !strings.Contains(err.Error(), "ended early") || time.Since(start) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// TestParseMemory: whichever allocation fails first, the answer is the same.
func TestParseMemory(t *testing.T) {
	e := New(Options{Parse: engine.Limits{Memory: 400 << 20}})
	bomb := strings.Repeat("WITH a AS(", 40) + "SELECT 1" + strings.Repeat(")FROM a", 40)
	for range 6 {
		if tree, err := e.Parse(t.Context(), bomb); !errors.Is(err, engine.ErrLimit) {
			t.Errorf("%.100s, %v", tree, err)
		}
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

// TestRequestWaitsForTheHash: a child that was started on a changed snapshot
// never gets the request, in which the key is (R59).
func TestRequestWaitsForTheHash(t *testing.T) {
	dir := t.TempDir()
	exe, got := filepath.Join(dir, "child"), filepath.Join(dir, "request")
	s := engine.Snapshot{Path: filepath.Join(dir, "snapshot")}
	err := errors.Join(os.WriteFile(exe, []byte("#!/bin/sh\ncat > "+got+"\n"), 0o700), os.WriteFile(s.Path, []byte("rows"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	e := New(Options{Executable: exe})
	for version, want := range map[string]string{
		"sha256:" + strings.Repeat("0", 64):                     "the snapshot was changed",
		fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("rows"))): "ended early",
	} {
		s.Version = version
		err := e.Units(t.Context(), s, func([]byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		request, _ := os.ReadFile(got)
		if verified := want == "ended early"; (len(request) > 0) != verified {
			t.Errorf("verified %v: the child got %d bytes", verified, len(request))
		}
		_ = os.Remove(got)
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
