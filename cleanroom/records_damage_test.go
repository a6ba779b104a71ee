package cleanroom_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"

	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine/duckdb"
	staff "parley/cleanroom/people"
	"parley/cleanroom/store"
	"parley/crypto/keys"
)

// TestRandomDamage is a small share of TestLongDamage.
func TestRandomDamage(t *testing.T) {
	t.Parallel()
	damageHomes(t, 1, 60, time.Now().Add(time.Hour))
}

// damageHomes changes one thing in the log, the state file, a snapshot, an
// alignment or a row, at random, and demands that it is reported: by fsck of
// the stopped home, by the node's start or by fsck of the running node. What is
// not reported must leave every value that is read as it was. It returns how
// many cases there were, by what was done and what came of it.
func damageHomes(t *testing.T, seed uint64, cases int, until time.Time) map[string]int {
	counts := map[string]int{}
	var mu sync.Mutex
	t.Run("homes", func(t *testing.T) {
		for i, how := range []string{"stopped", "crashed"} {
			t.Run(how, func(t *testing.T) {
				t.Parallel()
				d := newDamaged(t, how == "crashed", rand.New(rand.NewPCG(seed, uint64(i))))
				for c := range cases / 2 {
					if time.Now().After(until) || t.Failed() {
						break
					}
					what, outcome := d.one(t, c)
					mu.Lock()
					counts[what+", "+how+": "+outcome]++
					mu.Unlock()
					if c%500 == 499 {
						t.Logf("%d cases", c+1)
					}
				}
			})
		}
	})
	return counts
}

// damaged is a home with a kept sound copy.
type damaged struct {
	home    cleanroom.Home
	key     ed25519.PublicKey
	ring    *keys.File
	crashed bool
	r       *rand.Rand
	sound   map[string][]byte // by path from the home
	values  string            // of the sound home
	tables  []string
}

