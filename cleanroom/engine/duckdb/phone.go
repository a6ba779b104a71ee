package duckdb

import (
	"fmt"
	"strings"
	"sync"

	"github.com/marcboeker/go-duckdb/mapping"
	"github.com/nyaruka/phonenumbers"
)

func checkRegion(region string) error {
	if region == "" || phonenumbers.GetSupportedRegions()[region] {
		return nil
	}
	return fmt.Errorf("region %q is not a two-letter region with phone numbers", region)
}

// phoneUnits fills stage.phones with the unit of every distinct raw key that
// is a phone number.
func (d *db) phoneUnits(region string, threads int) error {
	if err := d.exec("CREATE TABLE stage.phones (k VARCHAR, unit BLOB)"); err != nil {
		return err
	}
	r, err := d.query("SELECT DISTINCT k FROM stage.raw WHERE k IS NOT NULL")
	if err != nil {
		return err
	}
	defer r.close()
	a, err := d.newPairAppender("stage", "phones")
	if err != nil {
		return err
	}
	defer a.destroy()
	err = r.chunks(func(cols []column, rows int) error {
		for i, unit := range phoneUnitsOf(cols[0], rows, region, threads) {
			if unit != "" {
				a.add(cols[0].bytes(i), []byte(unit))
			}
		}
		return a.flush()
	})
	if err != nil {
		return err
	}
	return a.close()
}

// phoneUnitsOf normalises a column's values on several threads, for one number
// takes some 10 µs. Malformed ones become "".
func phoneUnitsOf(c column, rows int, region string, threads int) []string {
	units := make([]string, rows)
	var wg sync.WaitGroup
	for first := range max(1, threads) {
		wg.Go(func() {
			for i := first; i < rows; i += max(1, threads) {
				units[i], _ = phoneUnit(string(c.bytes(i)), region)
			}
		})
	}
	wg.Wait()
	return units
}

// phoneUnit is phone-e164/v1: the E.164 form ("+" and digits) of a number of
// possible length. Lengths change less often than the lists of assigned
// prefixes, so two nodes with different versions of the library agree.
func phoneUnit(raw, region string) (string, bool) {
	if len(raw) > 64 {
		return "", false
	}
	n, err := phonenumbers.Parse(strings.TrimSpace(raw), region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE {
		return "", false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true
}

// pairAppender appends rows of (VARCHAR, BLOB), one data chunk at a time.
type pairAppender struct {
	appender mapping.Appender
	types    []mapping.LogicalType
	chunk    mapping.DataChunk
	n        int
}

func (d *db) newPairAppender(catalog, table string) (*pairAppender, error) {
	a := &pairAppender{types: []mapping.LogicalType{
		mapping.CreateLogicalType(mapping.TypeVarchar), mapping.CreateLogicalType(mapping.TypeBlob)}}
	a.chunk = mapping.CreateDataChunk(a.types)
	if mapping.AppenderCreateExt(d.conn, catalog, "main", table, &a.appender) == mapping.StateError {
		return nil, failure{Code: codeInternal}
	}
	return a, nil
}

// add may be called at most vector-size times between flushes: a result chunk
// is never larger.
func (a *pairAppender) add(k, unit []byte) {
	mapping.VectorAssignStringElementLen(mapping.DataChunkGetVector(a.chunk, 0), mapping.IdxT(a.n), k)
	mapping.VectorAssignStringElementLen(mapping.DataChunkGetVector(a.chunk, 1), mapping.IdxT(a.n), unit)
	a.n++
}

func (a *pairAppender) flush() error {
	if a.n == 0 {
		return nil
	}
	mapping.DataChunkSetSize(a.chunk, mapping.IdxT(a.n))
	if mapping.AppendDataChunk(a.appender, a.chunk) == mapping.StateError {
		return failure{Code: codeMemory}
	}
	mapping.DataChunkReset(a.chunk)
	a.n = 0
	return nil
}

func (a *pairAppender) close() error {
	if mapping.AppenderClose(a.appender) == mapping.StateError {
		return failure{Code: codeMemory}
	}
	return nil
}

func (a *pairAppender) destroy() {
	mapping.AppenderDestroy(&a.appender)
	mapping.DestroyDataChunk(&a.chunk)
	for i := range a.types {
		mapping.DestroyLogicalType(&a.types[i])
	}
}
