#!/bin/sh
# make check: formatting, vet, staticcheck, known vulnerabilities, race
# detector. The tools are pinned in e2e/tools/go.mod, a module of its own, so
# that they are no dependency of the product.
set -u
cd "$(dirname "$0")/.."
go=${GO:-go}
failed=0

# step NAME COMMAND… runs one check and remembers its failure. Exit code 99 is
# a check that could not be made and has said why.
step() {
	name=$1
	shift
	"$@"
	case $? in
	0) echo "check: $name: ok" ;;
	99) echo "check: $name: NOT CHECKED" ;;
	*)
		echo "check: $name: FAILED" >&2
		failed=$((failed + 1))
		;;
	esac
}

tool() { $go tool -modfile=e2e/tools/go.mod "$@"; }

formatting() {
	unformatted=$(gofmt -l .) || return 1
	[ -z "$unformatted" ] && return
	echo "$unformatted"
	return 1
}

# Code behind a build tag is code too.
vet() {
	$go vet ./... && $go vet -tags servers,long ./... && $go vet -tags weaken ./...
}

static() {
	tool staticcheck ./... && tool staticcheck -tags servers,long ./...
}

# vulnerabilities asks the Go vulnerability database (or $GOVULNDB). Exit code
# 3 is a finding. A database that cannot be reached is said, not failed on:
# the rest of the check does not depend on a network.
vulnerabilities() {
	out=$(tool govulncheck ./... 2>&1)
	status=$?
	echo "$out"
	case "$status:$out" in
	0:*) ;;
	3:*) return 1 ;;
	*"fetching vulnerabilities"*)
		echo "check: NOT CHECKED for known vulnerabilities: the database could not be reached." >&2
		echo "check: run this again with a network, or set GOVULNDB to a copy of the database." >&2
		return 99
		;;
	*) return 1 ;;
	esac
}

# Packages whose goroutines meet; those that only compute are left out, as the
# race detector makes them ten times slower.
race() {
	$go test -race -timeout 20m ./crypto/garble ./crypto/keys \
		./cleanroom ./cleanroom/api ./cleanroom/audit ./cleanroom/peer ./cleanroom/store
}

step "gofmt" formatting
step "go mod verify" $go mod verify
step "go vet" vet
step "staticcheck" static
step "govulncheck" vulnerabilities
step "race detector" race
[ "$failed" = 0 ] || { echo "check: $failed failed" >&2; exit 1; }
echo "check: nothing failed"
