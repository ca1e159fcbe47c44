#!/bin/sh
# Makes internal/sqlcgen from queries/ and migrations/, with sqlc.
#
#   ./generate.sh           writes the code anew, and what it was made from into sums.txt
#   ./generate.sh --check   fails where the code that is committed is not what sqlc made of what is
#                           committed: by the sums; and by making it again, where there is an sqlc
#
# sqlc is $SQLC, else the one on the PATH, else, to write, it is built into a temporary folder (two
# minutes). It never enters the program.
set -eu
version=v1.31.1
cd "$(dirname "$0")"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sqlc=${SQLC:-$(command -v sqlc || true)}
# sums are those of sqlc's version, of all that it reads and of all that it wrote.
sums() {
	echo "$version"
	LC_ALL=C sha256sum sqlc.yaml queries/* migrations/* internal/sqlcgen/*.go
}
if [ "${1:-}" = --check ]; then
	if ! sums | diff -u internal/sqlcgen/sums.txt - >&2; then
		echo "internal/sqlcgen was not made of these queries and migrations: run internal/store/generate.sh" >&2
		exit 1
	fi
	[ -n "$sqlc" ] || exit 0
fi
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
	if ! diff -ru --exclude=sums.txt internal/sqlcgen "$tmp/internal/sqlcgen"; then
		echo "internal/sqlcgen is not what sqlc makes: run internal/store/generate.sh" >&2
		exit 1
	fi
	;;
"")
	rm -f internal/sqlcgen/*.go # also what no query is left for
	"$sqlc" generate
	sums >internal/sqlcgen/sums.txt
	;;
*)
	echo "usage: $0 [--check]" >&2
	exit 2
	;;
esac
