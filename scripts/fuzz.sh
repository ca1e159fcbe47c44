#!/bin/sh
# fuzz.sh runs every fuzz test of the main module on FUZZTIME inputs each (20000x). A number
# and not a time: go test now and then takes the end of the time itself for a failure
# ("context deadline exceeded"). go vet is lint's.
set -eu
cd "$(dirname "$0")/.."

git grep --untracked -o '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | sed 's|/[^/]*:func | |' |
	while read -r package name; do
		echo "== $name in ./$package"
		go test -vet=off -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-20000x}" "./$package" </dev/null
	done
