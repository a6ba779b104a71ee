// Package rooms holds the built-in rehearsals: contracts, agreement text and
// questions as data, and where their rows come from.
package rooms

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"parley/cmd/parley/rooms/demodata"
	"parley/cmd/parley/rooms/sampledata"
	"parley/e2e/data"
)

//go:embed demo flights health lending media reach
var files embed.FS

// Names lists the built-in rooms.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	sort.Strings(out)
	return out
}

// Read returns the ROOM.yaml of a built-in room.
func Read(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, noRoom(name)
	}
	return files.ReadFile(name + "/room.yaml")
}

func noRoom(name string) error {
	return fmt.Errorf("there is no built-in room %q; there are %s", name, strings.Join(Names(), ", "))
}

// Unpack writes a built-in room into dir, with its data unless they are
// generated at a size of choice (see Generate), and returns the path of its
// ROOM.yaml. dataDir is where the full flights file may lie.
func Unpack(name, dir, dataDir string) (string, error) {
	sub, err := fs.Sub(files, name)
	if err == nil {
		_, err = fs.Stat(sub, "room.yaml")
	}
	if err != nil {
		return "", noRoom(name)
	}
	if err := os.CopyFS(dir, sub); err != nil {
		return "", err
	}
	switch name {
	case "demo":
		err = demodata.Write(dir, 1)
	case "flights":
		err = flights(dir, dataDir)
	}
	return filepath.Join(dir, "room.yaml"), err
}

// Generate writes the data of a room whose size can be chosen, with at least
// rows rows a side. It does nothing for the others.
func Generate(name, dir string, rows int) error {
	if !slices.Contains(sampledata.Rooms(), name) {
		return nil
	}
	return sampledata.Write(name, dir, rows)
}

// FullFlights is the name of the file that `make data` fetches.
const FullFlights = "flights-3m.parquet"

// flights lays out the full file if it was fetched, else the extract.
func flights(dir, dataDir string) error {
	if err := os.WriteFile(filepath.Join(dir, "airports.csv"), data.Airports, 0o600); err != nil {
		return err
	}
	target := filepath.Join(dir, "flights.parquet")
	full, err := filepath.Abs(filepath.Join(dataDir, FullFlights))
	if err != nil {
		return err
	}
	if _, err := os.Stat(full); errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(target, data.Flights, 0o600)
	}
	b, err := os.ReadFile(full)
	if err != nil {
		return err
	}
	return os.WriteFile(target, b, 0o600)
}
