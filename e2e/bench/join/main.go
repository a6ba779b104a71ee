// Command join measures whole runs of the encrypted join: two real nodes in
// processes of their own on this machine, generated files, questions asked
// over the nodes' own API. It prints what it measures as it goes and writes
// JSON for e2e/bench/collect.
//
//	go run ./e2e/bench/join -parley ./parley -sizes 100000,1000000 -out join.json
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"parley/e2e/bench/measured"
)

func main() {
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, "join:", err)
		os.Exit(1)
	}
}

func measure() error {
	parley := flag.String("parley", "./parley", "the program to measure")
	list := flag.String("sizes", "10000,100000,1000000", "distinct units a side, separated by commas")
	out := flag.String("out", "join.json", "where to write the figures")
	keep := flag.String("dir", "", "folder to work in, left in place (default: a temporary one)")
	flag.Parse()
	binary, err := filepath.Abs(*parley)
	if err != nil {
		return err
	}
	var sizes []measured.Size
	for _, text := range strings.Split(*list, ",") {
		units, err := strconv.Atoi(text)
		if err != nil || units < 2000 {
			return fmt.Errorf("-sizes: %q is not a number of units of at least 2000", text)
		}
		s, err := measureSize(binary, *keep, units)
		if err != nil {
			return fmt.Errorf("%d units: %w", units, err)
		}
		sizes = append(sizes, *s)
	}
	b, err := json.MarshalIndent(sizes, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*out, append(b, '\n'), 0o644)
}

// measureSize measures one size from the generated files on.
func measureSize(binary, keep string, units int) (s *measured.Size, err error) {
	dir := filepath.Join(keep, strconv.Itoa(units))
	if keep == "" {
		if dir, err = os.MkdirTemp("", "parley-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	fmt.Printf("\n%d distinct units a side, half of them shared\n", units)
	d, err := makeData(dir, units)
	if err != nil {
		return nil, err
	}
	defer d.db.Close()
	pair, err := openPair(binary, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pair.close()) }()
	s = &measured.Size{Units: units, PrepareS: pair.prepareS}
	plans := questions(units)
	for i, q := range plans {
		asked, answer, err := pair.ask(q)
		if err != nil {
			return nil, fmt.Errorf("%s, %d groups: %w", q.how, q.groups, err)
		}
		show(asked)
		if i == 0 {
			s.Align = *asked
		} else {
			s.Questions = append(s.Questions, *asked)
		}
		if err := d.check(q, answer); err != nil {
			return nil, fmt.Errorf("%s, %d groups: %w", q.how, q.groups, err)
		}
	}
	for _, q := range slices.CompactFunc(plans[1:], func(a, b question) bool { return a.groups == b.groups }) {
		c, err := d.cleartext(q)
		if err != nil {
			return nil, err
		}
		fmt.Printf("  %-44s %8.3f s\n", fmt.Sprintf("%d groups, in clear", c.Groups), c.WallS)
		s.Cleartext = append(s.Cleartext, *c)
	}
	return s, nil
}

func show(a *measured.Asked) {
	fmt.Printf("  %-44s %8.3f s", fmt.Sprintf("%d groups, %s", a.Groups, a.How), a.WallS)
	for _, n := range a.Nodes {
		fmt.Printf("   %s: %.2f s CPU, %d+%d MiB, sent %.2f MB", n.Member, n.CPUS, n.PeakMiB, n.EnginePeakMiB, float64(n.SentBytes)/1e6)
	}
	fmt.Println()
	for _, s := range a.Stages {
		fmt.Printf("      %-40s %8.3f s  %10.2f MB  %s\n", s.Name, s.WallS, float64(s.Bytes)/1e6, s.Note)
	}
}
