#!/bin/sh
# Makes internal/sqlcgen from queries/ and migrations/, with sqlc.
#
#   ./generate.sh           writes the code anew
#   ./generate.sh --check   fails where the code that is committed is not what sqlc makes
#
# sqlc is $SQLC, else the one on the PATH, else it is built into a temporary folder (two
# minutes). It never enters the program.
set -eu
version=v1.31.1
cd "$(dirname "$0")"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sqlc=${SQLC:-$(command -v sqlc || true)}
if [ -z "$sqlc" ]; then
	# It runs once, so most of it is compiled without being optimised: its parsers for other databases
	# alone would take half a minute. wazero compiles PostgreSQL's parser, so that one must be quick.
	GOBIN="$tmp" CGO_ENABLED=0 go install -gcflags='github.com/...=-N -l' -gcflags='github.com/tetratelabs/...=' \
		-ldflags=-w "github.com/sqlc-dev/sqlc/cmd/sqlc@$version"
	sqlc="$tmp/sqlc"
fi
if [ "$("$sqlc" version)" != "$version" ]; then
	echo "want sqlc $version, got $("$sqlc" version)" >&2
	exit 1
fi

case "${1:-}" in
--check)
	cp -R sqlc.yaml queries migrations "$tmp"
	(cd "$tmp" && "$sqlc" generate)
	if ! diff -ru internal/sqlcgen "$tmp/internal/sqlcgen"; then
		echo "internal/sqlcgen is not what sqlc makes: run internal/store/generate.sh" >&2
		exit 1
	fi
	;;
"")
	rm -f internal/sqlcgen/*.go # also what no query is left for
	"$sqlc" generate
	;;
*)
	echo "usage: $0 [--check]" >&2
	exit 2
	;;
esac
