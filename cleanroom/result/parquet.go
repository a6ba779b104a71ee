package result

import (
	"fmt"
	"io"
	"math/big"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"parley/agreements"
	"parley/analysis/release"
)

// parquet writes a Parquet file of one row group, not compressed: answers are
// small, and every reader reads it. It uses the library's column writers,
// because its bridge from Arrow would bring in a gRPC server.
func (a *Answer) parquet(w io.Writer) error {
	t := a.Table.Widened()
	fields := make(schema.FieldList, len(t.Columns))
	for i := range t.Columns {
		var err error
		if fields[i], err = parquetField(t, i); err != nil {
			return fmt.Errorf("write parquet: column %q: %w", t.Columns[i].Name, err)
		}
	}
	root, err := schema.NewGroupNode("answer", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	keys, values, err := a.metadata()
	if err != nil {
		return err
	}
	meta := metadata.NewKeyValueMetadata()
	for i := range keys {
		if err := meta.Append(keys[i], values[i]); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	props := parquet.NewWriterProperties(parquet.WithCreatedBy("parley"), parquet.WithDictionaryDefault(false))
	f := file.NewParquetWriter(keepOpen{w}, root, file.WithWriterProps(props), file.WithWriteMetadata(meta))
	rows := f.AppendRowGroup()
	for i, c := range t.Columns {
		if err := parquetColumn(rows, t, i); err != nil {
			return fmt.Errorf("write parquet: column %q: %w", c.Name, err)
		}
	}
	if err := rows.Close(); err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	return f.Close()
}

// keepOpen hides that a file can be closed: whoever opened it closes it.
type keepOpen struct{ io.Writer }

// decimalBytes holds every integer of 38 digits.
const decimalBytes = 16

func parquetField(t *release.Table, column int) (schema.Node, error) {
	c, optional := t.Columns[column], parquet.Repetitions.Optional
	decimal := func(scale int) (schema.Node, error) {
		return schema.NewPrimitiveNodeLogical(c.Name, optional, schema.NewDecimalLogicalType(digits, int32(scale)),
			parquet.Types.FixedLenByteArray, decimalBytes, -1)
	}
	switch c.Type {
	case agreements.Integer:
		if wide(t, column) {
			return decimal(0)
		}
		return schema.NewInt64Node(c.Name, optional, -1), nil
	case agreements.Decimal:
		return decimal(c.Scale)
	case release.Double:
		return schema.NewFloat64Node(c.Name, optional, -1), nil
	case agreements.Date:
		return schema.NewPrimitiveNodeLogical(c.Name, optional, schema.DateLogicalType{}, parquet.Types.Int32, -1, -1)
	case agreements.Boolean:
		return schema.NewBooleanNode(c.Name, optional, -1), nil
	}
	return schema.NewPrimitiveNodeLogical(c.Name, optional, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1)
}

func parquetColumn(rows file.SerialRowGroupWriter, t *release.Table, column int) error {
	next, err := rows.NextColumn()
	if err != nil {
		return err
	}
	switch w := next.(type) {
	case *file.Int64ColumnChunkWriter:
		err = fill(t, column, w.WriteBatch, func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
	case *file.Float64ColumnChunkWriter:
		err = fill(t, column, w.WriteBatch, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	case *file.BooleanColumnChunkWriter:
		err = fill(t, column, w.WriteBatch, strconv.ParseBool)
	case *file.Int32ColumnChunkWriter:
		err = fill(t, column, w.WriteBatch, dayNumber)
	case *file.ByteArrayColumnChunkWriter:
		err = fill(t, column, w.WriteBatch, func(s string) (parquet.ByteArray, error) { return parquet.ByteArray(s), nil })
	case *file.FixedLenByteArrayColumnChunkWriter:
		scale := 0
		if t.Columns[column].Type == agreements.Decimal {
			scale = t.Columns[column].Scale
		}
		err = fill(t, column, w.WriteBatch, func(s string) (parquet.FixedLenByteArray, error) { return twosComplement(s, scale) })
	default:
		err = fmt.Errorf("no place for a %s", next.Type())
	}
	if err != nil {
		return err
	}
	return next.Close()
}

// fill writes one column: the values that are there, and for each row whether
// it has one.
func fill[T any](t *release.Table, column int, write func([]T, []int16, []int16) (int64, error), parse func(string) (T, error)) error {
	values, there := make([]T, 0, len(t.Rows)), make([]int16, len(t.Rows))
	for i, r := range t.Rows {
		if r[column].Null {
			continue
		}
		v, err := parse(r[column].Text)
		if err != nil {
			return err
		}
		values, there[i] = append(values, v), 1
	}
	if len(there) == 0 {
		return nil
	}
	_, err := write(values, there, nil)
	return err
}

func dayNumber(s string) (int32, error) {
	d, err := time.Parse(time.DateOnly, s)
	return int32(arrow.Date32FromTime(d)), err
}

// twosComplement is a decimal as Parquet stores it: big-endian, of fixed size.
func twosComplement(s string, scale int) (parquet.FixedLenByteArray, error) {
	n, err := unscaled(s, scale)
	if err != nil {
		return nil, err
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), 8*decimalBytes))
	}
	return n.FillBytes(make([]byte, decimalBytes)), nil
}
