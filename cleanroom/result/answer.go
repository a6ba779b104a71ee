package result

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parley/analysis/release"
	"parley/cleanroom/audit"
)

// Answer is a released answer with what its receipt says of it.
type Answer struct {
	Table   *release.Table
	Receipt audit.Receipt
	// ReceiptHash is the SHA-256 of the receipt's payload, in hex.
	ReceiptHash string
	// Title is the agreement's.
	Title string
}

// Open verifies a receipt bundle and returns its answer.
func Open(bundle []byte) (*Answer, error) {
	v, err := audit.VerifyBundle(bundle)
	if err != nil {
		return nil, err
	}
	payload, err := audit.NewReceipt(v.Receipt) // the canonical bytes that were signed
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(payload)
	a := &Answer{Table: &release.Table{}, Receipt: v.Receipt, ReceiptHash: hex.EncodeToString(sum[:]), Title: v.Agreement.Title}
	if err := json.Unmarshal(v.Result, a.Table); err != nil {
		return nil, fmt.Errorf("the answer in the receipt cannot be read: %w", err)
	}
	for _, r := range a.Table.Rows {
		if len(r) != len(a.Table.Columns) {
			return nil, release.ErrShape
		}
	}
	return a, nil
}

// Formats that Write knows.
var formats = []string{"table", "csv", "json", "arrow", "parquet"}

// Formats lists the names that Write knows.
func Formats() []string { return slices.Clone(formats) }

// Known reports whether Write knows a format.
func Known(format string) bool { return slices.Contains(formats, format) }

// Binary reports a format that nobody wants on a terminal.
func Binary(format string) bool { return format == "arrow" || format == "parquet" }

// Write writes the answer in a format that Known knows.
func (a *Answer) Write(w io.Writer, format string) error {
	switch format {
	case "table":
		return a.text(w)
	case "csv":
		return a.Table.CSV(w)
	case "json":
		return a.json(w)
	case "arrow":
		return a.arrow(w)
	case "parquet":
		return a.parquet(w)
	}
	return fmt.Errorf("the format %q is not known; use %s", format, strings.Join(formats, ", "))
}

// About says in words what the answer rests on, beside its Notes.
func (a *Answer) About() []string {
	r := a.Receipt
	out := []string{fmt.Sprintf("Run %s of %s under %q (agreement %s).", r.Run, r.Finished.UTC().Format(time.RFC3339), a.Title, short(r.Agreement))}
	for _, d := range r.Datasets {
		out = append(out, fmt.Sprintf("Dataset %s of %s, version %s.", d.Name, d.Owner, short(d.Version)))
	}
	return append(out, "Receipt "+a.ReceiptHash+".")
}

func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}

func (a *Answer) text(w io.Writer) error {
	if err := a.Table.Text(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Join(a.About(), "\n")+"\n")
	return err
}
