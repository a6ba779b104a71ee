#!/bin/sh
# make bench: measures the cryptography, prints the figures and stores them:
# latest.txt is for benchstat, latest.json for programs. BENCH_COUNT=6 gives
# benchstat enough samples to compare; BENCH_TIME is a benchmark's least time.
set -eu
cd "$(dirname "$0")/../.."
go=${GO:-go}
out=e2e/bench
txt=$(mktemp)
trap 'rm -f "$txt"' EXIT

# measure PATTERN PACKAGE
measure() {
	$go test -run '^$' -bench "$1" -benchtime "${BENCH_TIME:-500ms}" -count "${BENCH_COUNT:-1}" -timeout 60m "$2" >"$txt.one" ||
		{ cat "$txt.one" >&2; rm -f "$txt.one"; exit 1; }
	cat "$txt.one"
	cat "$txt.one" >>"$txt"
	rm -f "$txt.one"
}
measure . ./crypto/curve
measure 'Run/1200x2000' ./crypto/align
measure . ./crypto/inner
measure . ./crypto/garble

$go run ./e2e/bench/collect <"$txt" >"$txt.json"
mv "$txt" "$out/latest.txt"
mv "$txt.json" "$out/latest.json"
chmod 644 "$out/latest.txt" "$out/latest.json"

# The two figures that the design rests on.
awk '
	/^BenchmarkExp\/picked/   { for (i = 4; i <= NF; i++) if ($i == "ns/point") picked = $(i-1) }
	/^BenchmarkExp\/portable/ { for (i = 4; i <= NF; i++) if ($i == "ns/point") portable = $(i-1) }
	/^BenchmarkExp\/ecdh/     { for (i = 4; i <= NF; i++) if ($i == "ns/point") ecdh = $(i-1) }
	END {
		printf "\none exponentiation on one core: %d ns here, %d ns portable, %d ns crypto/ecdh (%.1f times faster than crypto/ecdh)\n", picked, portable, ecdh, ecdh / picked
	}' "$out/latest.txt"
echo "stored in $out/latest.txt and $out/latest.json"
