// Package result writes a released answer in the formats people and programs
// take it in, each with what the answer rests on: run, agreement, dataset
// versions, threshold, how much was withheld, and the receipt's hash.
//
//	receipt bundle ──Open (verifies)──▶ Answer ──Write──▶ table | csv | json | arrow | parquet
//
//	type in SQL   Arrow and Parquet
//	integer       int64; decimal128(38,0) if a value does not fit
//	decimal       decimal128(38, scale)
//	double        float64
//	date          date32
//	boolean       bool
//	text          utf8
//
// A noisy column is followed by one named after it with " ±": the half-widths of
// its 95 % intervals (in JSON: plusMinus, beside the rows).
//
// A noisy column is followed by one with the half-widths of its 95 % intervals,
// except in JSON, which has them apart (see release.Document).
//
// Arrow and Parquet carry the rest as metadata of the schema, under keys that
// begin with "parley."; CSV has nowhere to put it.
package result
