package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
)

// Digest is a hash over every row of every table and over the schema. Two state
// files with the same digest read the same.
func (s *Store) Digest(ctx context.Context) (digest [32]byte, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		h := sha256.New()
		schema, err := collect(ctx, tx, func(r scanner) (t [3]string, err error) {
			return t, r.Scan(&t[0], &t[1], &t[2])
		}, `SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name`)
		if err != nil {
			return err
		}
		for _, t := range schema {
			fmt.Fprintf(h, "%q\n", t)
			if t[0] == "table" {
				if err := addRows(ctx, tx, h, t[1]); err != nil {
					return err
				}
			}
		}
		h.Sum(digest[:0])
		return nil
	})
	return digest, err
}

// addRows adds a table's rows in the order of their keys. The name comes from
// the schema.
func addRows(ctx context.Context, tx *sql.Tx, h hash.Hash, table string) error {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM "`+table+`"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for _, v := range values {
			addValue(h, v)
		}
	}
	return rows.Err()
}

// addValue adds a value with its type and length.
func addValue(h hash.Hash, v any) {
	text := []byte(nil)
	kind := byte(0)
	switch v := v.(type) {
	case nil:
	case []byte:
		kind, text = 1, v
	case string:
		kind, text = 2, []byte(v)
	default:
		kind, text = 3, fmt.Append(nil, v)
	}
	h.Write(binary.BigEndian.AppendUint64([]byte{kind}, uint64(len(text))))
	h.Write(text)
}

// Found is the digest of the file as it was when it was opened, before anything
// was brought up to date.
func (s *Store) Found() string { return hex.EncodeToString(s.found[:]) }
