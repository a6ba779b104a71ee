#!/bin/sh
# make bench: measures the cryptography and whole runs of the join, prints the
# figures and stores them beside this file (README.md says what each is).
# BENCH_LARGE=1 adds 10,000,000 units a side, which takes a quarter of an hour
# and 10 GB of disk. BENCH_COUNT=6 gives benchstat enough samples to compare;
# BENCH_TIME is a benchmark's least time; BENCH_SIZES the units a side.
set -eu
cd "$(dirname "$0")/../.."
go=${GO:-go}
out=e2e/bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure PATTERN PACKAGE
measure() {
	$go test -run '^$' -bench "$1" -benchtime "${BENCH_TIME:-500ms}" -count "${BENCH_COUNT:-1}" -timeout 60m "$2" >"$work/one" ||
		{ cat "$work/one" >&2; exit 1; }
	cat "$work/one"
	cat "$work/one" >>"$work/latest.txt"
}
measure . ./crypto/curve
measure 'Run/1200x2000' ./crypto/align
measure . ./crypto/inner
measure . ./crypto/garble

$go build -trimpath -o "$work/parley" ./cmd/parley
$go build -trimpath -o "$work/join" ./e2e/bench/join
# joined SIZES FILE
joined() { TMPDIR=$work "$work/join" -parley "$work/parley" -sizes "$1" -out "$2"; }
joined "${BENCH_SIZES:-10000,30000,100000,300000,1000000}" "$work/join.json"
if [ "${BENCH_LARGE:-}" = 1 ]; then
	joined 10000000 "$work/join-10m.json"
	mv "$work/join-10m.json" "$out/join-10m.json"
fi
mv "$work/join.json" "$out/join.json"
joins=$out/join.json
[ ! -f "$out/join-10m.json" ] || joins=$joins,$out/join-10m.json

$go run ./e2e/bench/collect -join "$joins" -svg "$out/growth.svg" <"$work/latest.txt" >"$work/latest.json"
mv "$work/latest.txt" "$work/latest.json" "$out"
chmod 644 "$out"/latest.* "$out"/join*.json
echo
sed -n '/^  "cpu"/q; p' "$out/latest.json"
echo "stored in $out: latest.json, latest.txt, join.json, growth.svg"
