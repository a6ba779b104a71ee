#!/bin/sh
# make test-long: what needs minutes. Three quarters of LONG_MINUTES go to the
# suites under the build tag `long` (tests named TestLong…), the rest to the fuzz
# targets. A suite's share grows with its weight, a line `// weight N` in its
# file (1 if there is none): at the default 30 minutes the random queries get
# the 18 that their 5,000 questions take on two cores. Every suite gets its
# share as PARLEY_SUITE_MINUTES and the seed as PARLEY_SEED; the same seed
# gives the same suites again. Inputs that fuzzing found are kept in Go's
# build cache, failing ones in testdata/fuzz of the package, to be committed.
#
# The last line is `N passed, N failed`.
set -u
cd "$(dirname "$0")/.."
go=${GO:-go}
minutes=${PARLEY_LONG_MINUTES:-30}
case $minutes in
'' | *[!0-9]* | 0) echo "test-long: LONG_MINUTES must be a whole number above 0" >&2; exit 2 ;;
esac
PARLEY_SEED=${PARLEY_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
export PARLEY_SEED
budget=$((minutes * 60))
passed=0
failed=0
covered=$(mktemp)
log=$(mktemp)
trap 'rm -f "$covered" "$log"' EXIT

# Each line: package folder, weight, name. A suite is a TestLong function in a
# file with the tag.
suites() {
	grep -rl --include='*_test.go' '^//go:build .*long' . | sort | while read -r f; do
		weight=$(sed -n 's|^// weight \([0-9][0-9]*\)$|\1|p' "$f" | head -1)
		sed -n 's/^func \(TestLong[A-Za-z0-9_]*\)(t .*/\1/p' "$f" | sed "s|^|$(dirname "$f") ${weight:-1} |"
	done
}

targets() {
	grep -r --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*(f ' . | sort |
		sed 's|/[^/:]*:func \(Fuzz[A-Za-z0-9_]*\)(.*| \1|'
}

# verdict STATUS TEXT counts and notes a result; a failure shows its log, but
# not the hundreds of lines about subtests that passed.
verdict() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "  passed  $2" | tee -a "$covered"
	else
		failed=$((failed + 1))
		grep -vE '^ *(--- PASS|=== (RUN|PAUSE|CONT))' "$log"
		echo "  FAILED  $2" | tee -a "$covered"
	fi
}

suite() { # FOLDER NAME SECONDS
	# A suite may overrun its share to finish a case, not by more than ten minutes.
	PARLEY_SUITE_MINUTES=$(awk "BEGIN { printf \"%.2f\", $3 / 60 }") \
		$go test -tags long -count=1 -timeout "$(($3 + 600))s" -v -run "^$2\$" "$1" >"$log" 2>&1
	status=$?
	grep -q '^--- SKIP' "$log" && status=1
	# A pattern that matches nothing passes in Go; here it does not.
	grep -q "^--- PASS: $2" "$log" || status=1
	verdict $status "$1 $2, $3 s"
	sed -n 's/^ *[a-z_0-9]*_test\.go:[0-9]*: covered: /          /p' "$log" | tee -a "$covered"
}

fuzz() { # FOLDER NAME SECONDS
	$go test -run '^$' -fuzz "^$2\$" -fuzztime "$3s" "$1" >"$log" 2>&1
	status=$?
	grep -q '^fuzz: elapsed' "$log" || status=1
	verdict $status "$1 $2, $3 s, $(sed -n 's/.*execs: \([0-9]*\).*total: \([0-9]*\).*/\1 inputs, corpus \2/p' "$log" | tail -1)"
}

suites=$(suites)
targets=$(targets)
nsuites=$(printf %s "$suites" | grep -c .)
ntargets=$(printf %s "$targets" | grep -c .)
[ "$((nsuites + ntargets))" -gt 0 ] || { echo "test-long: found nothing to run" >&2; exit 1; }
weights=$(printf '%s\n' "$suites" | awk '{ n += $2 } END { print n + 0 }')
suiteshare=$((nsuites > 0 ? (ntargets > 0 ? budget * 3 / 4 : budget) / weights : 0))
fuzzshare=$((ntargets > 0 ? (nsuites > 0 ? budget / 4 : budget) / ntargets : 0))
[ "$ntargets" = 0 ] || [ "$fuzzshare" -ge 5 ] || fuzzshare=5

echo "test-long: $minutes minutes, PARLEY_SEED=$PARLEY_SEED"
echo "test-long: $nsuites suites, $suiteshare s for each unit of weight; $ntargets fuzz targets of $fuzzshare s"
while read -r folder weight name; do
	[ -z "$folder" ] || suite "$folder" "$name" "$((suiteshare * weight))" </dev/null
done <<END
$suites
END
while read -r folder name; do
	[ -z "$folder" ] || fuzz "$folder" "$name" "$fuzzshare" </dev/null
done <<END
$targets
END

echo
echo "covered with PARLEY_SEED=$PARLEY_SEED:"
cat "$covered"
status=0
[ "$failed" = 0 ] || status=1
echo "$passed passed, $failed failed"
exit $status
