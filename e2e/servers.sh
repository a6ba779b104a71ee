#!/bin/sh
# make test-servers: the tests under the build tag `servers`. They mount small
# tmpfs disks, lay cables between network namespaces and kill nodes, so they
# need Linux, root, iproute2 and nftables. What is missing is installed where apt-get
# can, else named. Nothing is skipped: a test that cannot run is a failure.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}

fail() {
	echo "test-servers: $*" >&2
	exit 1
}

[ "$(uname -s)" = Linux ] || fail "needs Linux (network namespaces, tmpfs)"
[ "$(id -u)" = 0 ] || fail "needs root, to mount tmpfs and to make network namespaces; run: sudo env PATH=\"\$PATH\" make test-servers"

# want COMMAND PACKAGE
want() {
	command -v "$1" >/dev/null 2>&1 && return
	if command -v apt-get >/dev/null 2>&1; then
		echo "test-servers: installing $2 for $1"
		if apt-get install -y --no-install-recommends "$2" >/dev/null 2>&1 ||
			{ apt-get update >/dev/null 2>&1 && apt-get install -y --no-install-recommends "$2" >/dev/null; }; then
			return
		fi
	fi
	fail "needs the command \`$1\`; install the Debian package $2 (or your system's package of that name)"
}
want ip iproute2
want nft nftables

probe=$(mktemp -d)
log=$(mktemp)
cleanup() {
	umount "$probe" 2>/dev/null || true
	rmdir "$probe" 2>/dev/null || true
	ip netns delete "parley-probe$$" 2>/dev/null || true
	rm -f "$log"
}
trap cleanup EXIT
mount -t tmpfs -o size=1m tmpfs "$probe" || fail "this root may not mount a tmpfs; in a container, add CAP_SYS_ADMIN"
ip netns add "parley-probe$$" || fail "this root may not make a network namespace; in a container, add CAP_SYS_ADMIN and CAP_NET_ADMIN"

packages=$(grep -rl --include='*_test.go' '^//go:build .*servers' . | xargs -n1 dirname | sort -u)
echo "test-servers: $(echo $packages)"
status=0
$go test -tags servers -count=1 -timeout 20m -v $packages >"$log" 2>&1 || status=$?
grep -E '^( *--- (FAIL|SKIP)|--- PASS|FAIL|ok )' "$log" || true
if [ "$status" != 0 ]; then
	cat "$log"
	exit "$status"
fi
if grep -q -- '--- SKIP' "$log"; then
	fail "a test skipped itself; see above"
fi
