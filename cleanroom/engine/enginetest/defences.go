package enginetest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

func testVersions(t *testing.T, e engine.Engine) {
	s, done := load(t, e, rules(agreements.NormExact), "id\na\nb\n")
	nothing := func([]byte) error { return nil }
	if !strings.HasPrefix(done.Version, "sha256:") || len(done.Version) != 71 {
		t.Errorf("version %q", done.Version)
	}
	wrong := s
	wrong.Key[0] ^= 1
	if err := e.Units(t.Context(), wrong, nothing); err == nil || !strings.Contains(err.Error(), "cannot be opened with this key") {
		t.Errorf("wrong key: %v", err)
	}
	raw, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(s.Path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Units(t.Context(), s, nothing); err == nil || !strings.Contains(err.Error(), "the snapshot was changed") {
		t.Errorf("changed file: %v", err)
	}
	in := engine.Import{Source: write(t, "in.csv", "id\na\n"), Format: "csv", Rules: rules(agreements.NormExact), Target: s.Path}
	if _, err := e.Import(t.Context(), in); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("existing target: %v", err)
	}
}

// testCanaries looks for values, keys and column text in the snapshot's bytes.
func testCanaries(t *testing.T, e engine.Engine) {
	const unit, value = "canary-4711@example.org", "Canarytown-on-Sea"
	r := rules(agreements.NormEmail, agreements.Column{Name: "city", Type: agreements.Text})
	s, _ := load(t, e, r, "id,city\n"+unit+","+value+"\n"+strings.Repeat("x@y.z,"+value+"\n", 500))
	raw, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []string{unit, value, "canary", "Canary", "parley_unit", hex.EncodeToString([]byte(unit)), hex.EncodeToString(s.Key[:]), string(s.Key[:])} {
		if bytes.Contains(raw, []byte(c)) {
			t.Errorf("the snapshot contains %q in clear", c)
		}
	}
	if info, _ := os.Stat(s.Path); info.Mode().Perm() != 0o600 {
		t.Errorf("the snapshot's mode is %v", info.Mode())
	}
	if dir, _ := os.ReadDir(filepath.Dir(s.Path)); len(dir) != 1 {
		t.Errorf("files beside the snapshot: %v", dir)
	}
}

// testLockdown sends what no checked plan contains straight to the engine
// (R25–R30): the lock must hold without the checker's help.
func testLockdown(t *testing.T, e engine.Engine) {
	s, _ := load(t, e, rules(agreements.NormExact), "id\na\n")
	out := filepath.Join(t.TempDir(), "out")
	for _, sql := range []string{
		"SELECT 0::UINTEGER, count(*) FROM read_csv('/etc/passwd')",
		"SELECT length(content)::UINTEGER, 1::BIGINT FROM read_blob('/etc/passwd')",
		"SELECT length(content)::UINTEGER, 1::BIGINT FROM read_text('/proc/self/environ')",
		"SELECT 0::UINTEGER, count(*) FROM read_json('/etc/passwd')",
		"SELECT 0::UINTEGER, count(*) FROM read_parquet('/etc/passwd')",
		"SELECT 0::UINTEGER, count(*) FROM parquet_metadata('/etc/passwd')",
		"SELECT 0::UINTEGER, count(*) FROM sniff_csv('/etc/passwd')",
		"SELECT 0::UINTEGER, count(*) FROM glob('/etc/*')",
		"SELECT 0::UINTEGER, count(*) FROM '/etc/passwd'",
		"SELECT 0::UINTEGER, count(*) FROM '/proc/self/fd/3'",
		"SELECT 0::UINTEGER, count(*) FROM 'http://169.254.169.254/latest/meta-data'",
		"SELECT length(getenv('PATH'))::UINTEGER, 1::BIGINT",
		"ATTACH '" + out + "' AS x", "ATTACH '/proc/self/fd/3' AS x (READ_ONLY)",
		"COPY data TO '" + out + "'", "COPY (SELECT 1) TO '/dev/stdout'", "EXPORT DATABASE '" + out + "'",
		"INSTALL httpfs", "LOAD httpfs", "LOAD '/tmp/x.duckdb_extension'",
		"SET threads = 8", "RESET memory_limit", "SET lock_configuration = false", "SET enable_external_access = true",
		"SET temp_directory = '/tmp'", "PRAGMA memory_limit='100GB'", "SET disabled_filesystems = ''",
		"DROP TABLE snap.data", "INSERT INTO snap.data VALUES ('b')", "CREATE TABLE snap.x AS SELECT 1",
		"CREATE PERSISTENT SECRET x (TYPE s3)",
	} {
		if rows, err := joint(t.Context(), e, s, plan.Local{SQL: sql, Measures: make([]plan.Measure, 1)}); err == nil {
			t.Errorf("%s: ran, %d rows", sql, len(rows))
		}
	}
	if _, err := os.Lstat(out); err == nil {
		t.Error("a file was written")
	}
	// What still runs shows nothing: no secret, and the key nowhere.
	for _, sql := range []string{
		"SELECT length(name)::UINTEGER, count(*) FROM duckdb_secrets() GROUP BY 1",
		"SELECT length(name)::UINTEGER, count(*) FROM duckdb_settings() WHERE value ILIKE '%" + hex.EncodeToString(s.Key[:4]) + "%' GROUP BY 1",
		"SELECT length(d::VARCHAR)::UINTEGER, count(*) FROM duckdb_databases() d WHERE d::VARCHAR ILIKE '%" + hex.EncodeToString(s.Key[:4]) + "%' GROUP BY 1",
	} {
		if rows, err := joint(t.Context(), e, s, plan.Local{SQL: sql, Measures: make([]plan.Measure, 1)}); err != nil || len(rows) != 0 {
			t.Errorf("%s: %q, %v", sql, rows, err)
		}
	}
}

