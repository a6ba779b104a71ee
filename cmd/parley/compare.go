package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parley/analysis/release"
	"parley/cleanroom"
	"parley/cleanroom/engine/duckdb"
)

// compare runs the room's check in plain DuckDB over the very files that the
// members imported, which only a rehearsal can, and compares every number.
func (re *rehearsal) compare(notes io.Writer, o *rehearseOptions, v *cleanroom.View) error {
	t, err := parseTable(v)
	if err != nil {
		return err
	}
	began := time.Now()
	setup := []string{"SET file_search_path = '" + strings.ReplaceAll(re.room.dir, "'", "''") + "'"}
	_, want, err := duckdb.Oracle(context.Background(), setup, re.room.Check)
	if err != nil {
		return fmt.Errorf("plain DuckDB: %w", err)
	}
	took := time.Since(began)
	if err := sameRows(texts(t), want); err != nil {
		return fmt.Errorf("the answer is not plain DuckDB's: %w", err)
	}
	say(notes, o.quiet, "\nCheck against plain DuckDB\n  all %d rows are equal to a plain join of the two files, which took %s\n  and would have needed one side to hand over %s in clear.\n",
		len(want), seconds(took), bytesText(re.fileBytes()))
	if re.room.Withheld == "" {
		return nil
	}
	_, n, err := duckdb.Oracle(context.Background(), setup, re.room.Withheld)
	if err != nil || len(n) != 1 || n[0][0] == nil {
		return fmt.Errorf("plain DuckDB: count what must be withheld: %w", err)
	}
	say(notes, o.quiet, "  Groups of the plain join that are too small, and were withheld: %s.\n", *n[0][0])
	return nil
}

// compareAnalysis has plain DuckDB answer an approved analysis in its own words.
func (re *rehearsal) compareAnalysis(notes io.Writer, o *rehearseOptions, v *cleanroom.View) error {
	t, err := parseTable(v)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := re.room.judge(context.Background(), o.Analysis, o.Params, t); err != nil {
		return err
	}
	say(notes, o.quiet, "\nCheck against plain DuckDB\n  the same SQL over the members' files gives the same %s; too small, and withheld: %d. It took %s.\n",
		plural(len(t.Rows), "row"), re.room.mustWithhold(o.Analysis, len(t.Rows)), seconds(time.Since(began)))
	return nil
}

// judge compares an answer with plain DuckDB's over the room's files.
func (r *room) judge(ctx context.Context, analysis string, params map[string]string, t *release.Table) error {
	query, err := r.oracleSQL(analysis, params)
	if err != nil {
		return err
	}
	setup := append([]string{"SET file_search_path = '" + strings.ReplaceAll(r.dir, "'", "''") + "'"}, r.Tables...)
	_, want, err := duckdb.Oracle(ctx, setup, query)
	if err != nil {
		return fmt.Errorf("plain DuckDB: %w", err)
	}
	if err := sameRows(texts(t), want); err != nil {
		return fmt.Errorf("the answer is not plain DuckDB's: %w", err)
	}
	if n := r.mustWithhold(analysis, len(t.Rows)); t.Withheld.Count != n {
		return fmt.Errorf("the answer says that %d groups were withheld, it should be %d", t.Withheld.Count, n)
	}
	return nil
}

// fileBytes is the size of the smaller side's files.
func (re *rehearsal) fileBytes() int64 {
	smallest := int64(math.MaxInt64)
	files, err := filepath.Glob(filepath.Join(re.room.dir, "*"))
	if err != nil {
		return 0
	}
	for _, f := range files {
		if st, err := os.Stat(f); err == nil && filepath.Ext(f) != ".yaml" && st.Size() < smallest {
			smallest = st.Size()
		}
	}
	return smallest
}

// sameRows compares exactly, except that quotients may differ by 1e-9.
func sameRows(got [][]*string, want [][]*string) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d rows, expected %d", len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			return fmt.Errorf("row %d has %d columns, expected %d", i+1, len(got[i]), len(want[i]))
		}
		for c := range want[i] {
			if !sameValue(got[i][c], want[i][c]) {
				return fmt.Errorf("row %d, column %d differs", i+1, c+1)
			}
		}
	}
	return nil
}

func sameValue(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	if *a == *b {
		return true
	}
	x, errX := strconv.ParseFloat(*a, 64)
	y, errY := strconv.ParseFloat(*b, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= 1e-9*math.Max(math.Abs(x), math.Abs(y))
}
