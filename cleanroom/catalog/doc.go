// Package catalog reads data contracts: the file by which an owner says what
// a dataset is and what may be done with it. A contract is an Open Data
// Contract Standard 3.1.0 document in YAML, held to a JSON Schema of our own
// (odcs.schema.json) that takes a subset of the standard: one local file, one
// table, no deprecated and no unknown field. The clean-room terms are
// customProperties.
//
//	of a column    roomRole       joinKey | dimension | measure | filter, or a
//	                              list; a column without it is not imported
//	               normalisation  of the joinKey: exact/v1, email/v1,
//	                              phone-e164/v1, sha256/v1
//	               region         of a phone joinKey, such as DE
//	               scale          decimals of a number, 0 to 6
//	               domain         list of all values of a dimension
//	of the table   minGroupSize, minSetSize, maxRowsPerUnit, publicData, adHoc
//	or contract
//
// Bounds are logicalTypeOptions minimum and maximum; both must be whole at the
// column's scale. What is declared is either enforced at import or refused
// here, so that no rule is believed that nobody checks.
//
// A contract's hash covers its whole content in canonical JSON (RFC 8785), not
// its layout or comments. An agreement pins it.
package catalog
