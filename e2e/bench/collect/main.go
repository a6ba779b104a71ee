// Command collect reads the text of `go test -bench` on standard input and
// writes the median of every figure as JSON, by package and benchmark:
//
//	{
//	  "cpu": "AMD EPYC 9R14", "goos": "linux", "goarch": "amd64",
//	  "figures": {
//	    "parley/crypto/curve": {
//	      "Exp/picked": {"ns/op": 1820000, "ns/point": 7109}
//	    }
//	  }
//	}
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := collect(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "collect:", err)
		os.Exit(1)
	}
}

// report is the JSON that is written.
type report struct {
	CPU     string                                   `json:"cpu"`
	GOOS    string                                   `json:"goos"`
	GOARCH  string                                   `json:"goarch"`
	Figures map[string]map[string]map[string]float64 `json:"figures"` // package, benchmark, unit
}

// samples holds every measured value until the medians are taken.
type samples map[string]map[string]map[string][]float64

func collect(in io.Reader, out io.Writer) error {
	r, all, pkg := report{}, samples{}, ""
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
