#!/bin/sh
# fuzz.sh runs every fuzz test of the main module on FUZZTIME inputs each (20000x). A number
# and not a time: go test now and then takes the end of the time itself for a failure
# ("context deadline exceeded"). Each package is built once for all of its fuzz tests. go vet is lint's.
set -eu
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
git grep --untracked -o '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | sed 's|/[^/]*:func | |' | sort >"$tmp/all"
test -s "$tmp/all"
for package in $(cut -d' ' -f1 "$tmp/all" | uniq); do
	go test -c -vet=off -fuzz . -o "$tmp/fuzz.test" "./$package"
	for name in $(sed -n "s|^$package ||p" "$tmp/all"); do
		echo "== $name in ./$package"
		(cd "$package" && "$tmp/fuzz.test" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "${FUZZTIME:-20000x}" \
			-test.fuzzcachedir "$tmp/cache/$package") </dev/null
	done
done
