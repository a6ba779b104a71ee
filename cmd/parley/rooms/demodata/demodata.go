// Package demodata writes the two files of the built-in room "demo": an
// agency's exposures.csv and a client's orders.csv. Nobody in them exists and
// every address is under a domain reserved for examples (RFC 2606), but they
// have what makes real files hard: addresses typed in five ways, rows without
// one, a few people with very many rows, and a campaign too small to report.
//
// The bytes are a function of the scale alone, on every machine: fixed seeds
// and integers throughout. A seeded generator from math/rand/v2 is right here
// because nothing is secret; keys and masks never come from it.
//
// At scale 1:
//
//	exposures.csv  email,campaign,channel,day,cost   1,000,000 rows  200,000 people
//	orders.csv     email,category,day,amount           300,000 rows  120,000 people
//
//	people  0 ─────────── agency ─────────── 200,000
//	                          145,000 ─────── client ─────── 265,000
//	                          └─── 55,000 shared ──┘
package demodata

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// MaxRowsPerPerson is the most rows one person has in either file.
const MaxRowsPerPerson = 200

// ErrScale is returned for a scale outside [0.001, 1].
var ErrScale = errors.New("demodata: the scale must lie between 0.001 and 1")

// Write makes exposures.csv and orders.csv in dir, which must exist; files of
// those names are replaced. scale, 0.001 to 1, multiplies rows and people. A
// failed write leaves a partial file behind.
func Write(dir string, scale float64) error {
	s, err := sizesAt(scale)
	if err != nil {
		return err
	}
	p := newPopulation(s)
	if err := writeFile(filepath.Join(dir, "exposures.csv"), func(w *bufio.Writer) error {
		return p.writeExposures(w)
	}); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "orders.csv"), func(w *bufio.Writer) error {
		return p.writeOrders(w)
	})
}

// sizes are the counts of both files at one scale. Rows include those whose
// address is empty or malformed; people do not.
type sizes struct {
	agency, client, shared int // people
	exposures, orders      int // rows
	pilot, pilotShared     int // people of the smallest campaign
}

func sizesAt(scale float64) (sizes, error) {
	if !(scale >= 0.001 && scale <= 1) { // also refuses NaN
		return sizes{}, ErrScale
	}
	at := func(full float64) int { return int(math.Round(full * scale)) }
	s := sizes{
		agency: at(200_000), client: at(120_000), shared: at(55_000),
		exposures: at(1_000_000), orders: at(300_000),
	}
	// Not scaled while it fits: below the usual k of 50 at every scale.
	s.pilotShared = min(31, s.shared/4)
	s.pilot = min(120, s.agency/4)
	return s, nil
}

// newRand returns the generator of one part of the data.
func newRand(part uint64) *rand.Rand { return rand.New(rand.NewPCG(0x7061726c6579, part)) }

func writeFile(path string, fill func(*bufio.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("demodata: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err = fill(w); err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("demodata: %w", err)
	}
	return nil
}
