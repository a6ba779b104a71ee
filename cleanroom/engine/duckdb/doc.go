// Package duckdb is the engine that holds an owner's rows in encrypted DuckDB
// snapshots. DuckDB is C++ and meets hostile input, so none of it runs in the
// node's process: each piece of work starts the program itself again as a
// child, which serves one request and exits.
//
//	node                                     child
//	  |  fork+exec, empty environment, own process group, dies with its parent
//	  |  file descriptor 3: the source or snapshot, opened by the node
//	  |                                      RLIMIT_CORE 0, no new privileges; DuckDB without input
//	  |  the snapshot's hash is that of its version
//	  |── request (JSON, with the key) ───▶ stdin
//	  |                                      RLIMIT_AS, _NOFILE, _FSIZE 0, _CPU (parsing)
//	  |                                      attach, lock down, probe the lock
//	  |◀── frames: data … data, done|fail ── stdout
//	  |  deadline: the process group is killed
//
// The child's frames are bounded and checked like a peer's. Its stderr is
// searched for words such as "out of memory" and never shown. Its failures
// are codes, contract names and counts: DuckDB's own messages echo row values
// and never leave it. When the limits end a child, the error wraps
// engine.ErrLimit.
//
// Every program that uses the package must call ChildMain first thing in main
// (and every test package in TestMain). The package needs Linux.
//
// # Snapshots
//
// A snapshot is a DuckDB file encrypted with AES-256-GCM. It has two tables:
//
//	units  unit BLOB: every distinct unit once, in the order of the bytes;
//	       a unit's row number, from 0, is its ordinal
//	data   parley_unit UINTEGER, the ordinal of the row's unit, then the
//	       contract's columns in the contract's order; sorted by parley_unit
//
// Plans read data, and so never meet an identifier. A snapshot's version is the
// SHA-256 of its file. The node hashes the file before each use and hands the
// very file it hashed to the child. A key must encrypt one snapshot only (see
// Import).
//
// # Joint plans
//
// DuckDB only selects a joint plan's rows, range by range of the table. The
// child adds them up per (unit, group) itself, in one pass, because it knows
// what DuckDB's GROUP BY does not: the rows are sorted by unit (tally). Its
// answer travels as columns with numbered groups (batches.go). For a million
// rows of as many units in ten groups that takes a quarter of the processor
// time of a GROUP BY whose rows are sent one by one, and the child's memory
// does not grow with the table (BenchmarkEngine).
//
// # Normalisation of the join key
//
//	exact/v1       the UTF-8 bytes of the value's text form, unchanged.
//	               Malformed: empty, or over 1,024 bytes.
//	email/v1       DuckDB's lower(trim(x)): code points of Unicode category Zs
//	               are removed from both ends, then each code point is replaced
//	               by its simple lower-case mapping. No Unicode normalisation,
//	               no removal of dots or +tags. Malformed: not exactly one "@"
//	               with something on both sides, a space or control character
//	               (U+0000–U+0020, U+007F) inside, or over 1,024 bytes.
//	phone-e164/v1  the E.164 text ("+4915112345678") of a number whose length
//	               is possible in its region; Region applies to numbers without
//	               a country code. Malformed: anything else.
//	sha256/v1      64 hexadecimal digits of either case, as 32 bytes.
//	               Malformed: anything else.
//
// # Conversion of columns
//
//	text     VARCHAR        text as it is; other types in DuckDB's text form
//	integer  BIGINT         digits with an optional sign; a fraction is refused
//	decimal  DECIMAL(18,s)  rounded half away from zero to s decimals
//	date     DATE           ISO 8601; a timestamp's time of day (UTC) is dropped
//	boolean  BOOLEAN        true/false, t/f, yes/no, y/n, 1/0
//
// An empty CSV field is NULL. JSON is read by the contract's types, not by
// guesses from its first lines.
package duckdb
