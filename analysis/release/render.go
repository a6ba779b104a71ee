package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/gowebpki/jcs"

	"parley/agreements"
	"parley/internal/weak"
)

// Canonical is the table's canonical JSON (RFC 8785).
func (t *Table) Canonical() ([]byte, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, fmt.Errorf("canonical answer: %w", err)
	}
	return out, nil
}

// Hash is the SHA-256 of Canonical; the receipt carries it.
func (t *Table) Hash() ([32]byte, error) {
	raw, err := t.Canonical()
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(raw), nil
}

// Document is the table for programs: rows as objects, numbers as numbers with
// all their digits.
type Document struct {
	Columns []Column          `json:"columns"`
	Rows    []json.RawMessage `json:"rows"`
	// PlusMinus has the half-widths of the intervals by row and column, null
	// where there is none; it is left out of an exact answer.
	PlusMinus    [][]*json.Number `json:"plusMinus,omitempty"`
	MinGroupSize int              `json:"minGroupSize"`
	PublicData   bool             `json:"publicData"`
	Withheld     Withheld         `json:"withheld"`
	Noise        string           `json:"noise,omitempty"`
	Unchecked    []string         `json:"unchecked,omitempty"` // see Table
	Notes        []string         `json:"notes"`
}

// Document makes the form that encoding/json writes.
func (t *Table) Document() (*Document, error) {
	d := &Document{Columns: t.Columns, Rows: make([]json.RawMessage, 0, len(t.Rows)), MinGroupSize: t.MinGroupSize,
		PublicData: t.PublicData, Withheld: t.Withheld, PlusMinus: t.plusMinus(), Noise: t.Noise, Unchecked: t.Unchecked, Notes: t.Notes()}
	for _, r := range t.Rows {
		row, err := t.jsonRow(r)
		if err != nil {
			return nil, fmt.Errorf("encode the answer: %w", err)
		}
		d.Rows = append(d.Rows, row)
	}
	return d, nil
}

func (t *Table) jsonRow(r []Value) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(t.Columns[i].Name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		text, err := t.jsonValue(i, v)
		if err != nil {
			return nil, err
		}
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// JSON writes the document.
func (t *Table) JSON(w io.Writer) error {
	d, err := t.Document()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

func (t *Table) jsonValue(column int, v Value) ([]byte, error) {
	typ := t.Columns[column].Type
	if !v.Null && (numeric(typ) || typ == agreements.Boolean) && json.Valid([]byte(v.Text)) {
		return []byte(v.Text), nil
	}
	return v.MarshalJSON()
}

// CSV writes the table as RFC 4180 with a header. NULL is an empty field.
// It is Widened.
// Text that a spreadsheet would take for a formula gets a leading apostrophe.
func (t *Table) CSV(w io.Writer) error {
	t = t.Widened()
	out := csv.NewWriter(w)
	header := make([]string, 0, len(t.Columns))
	for _, c := range t.Columns {
		header = append(header, notAFormula(c.Name))
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for _, r := range t.Rows {
		line := make([]string, 0, len(r))
		for i, v := range r {
			text := v.Text
			if !numeric(t.Columns[i].Type) || !json.Valid([]byte(text)) {
				text = notAFormula(text)
			}
			line = append(line, text)
		}
		if err := out.Write(line); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// notAFormula defuses CSV injection (R63): spreadsheets run cells that begin
// with = + - @ (also their full-width forms), a tab or a carriage return.
func notAFormula(s string) string {
	first, _ := firstRune(strings.TrimLeft(s, " \u00a0"))
	if !weak.Off("R63") && strings.ContainsRune("=+-@\t\r\n|％＝＋－＠", first) && first != 0 {
		return "'" + s
	}
	return s
}

func firstRune(s string) (rune, bool) {
	for _, r := range s {
		return r, true
	}
	return 0, false
}
