#!/bin/sh
# lint.sh checks the form of every module. It goes on after a finding, so that one run
# shows them all, and then ends with 1.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)

failed=""
check() { # what, command...
	what=$1
	shift
	"$@" || failed="$failed
  $what"
}

formatted() {
	bad=$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l)
	[ -z "$bad" ] || { echo "gofmt would change these:" "$bad"; return 1; }
}

check gofmt formatted
for folder in $(scripts/modules.sh); do
	check "go mod tidy in $folder" go -C "$folder" mod tidy -diff
done
for folder in $(scripts/modules.sh -with-packages); do
	check "go vet in $folder" go -C "$folder" vet ./...
	check "staticcheck in $folder" go -C "$folder" tool -modfile="$root/tools/go.mod" staticcheck ./...
done

if [ -n "$failed" ]; then
	echo "Not clean:$failed"
	exit 1
fi
echo "gofmt, go mod tidy, go vet and staticcheck found nothing."