// newDamaged makes a home with some of everything in it: a log of more than one
// bundle, agreements, datasets, alignments, answers, templates, accounts,
// partners' heads. A crashed home is as it was while the node ran.
func newDamaged(t *testing.T, crashed bool, r *rand.Rand) *damaged {
	t.Helper()
	home, l := newHome(t, "agency")
	agency, stop := serve(t, home, l, func(o *cleanroom.Options) { o.PasswordCost = cleanroomtest.Cost() })
	defer func() { stop() }()
	shop := cleanroomtest.Start(t, "shop")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	for range 250 {
		if _, err := agency.Explain(t.Context(), cleanroom.Question{Agreement: id, SQL: bySegment}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := agency.NewTemplate(t.Context(), "ours", "campaign-measurement@1"); err != nil {
		t.Fatal(err)
	}
	ask(t, agency, id, bySegment)
	ask(t, agency, id, ownerOnlyAt("ads"))
	ask(t, shop, id, bySegment)
	lastRun(t, agency)
	agency.Person(t, "anna", staff.Admin)
	agency.Person(t, "ben", staff.Legal)
	d := &damaged{home: home, ring: keyring(t, home), crashed: crashed, r: r, sound: map[string][]byte{}}
	var err error
	if d.key, err = base64.StdEncoding.DecodeString(agency.Card.IdentityKey); err != nil {
		t.Fatal(err)
	}
	if !crashed {
		stop()
	}
	err = filepath.WalkDir(string(home), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(string(home), path)
		d.sound[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	d.restoreAll(t)
	if d.values, err = d.read(); err != nil {
		t.Fatal(err)
	}
	if rep, err := cleanroom.FsckStopped(t.Context(), home, d.key); err != nil || len(rep.Damage) > 0 {
		t.Fatalf("the sound home: %v %+v", err, rep)
	}
	if found, err := d.running(t); err != nil || len(found) > 0 {
		t.Fatalf("the sound home, running: %v %q", err, found)
	}
	d.restoreAll(t)
	return d
}

// restoreAll puts the sound home back.
func (d *damaged) restoreAll(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(string(d.home), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if rel, _ := filepath.Rel(string(d.home), path); d.sound[rel] == nil {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, rel := range slices.Sorted(maps.Keys(d.sound)) {
		d.restore(t, rel)
	}
}

func (d *damaged) restore(t *testing.T, rel string) {
	t.Helper()
	path := filepath.Join(string(d.home), rel)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, d.sound[rel], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// read is a hash over every value that can be read from the home: the rows of
// the state file, the entries of the log under its checkpoint, and the bytes of
// snapshots and alignments.
func (d *damaged) read() (string, error) {
	scratch, err := os.MkdirTemp("", "parley-damaged-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(string(d.home), "state.db"+suffix))
		if err == nil {
			err = os.WriteFile(filepath.Join(scratch, "state.db"+suffix), b, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	s, err := store.Open(context.Background(), filepath.Join(scratch, "state.db"), time.Unix(1, 0))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, s.Found())
	if err := s.Close(); err != nil {
		return "", err
	}
	rep, err := audit.Verify(d.home.AuditDir(), d.key)
	if err != nil {
		return "", err
	}
	fmt.Fprintln(h, rep.Origin, rep.Entries, rep.Root)
	err = audit.Each(d.home.AuditDir(), d.key, func(i int64, _ *audit.Entry, line []byte) error {
		fmt.Fprintf(h, "%d %q\n", i, line)
		return nil
	})
	for _, rel := range slices.Sorted(maps.Keys(d.sound)) {
		if strings.HasPrefix(rel, "snapshots") || strings.HasPrefix(rel, "alignments") {
			b, e := os.ReadFile(filepath.Join(string(d.home), rel))
			err = errors.Join(err, e)
			fmt.Fprintf(h, "%s %x\n", rel, sha256.Sum256(b))
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// running opens the home with its keys: what fsck of the running node says, or
// the error of the start.
func (d *damaged) running(t *testing.T) (found []string, err error) {
	n, err := cleanroom.Open(t.Context(), cleanroom.Options{Home: d.home, Keys: d.ring, Now: time.Now,
		Log: slog.New(slog.DiscardHandler), Engine: duckdb.New(duckdb.Options{})})
	if err != nil {
		return nil, err
	}
	rep, err := n.Fsck(t.Context())
	return rep.Damage, errors.Join(err, n.Close())
}

// one damages the home in one way, judges and puts it right again.
func (d *damaged) one(t *testing.T, number int) (what, outcome string) {
	t.Helper()
	what, detail, touched := d.damage(t)
	rep, err := cleanroom.FsckStopped(t.Context(), d.home, d.key)
	switch {
	case err != nil || len(rep.Damage) > 0:
		outcome = "reported by fsck"
	default:
		values, err := d.read()
		if err == nil && values == d.values {
			outcome = "no value changed"
			break
		}
		found, e := d.running(t)
		switch {
		case e != nil:
			outcome = "reported at the start"
		case len(found) > 0:
			outcome = "reported by fsck with the passphrase"
		default:
			outcome = "SILENT"
			t.Errorf("case %d: %s (%s) is not reported: %v", number, what, detail, err)
		}
		d.restoreAll(t)
		return what, outcome
	}
	for _, rel := range touched {
		d.restore(t, rel)
	}
	return what, outcome
}

// damage makes one random change. touched are the files it changed.
func (d *damaged) damage(t *testing.T) (what, detail string, touched []string) {
	kind := []string{"flip", "truncation", "deletion", "reordering"}[d.r.IntN(4)]
	target := "log"
	switch n := d.r.IntN(100); {
	case n < 40:
	case n < 65:
		target = "state file"
	case n < 85:
		target = "row"
		if d.crashed {
			target = "log" // rows that no anchor names are not compared then, see SECURITY.md
		}
	case n < 93:
		target = "snapshot"
	default:
		target = "alignment"
	}
	what = kind + " in " + target
	if target == "row" {
		return what, d.row(t, kind), []string{"state.db"}
	}
	prefix := map[string]string{"log": "audit/", "state file": "state.db", "snapshot": "snapshots/", "alignment": "alignments/"}[target]
	var files []string
	for rel, b := range d.sound {
		if strings.HasPrefix(filepath.ToSlash(rel), prefix) && len(b) > 0 && !strings.HasSuffix(rel, "-shm") {
			files = append(files, rel)
		}
	}
	slices.Sort(files)
	rel := files[d.r.IntN(len(files))]
	was := d.sound[rel]
	now, detail, gone := d.bytes(kind, rel, was)
	path := filepath.Join(string(d.home), rel)
	detail = rel + ": " + detail
	var err error
	switch {
	case gone:
		err = os.Remove(path)
	case now == nil: // two files change places
		other := files[d.r.IntN(len(files))]
		for other == rel && len(files) > 1 {
			other = files[d.r.IntN(len(files))]
		}
		if other == rel {
			err = os.Remove(path)
			break
		}
		detail, touched = detail+" with "+other, []string{other}
		err = errors.Join(os.WriteFile(path, d.sound[other], 0o600), os.WriteFile(filepath.Join(string(d.home), other), was, 0o600))
	default:
		err = os.WriteFile(path, now, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return what, detail, append(touched, rel)
}

// bytes damages a file. nil: exchange it for another.
func (d *damaged) bytes(kind, rel string, b []byte) (now []byte, detail string, gone bool) {
	r := d.r
	now = slices.Clone(b)
	// Blocks are what stands by itself in the file: lines, hashes, pages.
	size := 1 + r.IntN(min(len(b), 64))
	switch {
	case strings.Contains(rel, "tile"):
		size = 32
	case strings.HasPrefix(rel, "state.db"):
		size = 4096
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	byLine := strings.Contains(rel, "entries") && r.IntN(4) > 0
	switch kind {
	case "flip":
		n := 1
		if r.IntN(4) == 0 {
			n = 1 + r.IntN(16)
		}
		for range n {
			at := r.IntN(len(now))
			now[at] ^= 1 << r.IntN(8)
			detail += fmt.Sprintf("a bit of byte %d ", at)
		}
	case "truncation":
		at := r.IntN(len(b))
		if byLine && len(lines) > 2 {
			at = len(bytes.Join(lines[:1+r.IntN(len(lines)-2)], nil))
		}
		now, detail = now[:at], fmt.Sprintf("cut at %d", at)
	case "deletion":
		if r.IntN(8) == 0 {
			return nil, "removed", true
		}
		from, to := 0, 0
		if byLine {
			i := r.IntN(len(lines) - 1)
			from = len(bytes.Join(lines[:i], nil))
			to = from + len(lines[i])
		} else {
			from = r.IntN(max(1, len(b)/size)) * size
			to = min(from+size, len(b))
		}
		now, detail = slices.Delete(now, from, to), fmt.Sprintf("bytes %d to %d", from, to)
	case "reordering":
		if r.IntN(8) == 0 {
			return nil, "exchanged", false
		}
		if byLine && len(lines) > 2 {
			i, j := r.IntN(len(lines)-1), r.IntN(len(lines)-1)
			lines[i], lines[j] = lines[j], lines[i]
			return bytes.Join(lines, nil), fmt.Sprintf("lines %d and %d", i, j), false
		}
		i, j := r.IntN(max(1, len(b)/size))*size, r.IntN(max(1, len(b)/size))*size
		for k := range min(size, len(b)-max(i, j)) {
			now[i+k], now[j+k] = b[j+k], b[i+k]
		}
		detail = fmt.Sprintf("%d bytes at %d and at %d", size, i, j)
	}
	return now, detail, false
}

// row changes the state file by its rows, as somebody with a database's tools
// would: checksums of pages are right afterwards.
func (d *damaged) row(t *testing.T, kind string) string {
	t.Helper()
	var db *sql.DB
	db, err := driver.Open("file:"+filepath.Join(string(d.home), "state.db")+"?_pragma=synchronous(off)&_pragma=journal_mode(memory)",
		func(c *sqlite3.Conn) error { return c.EnableChecksums("main") })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if d.tables == nil {
		d.tables = names(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
		var filled []string
		for _, table := range d.tables {
			if rowsOf(t, db, table) > 0 {
				filled = append(filled, table)
			}
		}
		d.tables = filled
	}
	for range 1000 {
		table := d.tables[d.r.IntN(len(d.tables))]
		columns := names(t, db, `SELECT name FROM pragma_table_info('`+table+`') ORDER BY cid`)
		column, n := columns[d.r.IntN(len(columns))], rowsOf(t, db, table)
		one, other := d.r.IntN(n), d.r.IntN(n)
		if detail := d.tryRow(db, kind, table, column, one, other); detail != "" {
			return detail
		}
	}
	t.Fatal("no row can be changed")
	return ""
}

// tryRow is "" when the change is none, or the schema does not allow it.
func (d *damaged) tryRow(db *sql.DB, kind, table, column string, one, other int) string {
	value := func(i int) (rowid int64, v any, err error) {
		return rowid, v, db.QueryRow(fmt.Sprintf(`SELECT rowid, "%s" FROM "%s" ORDER BY rowid LIMIT 1 OFFSET %d`, column, table, i)).Scan(&rowid, &v)
	}
	set := func(tx *sql.Tx, rowid int64, v any) error {
		_, err := tx.Exec(fmt.Sprintf(`UPDATE "%s" SET "%s" = ? WHERE rowid = ?`, table, column), v, rowid)
		return err
	}
	id, v, err := value(one)
	if err != nil {
		return ""
	}
	id2, v2, err := value(other)
	if err != nil {
		return ""
	}
	tx, err := db.Begin()
	if err != nil {
		return ""
	}
	defer tx.Rollback()
	detail := fmt.Sprintf("%s.%s, row %d", table, column, one)
	switch {
	case kind == "deletion" || kind == "truncation" && d.r.IntN(4) == 0:
		_, err = tx.Exec(fmt.Sprintf(`DELETE FROM "%s" WHERE rowid %s ?`, table, map[string]string{"deletion": "=", "truncation": ">="}[kind]), id)
	case kind == "reordering":
		if fmt.Sprint(v) == fmt.Sprint(v2) {
			return ""
		}
		detail += fmt.Sprintf(" and row %d", other)
		err = errors.Join(set(tx, id, v2), set(tx, id2, v))
	default:
		switch x := v.(type) {
		case int64:
			v = x ^ 1<<d.r.IntN(62)
			if kind == "truncation" {
				v = x / 2
			}
		case string:
			b := []byte(x)
			if !d.change(kind, &b) {
				return ""
			}
			v = string(b)
		case []byte:
			b := slices.Clone(x)
			if !d.change(kind, &b) {
				return ""
			}
			v = b
		default:
			return ""
		}
		err = set(tx, id, v)
	}
	if err != nil || tx.Commit() != nil {
		return ""
	}
	return detail
}

func (d *damaged) change(kind string, b *[]byte) bool {
	if len(*b) == 0 {
		return false
	}
	at := d.r.IntN(len(*b))
	if kind == "truncation" {
		*b = (*b)[:at]
	} else {
		(*b)[at] ^= 1 << d.r.IntN(7)
	}
	return true
}

func names(t *testing.T, db *sql.DB, query string) (out []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func rowsOf(t *testing.T, db *sql.DB, table string) (n int) {
	t.Helper()
	if err := db.QueryRow(`SELECT count(*) FROM "` + table + `"`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
