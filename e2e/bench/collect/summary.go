package main

import (
	"math"

	"parley/e2e/bench/measured"
)

// summary is what the project is judged by. README.md in the folder above says
// how each figure is measured. What was not measured is left out.
type summary struct {
	ExpSpeedupVsECDH  float64 `json:"exp_speedup_vs_ecdh,omitempty"`
	ExpNs             float64 `json:"exp_ns,omitempty"`
	HashOverExp       float64 `json:"hash_to_curve_over_exp,omitempty"`
	Align1mCPUModel   float64 `json:"align_1m_cpu_over_model,omitempty"`
	Align1mCPUS       float64 `json:"align_1m_cpu_s,omitempty"`
	Align1mWallS      float64 `json:"align_1m_wall_s,omitempty"`
	Align1mBytes      float64 `json:"align_1m_bytes_per_record,omitempty"`
	Align1mPeakMiB    int64   `json:"align_1m_peak_mib_per_node,omitempty"`
	Align10mPeakMiB   int64   `json:"align_10m_peak_mib_per_node,omitempty"`
	Align10mWallS     float64 `json:"align_10m_wall_s,omitempty"`
	Align10mCPUOver1m float64 `json:"align_10m_cpu_per_record_over_1m,omitempty"`
	Query10First      float64 `json:"query_1m_10_groups_first_s,omitempty"`
	Query10Cached     float64 `json:"query_1m_10_groups_cached_s,omitempty"`
	Query10Other      float64 `json:"query_1m_10_groups_other_measure_s,omitempty"`
	Query100First     float64 `json:"query_1m_100_groups_first_s,omitempty"`
	Query100Cached    float64 `json:"query_1m_100_groups_cached_s,omitempty"`
	Query1000First    float64 `json:"query_1m_1000_groups_first_s,omitempty"`
	Query1000Cached   float64 `json:"query_1m_1000_groups_cached_s,omitempty"`
	Cleartext10       float64 `json:"cleartext_1m_10_groups_s,omitempty"`
	Query10OverClear  float64 `json:"query_1m_10_groups_over_cleartext,omitempty"`
	GarbledCells      float64 `json:"garbled_cells_per_s,omitempty"`
}

const million = 1_000_000

// expPerRecord is how many exponentiations an alignment of n units a side,
// half of them shared, takes both nodes together, for each n: 2·(3 + 2 − ½).
const expPerRecord = 9

func summarise(figures map[string]map[string]map[string]float64, sizes []measured.Size) (s summary) {
	curve := func(name string) float64 { return figures["parley/crypto/curve"][name]["ns/point"] }
	s.ExpNs = curve("Exp/picked")
	s.ExpSpeedupVsECDH = ratio(curve("Exp/ecdh"), s.ExpNs)
	s.HashOverExp = ratio(curve("HashToCurve/picked"), s.ExpNs)
	s.GarbledCells = round(figures["parley/crypto/garble"]["Typical10000"]["cells/s"])
	one, ten := sized(sizes, million), sized(sizes, 10*million)
	if one != nil {
		s.Align1mCPUS = round(cpu(one.Align))
		s.Align1mWallS = round(one.Align.WallS)
		s.Align1mCPUModel = ratio(cpu(one.Align), expPerRecord*million*s.ExpNs*1e-9)
		s.Align1mBytes = ratio(float64(sent(one.Align)), 2*million)
		s.Align1mPeakMiB = peak(one.Align)
		s.Query10First, s.Query10Cached, s.Query10Other = wall(one, measured.First, 10), wall(one, measured.Again, 10), wall(one, measured.Other, 10)
		s.Query100First, s.Query100Cached = wall(one, measured.First, 100), wall(one, measured.Again, 100)
		s.Query1000First, s.Query1000Cached = wall(one, measured.First, 1000), wall(one, measured.Again, 1000)
		for _, c := range one.Cleartext {
			if c.Groups == 10 {
				s.Cleartext10 = round(c.WallS)
				s.Query10OverClear = ratio(s.Query10Cached, c.WallS)
			}
		}
	}
	if ten != nil {
		s.Align10mPeakMiB, s.Align10mWallS = peak(ten.Align), round(ten.Align.WallS)
		if one != nil {
			s.Align10mCPUOver1m = ratio(cpu(ten.Align)/10, cpu(one.Align))
		}
	}
	return s
}

func sized(sizes []measured.Size, units int) *measured.Size {
	for i := range sizes {
		if sizes[i].Units == units {
			return &sizes[i]
		}
	}
	return nil
}

// cpu adds up both nodes' CPU seconds.
func cpu(a measured.Asked) (s float64) {
	for _, n := range a.Nodes {
		s += n.CPUS
	}
	return s
}

func sent(a measured.Asked) (bytes int64) {
	for _, n := range a.Nodes {
		bytes += n.SentBytes
	}
	return bytes
}

// peak is the larger node's memory. Its own peak and its engine's need not
// have come at one time, so their sum is an upper bound.
func peak(a measured.Asked) (mib int64) {
	for _, n := range a.Nodes {
		mib = max(mib, n.PeakMiB+n.EnginePeakMiB)
	}
	return mib
}

// wall is the median of one kind of question, 0 if it was not asked.
func wall(s *measured.Size, how string, groups int) float64 {
	var v []float64
	for _, q := range s.Questions {
		if q.How == how && q.Groups == groups {
			v = append(v, q.WallS)
		}
	}
	if len(v) == 0 {
		return 0
	}
	return round(median(v))
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return round(a / b)
}

// round keeps four significant digits, more than any figure here is good for.
func round(x float64) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}
