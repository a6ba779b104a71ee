package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const text = `goos: linux
goarch: amd64
pkg: parley/crypto/curve
cpu: Some CPU @ 2.50GHz
BenchmarkExp/picked-2   38   8000 ns/op   31 ns/point
BenchmarkExp/picked-2   38   9000 ns/op   35 ns/point
BenchmarkExp/picked-2   38   1000 ns/op   32 ns/point
PASS
ok  	parley/crypto/curve	1.804s
pkg: parley/crypto/garble
BenchmarkHash-16   10   138.5 ns/op
BenchmarkHash-16   10   139.5 ns/op
`

func TestCollect(t *testing.T) {
	var out strings.Builder
	if err := collect(strings.NewReader(text), &out); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		t.Fatal(err)
	}
	curve := r.Figures["parley/crypto/curve"]["Exp/picked"]
	if r.CPU != "Some CPU @ 2.50GHz" || curve["ns/op"] != 8000 || curve["ns/point"] != 32 {
		t.Errorf("got %s", out.String())
	}
	if got := r.Figures["parley/crypto/garble"]["Hash"]["ns/op"]; got != 139 {
		t.Errorf("the median of two is %v, want 139", got)
	}
}

func TestCollectRefuses(t *testing.T) {
	for _, in := range []string{"", "PASS\n", "BenchmarkX-2 1 2\n", "BenchmarkX-2 1 fast ns/op\n", "BenchmarkX-2 1 2 ns/op\nFAIL\n"} {
		if err := collect(strings.NewReader(in), &strings.Builder{}); err == nil {
			t.Errorf("%q was accepted", in)
		}
	}
}
