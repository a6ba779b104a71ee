package result

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"parley/agreements"
	"parley/analysis/release"
)

// arrow writes an Arrow IPC file (the format with a footer, also known as
// Feather version 2) of one record batch.
func (a *Answer) arrow(w io.Writer) error {
	record, err := a.record()
	if err != nil {
		return err
	}
	defer record.Release()
	f, err := ipc.NewFileWriter(w, ipc.WithSchema(record.Schema()))
	if err != nil {
		return fmt.Errorf("write arrow: %w", err)
	}
	if err := f.Write(record); err != nil {
		return fmt.Errorf("write arrow: %w", err)
	}
	return f.Close()
}

// record is the whole answer as one batch.
func (a *Answer) record() (arrow.RecordBatch, error) {
	keys, values, err := a.metadata()
	if err != nil {
		return nil, err
	}
	t := a.Table.Widened()
	fields := make([]arrow.Field, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(t, i), Nullable: true}
	}
	meta := arrow.NewMetadata(keys, values)
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, &meta))
	defer b.Release()
	for _, r := range t.Rows {
		for i, v := range r {
			if err := appendValue(b.Field(i), v); err != nil {
				return nil, fmt.Errorf("column %q: %w", t.Columns[i].Name, err)
			}
		}
	}
	return b.NewRecordBatch(), nil
}

func arrowType(t *release.Table, column int) arrow.DataType {
	switch c := t.Columns[column]; c.Type {
	case agreements.Integer:
		if wide(t, column) {
			return &arrow.Decimal128Type{Precision: digits}
		}
		return arrow.PrimitiveTypes.Int64
	case agreements.Decimal:
		return &arrow.Decimal128Type{Precision: digits, Scale: int32(c.Scale)}
	case release.Double:
		return arrow.PrimitiveTypes.Float64
	case agreements.Date:
		return arrow.FixedWidthTypes.Date32
	case agreements.Boolean:
		return arrow.FixedWidthTypes.Boolean
	}
	return arrow.BinaryTypes.String
}

// appendValue appends a value that the node wrote in canonical text. Its errors
// stay at the receiver, who may read the value.
func appendValue(b array.Builder, v release.Value) error {
	if v.Null {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.Int64Builder:
		n, err := strconv.ParseInt(v.Text, 10, 64)
		b.Append(n)
		return err
	case *array.Decimal128Builder:
		n, err := decimalOf(v.Text, b.Type().(*arrow.Decimal128Type).Scale)
		b.Append(n)
		return err
	case *array.Float64Builder:
		f, err := strconv.ParseFloat(v.Text, 64)
		b.Append(f)
		return err
	case *array.Date32Builder:
		d, err := time.Parse(time.DateOnly, v.Text)
		b.Append(arrow.Date32FromTime(d))
		return err
	case *array.BooleanBuilder:
		x, err := strconv.ParseBool(v.Text)
		b.Append(x)
		return err
	case *array.StringBuilder:
		b.Append(v.Text)
		return nil
	}
	return fmt.Errorf("no place for a %s", b.Type())
}

func decimalOf(text string, scale int32) (decimal128.Num, error) {
	n, err := unscaled(text, int(scale))
	if err != nil {
		return decimal128.Num{}, err
	}
	return decimal128.FromBigInt(n), nil
}
