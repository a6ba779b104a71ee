// Package data holds the real, public-domain data that the tests and the
// built-in room "flights" use. README.md says where they come from.
package data

import _ "embed"

// Airports is the register of airports, CSV.
//
//go:embed airports.csv
var Airports []byte

// Flights is an extract of 500,000 of 3,000,000 flights, Parquet.
//
//go:embed flights-sample.parquet
var Flights []byte
