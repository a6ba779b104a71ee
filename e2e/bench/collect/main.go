// Command collect reads the text of `go test -bench` on standard input and the
// files that e2e/bench/join wrote, and writes one JSON object: the figures that
// the project is judged by, then everything they were worked out from. With
// -svg it draws how the join's times grow with its size.
//
//	{
//	  "exp_speedup_vs_ecdh": 6.1,
//	  "align_1m_cpu_over_model": 1.13,
//	  …
//	  "cpu": "AMD EPYC", "goos": "linux", "goarch": "amd64",
//	  "figures": {
//	    "parley/crypto/curve": {
//	      "Exp/picked": {"ns/op": 1820000, "ns/point": 7109}
//	    }
//	  },
//	  "join": […]
//	}
//
// Benchmarks' figures are medians.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/e2e/bench/measured"
)

func main() {
	joins := flag.String("join", "", "files written by e2e/bench/join, separated by commas")
	svg := flag.String("svg", "", "where to draw the growth curves")
	flag.Parse()
	if err := run(*joins, *svg); err != nil {
		fmt.Fprintln(os.Stderr, "collect:", err)
		os.Exit(1)
	}
}

func run(joins, svg string) error {
	var sizes []measured.Size
	for _, name := range strings.FieldsFunc(joins, func(r rune) bool { return r == ',' }) {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var more []measured.Size
		if err := json.Unmarshal(b, &more); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		sizes = append(sizes, more...)
	}
	if err := collect(os.Stdin, sizes, os.Stdout); err != nil || svg == "" {
		return err
	}
	return os.WriteFile(svg, []byte(draw(sizes)), 0o644)
}

// report is the JSON that is written.
type report struct {
	summary
	CPU     string                                   `json:"cpu"`
	GOOS    string                                   `json:"goos"`
	GOARCH  string                                   `json:"goarch"`
	Figures map[string]map[string]map[string]float64 `json:"figures"` // package, benchmark, unit
	Join    []measured.Size                          `json:"join,omitempty"`
}

// samples holds every measured value until the medians are taken.
type samples map[string]map[string]map[string][]float64

func collect(in io.Reader, sizes []measured.Size, out io.Writer) error {
	r, all, pkg := report{Join: sizes}, samples{}, ""
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case key == "cpu":
			r.CPU = value
		case key == "goos":
			r.GOOS = value
		case key == "goarch":
			r.GOARCH = value
		case key == "pkg":
			pkg = value
		case strings.HasPrefix(line, "Benchmark"):
			if err := all.add(pkg, line); err != nil {
				return err
			}
		case strings.HasPrefix(line, "FAIL"):
			return errors.New("a benchmark failed: " + line)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("there is no benchmark in the input")
	}
	r.Figures = all.medians()
	r.summary = summarise(r.Figures, sizes)
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// procs is the number of processors that go test appends to a name.
var procs = regexp.MustCompile(`-[0-9]+$`)

// add reads one line: name, iterations, then pairs of value and unit.
func (s samples) add(pkg, line string) error {
	f := strings.Fields(line)
	if len(f) < 4 || len(f)%2 != 0 {
		return fmt.Errorf("not a benchmark's line: %q", line)
	}
	name := procs.ReplaceAllString(strings.TrimPrefix(f[0], "Benchmark"), "")
	if s[pkg] == nil {
		s[pkg] = map[string]map[string][]float64{}
	}
	if s[pkg][name] == nil {
		s[pkg][name] = map[string][]float64{}
	}
	for i := 2; i < len(f); i += 2 {
		v, err := strconv.ParseFloat(f[i], 64)
		if err != nil {
			return fmt.Errorf("not a benchmark's line: %q", line)
		}
		s[pkg][name][f[i+1]] = append(s[pkg][name][f[i+1]], v)
	}
	return nil
}

func (s samples) medians() map[string]map[string]map[string]float64 {
	out := map[string]map[string]map[string]float64{}
	for pkg, names := range s {
		out[pkg] = map[string]map[string]float64{}
		for name, units := range names {
			out[pkg][name] = map[string]float64{}
			for unit, values := range units {
				out[pkg][name][unit] = median(values)
			}
		}
	}
	return out
}

// median is the middle value, or the mean of the middle two.
func median(v []float64) float64 {
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
