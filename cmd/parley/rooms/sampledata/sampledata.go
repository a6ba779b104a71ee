// Package sampledata writes the files of the rooms that show the twelve usual
// analyses: media, lending, health and reach. Nobody in them exists.
//
// As in demodata the bytes are a function of the size alone, and a seeded
// generator is right because nothing is secret. Unlike there the keys are
// clean: these rooms are about questions. What they are made to have: groups
// below the usual k of 50, people with many rows, a real effect to find, and
// never two exposures of one person on one day, so that "the last one before"
// has one answer.
package sampledata

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Sizes that Write takes: about as many rows in every file.
const (
	Least = 10_000
	Most  = 1_000_000
)

// ErrSize is returned for a number of rows outside Least to Most.
var ErrSize = errors.New("the generated rooms have a number of rows a side (--rows) between 10,000 and 1,000,000")

// Rooms lists the rooms that Write knows.
func Rooms() []string { return []string{"media", "lending", "health", "reach"} }

// Write makes the files of a room in dir, which must exist, with at least rows
// rows in each of the two sides' main files. Files of the same names are
// replaced.
func Write(room, dir string, rows int) error {
	if rows < Least || rows > Most {
		return ErrSize
	}
	switch room {
	case "media":
		return media(dir, rows)
	case "lending":
		return lending(dir, rows)
	case "health":
		return health(dir, rows)
	case "reach":
		return reach(dir, rows)
	}
	return fmt.Errorf("sampledata: there is no room %q", room)
}

// table is one CSV file being written. Its rows come in a random order.
type table struct {
	path   string
	header string
	lines  []string
	rand   *rand.Rand
}

func newTable(dir, name, header string, seed uint64) *table {
	return &table{path: filepath.Join(dir, name+".csv"), header: header, rand: rand.New(rand.NewPCG(0x70726f6f6d73, seed))}
}

func (t *table) add(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

func (t *table) write() (err error) {
	t.rand.Shuffle(len(t.lines), func(i, j int) { t.lines[i], t.lines[j] = t.lines[j], t.lines[i] })
	f, err := os.Create(t.path)
	if err != nil {
		return fmt.Errorf("sampledata: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, t.header)
	for _, l := range t.lines {
		fmt.Fprintln(w, l)
	}
	return w.Flush()
}

// trait is a number below n that is fixed for a person and a purpose.
func trait(person int, purpose uint64, n int) int {
	return rand.New(rand.NewPCG(uint64(person), 0x7472616974<<8|purpose)).IntN(n)
}

// day is the n-th day after the first of January 2026, as CSV has it.
func day(n int) string {
	return time.Date(2026, time.January, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// cents prints an amount of money.
func cents(n int) string {
	return strconv.Itoa(n/100) + "." + string('0'+byte(n/10%10)) + string('0'+byte(n%10))
}
