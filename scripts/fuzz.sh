#!/bin/sh
# fuzz.sh runs every fuzz test of the main module for FUZZTIME (5s) each.
set -eu
cd "$(dirname "$0")/.."

git grep --untracked -o '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | sed 's|/[^/]*:func | |' |
	while read -r package name; do
		echo "== $name in ./$package"
		go test -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-5s}" "./$package" </dev/null
	done
