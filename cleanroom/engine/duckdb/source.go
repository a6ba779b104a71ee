package duckdb

import (
	"errors"
	"fmt"
	"strings"
)

// source is the owner's file as a table expression, with its columns' types
// as DuckDB names them (upper case), by lower-case name.
type source struct {
	from  string
	types map[string]string
}

// openSource makes the inherited file readable as a table. CSV values are
// read as text, and so are those of JSON, so that the contract's types decide
// what they are and not a guess from the first rows.
func (d *db) openSource(in importRequest) (source, error) {
	var s source
	var err error
	file := text(inheritedFile)
	packed := "uncompressed"
	if in.Compression != "none" {
		packed = in.Compression
	}
	switch in.Format {
	case "csv":
		s, err = csvSource(in)
	case "parquet":
		s.from = fmt.Sprintf("read_parquet(%s, hive_partitioning = false)", file)
		s.types, err = d.describe(s.from)
	case "json":
		s.from = fmt.Sprintf("read_json(%s, compression = '%s')", file, packed)
		if s.types, err = d.describe(s.from); err == nil {
			s.from = fmt.Sprintf("read_json(%s, compression = '%s', columns = %s)", file, packed, s.allText(in))
		}
	case "duckdb":
		s.from = "src.main." + ident(in.Table)
		s.types, err = d.attachSource(in)
	default:
		err = failure{Code: codeInternal}
	}
	if err != nil {
		return s, sourceFailure(err)
	}
	return s, s.check(in)
}

// attachSource attaches an owner's DuckDB file. Its table must be a table: a
// view could read any other file of the machine.
func (d *db) attachSource(in importRequest) (map[string]string, error) {
	if err := d.exec(fmt.Sprintf("ATTACH %s AS src (READ_ONLY)", text(inheritedFile))); err != nil {
		return nil, failure{Code: codeFile}
	}
	n, err := d.oneInt("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'src' AND schema_name = 'main' AND lower(table_name) = lower(" +
		text(in.Table) + ")")
	if err != nil {
		return nil, err
	}
	if n != 1 {
		return nil, failure{Code: codeTable}
	}
	return d.describe("src.main." + ident(in.Table))
}

func sourceFailure(err error) error {
	var f failure
	if errors.As(err, &f) && (f.Code == codePlan || f.Code == codeInternal || f.Code == codeValue) {
		return failure{Code: codeFile}
	}
	return err
}

func (d *db) describe(from string) (map[string]string, error) {
	r, err := d.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " + from + ")")
	if err != nil {
		return nil, err
	}
	defer r.close()
	types := map[string]string{}
	err = r.chunks(func(cols []column, rows int) error {
		for i := range rows {
			types[strings.ToLower(string(cols[0].bytes(i)))] = string(cols[1].bytes(i))
		}
		return nil
	})
	return types, err
}

// wanted lists the source columns an import reads, each once, the key first.
func (in importRequest) wanted() []string {
	names := []string{in.Rules.Unit.Column}
	for _, c := range in.Rules.Columns {
		if !strings.EqualFold(c.Name, in.Rules.Unit.Column) {
			names = append(names, c.Name)
		}
	}
	return names
}

func (s *source) check(in importRequest) error {
	for _, name := range in.wanted() {
		if _, ok := s.types[strings.ToLower(name)]; !ok {
			return failure{Code: codeColumn, Column: name}
		}
	}
	switch t := s.types[strings.ToLower(in.Rules.Unit.Column)]; {
	case t == "BLOB", t == "FLOAT", t == "DOUBLE", t == "BOOLEAN",
		strings.ContainsAny(t, "[(") && !strings.HasPrefix(t, "ENUM"):
		return failure{Code: codeKeyType, Column: in.Rules.Unit.Column}
	}
	return nil
}

// allText is the columns argument that makes read_json return text.
func (s *source) allText(in importRequest) string {
	var cols []string
	for _, name := range in.wanted() {
		if _, ok := s.types[strings.ToLower(name)]; ok {
			s.types[strings.ToLower(name)] = "VARCHAR"
			cols = append(cols, text(name)+": 'VARCHAR'")
		}
	}
	return "{" + strings.Join(cols, ", ") + "}"
}
