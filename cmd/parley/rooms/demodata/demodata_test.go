package demodata

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// file is one generated file, read back the way an import would read it.
type file struct {
	hash     string
	lines    [][]string     // without the header
	rows     map[string]int // rows per normalised address
	unusable int            // rows without a usable address
}

func read(t *testing.T, path string) file {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	f := file{hash: hex.EncodeToString(sum[:]), rows: map[string]int{}}
	for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		if i == 0 {
			continue
		}
		fields := strings.Split(line, ",")
		f.lines = append(f.lines, fields)
		if u := unit(fields[0]); u == "" {
			f.unusable++
		} else {
			f.rows[u]++
		}
	}
	return f
}

// unit trims and lowers an address; "" when it is not one.
func unit(email string) string {
	u := strings.ToLower(strings.TrimSpace(email))
	local, host, ok := strings.Cut(u, "@")
	if !ok || local == "" || host == "" {
		return ""
	}
	return u
}

func generate(t *testing.T, scale float64) (exposures, orders file) {
	t.Helper()
	dir := t.TempDir()
	if err := Write(dir, scale); err != nil {
		t.Fatal(err)
	}
	return read(t, filepath.Join(dir, "exposures.csv")), read(t, filepath.Join(dir, "orders.csv"))
}

func shared(a, b file) (n int) {
	for u := range a.rows {
		if b.rows[u] > 0 {
			n++
		}
	}
	return n
}

func TestFullSize(t *testing.T) {
	e, o := generate(t, 1)
	if e.hash != "5b3ff70e112fa21226129cf879a95011088e51ebd1d524ab9b725d639dfcd075" || o.hash != "2f55ff4179652e86939b9a7a3333006079c2463c35acf0614616744802e07834" {
		t.Errorf("the bytes changed:\nexposures %s\norders    %s", e.hash, o.hash)
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"exposures", len(e.lines), 1_000_000},
		{"people exposed", len(e.rows), 200_000},
		{"exposures of nobody", e.unusable, 3_000},
		{"orders", len(o.lines), 300_000},
		{"people who ordered", len(o.rows), 120_000},
		{"orders of nobody", o.unusable, 900},
		{"shared people", shared(e, o), 55_000},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
	testSkew(t, e)
	testSkew(t, o)
}

// testSkew wants a long tail that reaches the declared bound and no further.
func testSkew(t *testing.T, f file) {
	t.Helper()
	most, once := 0, 0
	for _, n := range f.rows {
		most = max(most, n)
		if n == 1 {
			once++
		}
	}
	if most != MaxRowsPerPerson || once < len(f.rows)/4 {
		t.Errorf("most rows of a person %d, people with one row %d of %d", most, once, len(f.rows))
	}
}

func TestSmallestCampaignIsWithheld(t *testing.T) {
	for _, scale := range []float64{0.02, 0.05} {
		e, o := generate(t, scale)
		buyers := map[string]map[string]bool{}
		for _, l := range e.lines {
			if u := unit(l[0]); o.rows[u] > 0 {
				if buyers[l[1]] == nil {
					buyers[l[1]] = map[string]bool{}
				}
				buyers[l[1]][u] = true
			}
		}
		if n := len(buyers[pilotCampaign]); n != 31 {
			t.Errorf("scale %v: %d buyers of the pilot campaign", scale, n)
		}
		if len(buyers) != len(campaigns)+1 {
			t.Errorf("scale %v: %d campaigns, want %d", scale, len(buyers), len(campaigns)+1)
		}
	}
}

func TestSameBytesEachTime(t *testing.T) {
	e1, o1 := generate(t, 0.01)
	e2, o2 := generate(t, 0.01)
	if e1.hash != e2.hash || o1.hash != o2.hash {
		t.Error("two runs differ")
	}
	if len(e1.lines) != 10_000 || len(o1.rows) != 1_200 || shared(e1, o1) != 550 {
		t.Errorf("%d exposures, %d people who ordered, %d shared", len(e1.lines), len(o1.rows), shared(e1, o1))
	}
}

