package main

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"parley/e2e/bench/measured"
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
	if err := collect(strings.NewReader(text), nil, &out); err != nil {
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

// TestSummary works the judged figures out by hand from made-up measurements.
func TestSummary(t *testing.T) {
	nodes := func(cpu float64, peak, sent int64) []measured.Node {
		return []measured.Node{{CPUS: cpu, PeakMiB: peak, EnginePeakMiB: 50, SentBytes: sent}, {CPUS: cpu / 2, PeakMiB: peak / 2, SentBytes: sent}}
	}
	asked := func(how string, groups int, wall float64) measured.Asked {
		return measured.Asked{How: how, Groups: groups, WallS: wall}
	}
	sizes := []measured.Size{
		{Units: million, Align: measured.Asked{WallS: 40, Nodes: nodes(50, 200, 97*million)},
			Questions: []measured.Asked{asked(measured.First, 10, 2), asked(measured.Again, 10, 0.9), asked(measured.Again, 10, 0.5), asked(measured.Again, 10, 0.6),
				asked(measured.Other, 10, 0.7), asked(measured.Again, 1000, 1.5)},
			Cleartext: []measured.Cleartext{{Groups: 10, WallS: 0.2}}},
		{Units: 10 * million, Align: measured.Asked{Nodes: nodes(550, 900, 0)}},
	}
	figures := map[string]map[string]map[string]float64{
		"parley/crypto/curve": {"Exp/picked": {"ns/point": 7000}, "Exp/ecdh": {"ns/point": 42000}, "HashToCurve/picked": {"ns/point": 1400}},
	}
	got := summarise(figures, sizes)
	want := summary{ExpSpeedupVsECDH: 6, ExpNs: 7000, HashOverExp: 0.2, Align1mCPUS: 75, Align1mWallS: 40, Align1mCPUModel: 1.19, Align1mBytes: 97,
		Align1mPeakMiB: 250, Align10mPeakMiB: 950, Align10mCPUOver1m: 1.1, Query10First: 2, Query10Cached: 0.6, Query10Other: 0.7, Query1000Cached: 1.5,
		Cleartext10: 0.2, Query10OverClear: 3}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if svg := draw(sizes); strings.Count(svg, "<polyline") != len(curves) || xml.Unmarshal([]byte(svg), new(any)) != nil {
		t.Errorf("not the drawing that was expected:\n%s", svg)
	}
}

func TestCollectRefuses(t *testing.T) {
	for _, in := range []string{"", "PASS\n", "BenchmarkX-2 1 2\n", "BenchmarkX-2 1 fast ns/op\n", "BenchmarkX-2 1 2 ns/op\nFAIL\n"} {
		if err := collect(strings.NewReader(in), nil, &strings.Builder{}); err == nil {
			t.Errorf("%q was accepted", in)
		}
	}
}
