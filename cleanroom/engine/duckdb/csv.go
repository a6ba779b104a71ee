package duckdb

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxHeader bounds a CSV file's header line, in bytes.
const maxHeader = 1 << 20

// csvSource reads the header itself and gives DuckDB the dialect: RFC 4180
// with the separator (comma, semicolon, tab or bar) that the header uses.
// DuckDB's own detection guesses from sampled rows and may skip torn lines.
func csvSource(in importRequest) (source, error) {
	names, comma, err := csvHeader(in)
	if err != nil {
		return source{}, failure{Code: codeCSV}
	}
	s := source{types: map[string]string{}}
	var cols []string
	for _, name := range names {
		lower := strings.ToLower(name)
		if _, ok := s.types[lower]; ok || name == "" {
			return source{}, failure{Code: codeCSV}
		}
		s.types[lower] = "VARCHAR"
		cols = append(cols, text(name)+": 'VARCHAR'")
	}
	s.from = fmt.Sprintf(`read_csv(%s, auto_detect = false, header = true, columns = {%s}, delim = %s,
		quote = '"', escape = '"', nullstr = '', strict_mode = true, null_padding = false, compression = '%s')`,
		text(inheritedFile), strings.Join(cols, ", "), text(string(comma)), in.Compression)
	return s, nil
}

func csvHeader(in importRequest) ([]string, rune, error) {
	f, err := os.Open(inheritedFile)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	var r io.Reader = f
	if in.Compression == "gzip" {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, 0, err
		}
	}
	head, err := bufio.NewReaderSize(r, maxHeader).Peek(maxHeader)
	if err != nil && err != io.EOF {
		return nil, 0, err
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	comma := separator(head)
	c := csv.NewReader(bytes.NewReader(head))
	c.Comma = comma
	names, err := c.Read()
	return names, comma, err
}

// separator is the candidate that stands most often outside quotes in the
// first line; a file of one column has none, and any will do.
func separator(head []byte) rune {
	counts, quoted := map[rune]int{}, false
	for _, b := range head {
		if b == '"' {
			quoted = !quoted
		}
		if b == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[rune(b)]++
		}
	}
	best := ','
	for _, c := range ";\t|" {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}