func TestAddressesAreMessyAndFictional(t *testing.T) {
	e, _ := generate(t, 0.05)
	var capitals, spaces, empty int
	for _, l := range e.lines {
		email := l[0]
		switch {
		case email == "":
			empty++
		case strings.TrimSpace(email) != email:
			spaces++
		case strings.ToLower(email) != email:
			capitals++
		}
		if _, host, ok := strings.Cut(unit(email), "@"); ok &&
			host != "example.com" && host != "example.org" && host != "example.net" {
			t.Fatalf("address under %q", host)
		}
	}
	if capitals < 2_000 || spaces < 2_000 || empty == 0 {
		t.Errorf("of 50,000: %d with capitals, %d with spaces, %d empty", capitals, spaces, empty)
	}
}

// TestContractsCover checks every value against what the room's contracts
// declare, so that the files and the contracts cannot drift apart.
func TestContractsCover(t *testing.T) {
	e, o := generate(t, 0.02)
	exposures := contract(t, "exposures")
	orders := contract(t, "orders")
	for _, l := range e.lines {
		inList(t, exposures, l[1], l[2])
		inQuarter(t, l[3])
		within(t, l[4], 4, 1)
	}
	for _, l := range o.lines {
		inList(t, orders, l[1])
		inQuarter(t, l[2])
		within(t, l[3], 2, 10_000)
	}
	for _, c := range [][]byte{exposures, orders} {
		if !bytes.Contains(c, []byte("maxRowsPerUnit\n    value: "+strconv.Itoa(MaxRowsPerPerson)+"\n")) {
			t.Error("maxRowsPerUnit is not MaxRowsPerPerson")
		}
	}
}

func contract(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "demo", name+".contract.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inList wants each value to be an item of some list in the contract.
func inList(t *testing.T, contract []byte, values ...string) {
	t.Helper()
	for _, v := range values {
		found := false
		for _, form := range []string{"- " + v + "\n", "[" + v + ",", " " + v + ",", " " + v + "]"} {
			found = found || bytes.Contains(contract, []byte(form))
		}
		if !found {
			t.Fatalf("the contract does not declare %q", v)
		}
	}
}

func inQuarter(t *testing.T, day string) {
	t.Helper()
	if len(day) != 10 || day < "2026-01-01" || day > "2026-03-31" {
		t.Fatalf("day %q", day)
	}
}

// within wants a decimal text of exactly scale digits between 0 and most;
// empty is NULL.
func within(t *testing.T, text string, scale int, most float64) {
	t.Helper()
	if text == "" {
		return
	}
	v, err := strconv.ParseFloat(text, 64)
	_, frac, _ := strings.Cut(text, ".")
	if err != nil || v < 0 || v > most || len(frac) != scale {
		t.Fatalf("number %q", text)
	}
}

func TestScaleOutOfRange(t *testing.T) {
	for _, s := range []float64{0, -1, 0.0009, 1.01, math.NaN(), math.Inf(1)} {
		if err := Write(t.TempDir(), s); !errors.Is(err, ErrScale) {
			t.Errorf("scale %v: %v", s, err)
		}
	}
	if err := Write(t.TempDir(), 0.001); err != nil {
		t.Error(err)
	}
}

func TestMissingFolder(t *testing.T) {
	if err := Write(filepath.Join(t.TempDir(), "none"), 0.001); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestAppendFixed(t *testing.T) {
	for want, v := range map[string]uint64{"0.00": 0, "0.05": 5, "12.50": 1250, "10000.00": 1_000_000} {
		if got := string(appendFixed(nil, v, 2)); got != want {
			t.Errorf("%d: %q, want %q", v, got, want)
		}
	}
	if got := string(appendFixed([]byte("x"), 20, 4)); got != "x0.0020" {
		t.Errorf("%q", got)
	}
}
