package random

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/agreements"
)

// write puts t's file into dir, as its owner would have it.
func (t *table) write(tb testing.TB, db *sql.DB, dir string) {
	tb.Helper()
	path := filepath.Join(dir, t.file())
	var err error
	switch t.format {
	case "csv":
		err = os.WriteFile(path, t.csv(tb), 0o600)
	case "json":
		err = os.WriteFile(path, t.json(tb), 0o600)
	case "parquet":
		text := filepath.Join(dir, t.name+".txt")
		if err = os.WriteFile(text, t.csv(tb), 0o600); err == nil {
			_, err = db.ExecContext(tb.Context(), t.parquet(text, path))
		}
	}
	if err != nil {
		tb.Fatalf("write %s: %v", t.file(), err)
	}
}

func (t *table) file() string { return t.name + "." + t.format }

func (t *table) header() []string {
	h := []string{t.unit}
	for _, c := range t.columns {
		h = append(h, c.name)
	}
	return h
}

func (t *table) csv(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	lines := [][]string{t.header()}
	for _, row := range t.rows {
		var line []string
		for _, v := range row {
			if v == nil {
				v = new(string)
			}
			line = append(line, *v)
		}
		lines = append(lines, line)
	}
	if err := w.WriteAll(lines); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func (t *table) json(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	for _, row := range t.rows {
		object := map[string]any{}
		for i, name := range t.header() {
			if row[i] == nil {
				object[name] = nil
				continue
			}
			object[name] = jsonValue(t, i-1, *row[i])
		}
		line, err := json.Marshal(object)
		if err != nil {
			tb.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.Bytes()
}

func jsonValue(t *table, column int, v string) any {
	if column < 0 {
		return v
	}
	switch t.columns[column].typ {
	case agreements.Integer, agreements.Decimal:
		return json.Number(v)
	case agreements.Boolean:
		return v == "true"
	}
	return v
}

// parquet is the statement that turns the CSV file text into a typed file.
// Decimals have more digits than are kept, dates a time of day.
func (t *table) parquet(text, path string) string {
	cols := []string{fmt.Sprintf("TRY_CAST(%s AS %s) AS %[1]s", ident(t.unit), t.keyType)}
	for _, c := range t.columns {
		typ := map[agreements.Type]string{agreements.Text: "VARCHAR", agreements.Integer: "BIGINT",
			agreements.Boolean: "BOOLEAN", agreements.Date: "TIMESTAMP", agreements.Decimal: fmt.Sprintf("DECIMAL(18, %d)", c.scale+3)}[c.typ]
		e := fmt.Sprintf("CAST(%s AS %s)", ident(c.name), typ)
		if c.typ == agreements.Date {
			e += " + INTERVAL 23 HOUR"
		}
		cols = append(cols, e+" AS "+ident(c.name))
	}
	return fmt.Sprintf("COPY (SELECT %s FROM %s) TO %s (FORMAT parquet)", strings.Join(cols, ", "), reader("csv", text), literal(path))
}

// reader is the table function that reads a file, with text wherever the
// format has no types.
func reader(format, path string) string {
	switch format {
	case "csv":
		return "read_csv(" + literal(path) + ", all_varchar = true, header = true, delim = ',', quote = '\"')"
	case "json":
		return "read_json(" + literal(path) + ", format = 'newline_delimited', sample_size = -1)"
	}
	return "read_parquet(" + literal(path) + ")"
}

func ident(s string) string   { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

type object = map[string]any

func property(name string, value any) object { return object{"property": name, "value": value} }

// contract is the table's data contract. JSON is YAML.
func (t *table) contract(tb testing.TB) string {
	tb.Helper()
	key := []object{property("roomRole", "joinKey"), property("normalisation", t.norm)}
	if t.region != "" {
		key = append(key, property("region", t.region))
	}
	columns := []object{{"name": t.unit, "logicalType": "string", "customProperties": key}}
	for _, c := range t.columns {
		columns = append(columns, c.contract())
	}
	terms := []object{property("minSetSize", t.minSet), property("maxRowsPerUnit", t.maxRows),
		property("publicData", t.public), property("adHoc", true)}
	if t.functions != nil {
		terms = append(terms, property("functions", t.functions))
	}
	if t.receivers != nil {
		terms = append(terms, property("receivers", t.receivers))
	}
	if t.k > 0 {
		terms = append(terms, property("minGroupSize", t.k))
	}
	doc, err := json.MarshalIndent(object{
		"apiVersion": "v3.1.0", "kind": "DataContract", "id": "random-" + t.name, "name": t.name, "version": "1.0.0", "status": "active",
		"servers":          []object{{"server": "files", "type": "local", "path": t.file(), "format": t.format}},
		"schema":           []object{{"name": t.name, "logicalType": "object", "physicalType": "file", "properties": columns}},
		"customProperties": terms,
	}, "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return string(doc)
}

func (c *column) contract() object {
	o := object{"name": c.name, "required": !c.nullable}
	o["logicalType"] = map[agreements.Type]string{agreements.Text: "string", agreements.Integer: "integer",
		agreements.Decimal: "number", agreements.Date: "date", agreements.Boolean: "boolean"}[c.typ]
	terms := []object{property("roomRole", c.uses)}
	if c.typ == agreements.Decimal {
		terms = append(terms, property("scale", c.scale))
	}
	if c.domain != nil {
		terms = append(terms, property("domain", c.domain))
	}
	if c.tests != nil {
		terms = append(terms, property("operators", c.tests))
	}
	if c.days != nil {
		o["logicalTypeOptions"] = object{"minimum": c.days[0], "maximum": c.days[1]}
	}
	o["customProperties"] = terms
	if c.pool == nil {
		o["logicalTypeOptions"] = object{"minimum": json.Number(unscaled(c.min, c.scale)), "maximum": json.Number(unscaled(c.max, c.scale))}
	}
	return o
}
