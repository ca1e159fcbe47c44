#!/bin/sh
# test.sh runs every test of every module. It goes on after a failure, so that one run
# shows them all, and then ends with 1.
set -u
cd "$(dirname "$0")/.." || exit 1

failed=""
run() { # what, command...
	what=$1
	shift
	echo
	echo "== $what: $*"
	"$@" || failed="$failed
  $what: $*"
}

# What is built without -race only is not in the run below. It takes one core for a minute and the tests
# below mostly wait, so it is run beside them; what it said is shown after them.
norace=$(git grep -l --untracked '^//go:build .*!race' -- 'cmd/*.go' 'internal/*.go' | xargs -r -n1 dirname | sort -u | sed 's|^|./|' | xargs)
said=$(mktemp)
trap 'rm -f "$said"' EXIT
# shellcheck disable=SC2086 # a list of packages
[ -z "$norace" ] || go test -vet=off -timeout 25m $norace >"$said" 2>&1 &
beside=$!

# The race detector watches all of our code, but not inside SQLite's engine: that is C made into
# Go, with locks of its own, and watched it takes half of all the time that the tests need. They mostly wait (for disks, for
# PostgreSQL), so more of them run at a time than there are cores. -vet=off: lint has all of go vet,
# and here it would look at every package below ours once more, as built with -race.
run "main module" go test -race -vet=off -gcflags=modernc.org/sqlite/lib=-race=false -parallel 5 -timeout 25m ./...

echo
if [ -n "$norace" ]; then
	echo "== main module, without -race, beside the run above: these packages have tests that are built so only: $norace"
	wait "$beside" || failed="$failed
  main module, without -race: $norace"
	cat "$said"
else
	echo "No test asks to be built without -race."
fi

# -count=1, since a nested module's tests build and start the program, and the test
# cache does not see that it changed.
for folder in $(scripts/modules.sh -with-packages); do
	[ "$folder" = . ] || run "module $folder" go -C "$folder" test -vet=off -count=1 -parallel 4 -timeout 40m ./...
done

echo
if [ -n "$failed" ]; then
	echo "Failed:$failed"
	exit 1
fi
echo "All tests passed."