// testLimits is R31: work without end or beyond memory is ended within the
// deadline, and the caller's process goes on.
func testLimits(t *testing.T, e engine.Engine) {
	// DuckDB keeps two copies of a CTE's body, so nesting doubles the tree:
	// 377 bytes take gigabytes.
	bomb := strings.Repeat("WITH a AS(", 26) + "SELECT 1" + strings.Repeat(")FROM a", 26)
	for name, sql := range map[string]string{
		"CTE bomb":    bomb,
		"parentheses": "SELECT " + strings.Repeat("(", 32000) + "1" + strings.Repeat(")", 32000),
		"brackets":    "SELECT " + strings.Repeat("[", 32000) + strings.Repeat("]", 32000),
		"minus":       "SELECT " + strings.Repeat("- ", 32000) + "1",
		"subqueries":  strings.Repeat("SELECT (", 8000),
		"selects":     strings.Repeat("SELECT * FROM (", 4000) + "SELECT 1" + strings.Repeat(")", 4000),
		"long list":   "SELECT 1" + strings.Repeat(",1", 32000),
		"case":        strings.Repeat("SELECT CASE WHEN 1 THEN ", 2700),
	} {
		start := time.Now()
		tree, err := e.Parse(t.Context(), sql)
		if took := time.Since(start); took > 11*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if err != nil && !errors.Is(err, engine.ErrLimit) && !strings.Contains(err.Error(), "DuckDB") {
			t.Errorf("%s: %v", name, err)
		}
		if name == "CTE bomb" && !errors.Is(err, engine.ErrLimit) {
			t.Errorf("the bomb was not ended by the limits: %d bytes of tree, %v", len(tree), err)
		}
		if err == nil && len(tree) == 0 {
			t.Errorf("%s: neither tree nor error", name)
		}
	}
	if _, err := e.Parse(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("after the attacks: %v", err)
	}
}

func testCancel(t *testing.T, e engine.Engine) {
	s, _ := load(t, e, rules(agreements.NormExact), "id\na\nb\n")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := joint(ctx, e, s, plan.Local{SQL: "SELECT 0::UINTEGER, count(*) FROM range(1000000) a, range(1000000) b",
		Measures: make([]plan.Measure, 1)})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 3*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	stop := errors.New("enough")
	calls := 0
	err = e.Units(t.Context(), s, func([]byte) error { calls++; return stop })
	if err != stop || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}
