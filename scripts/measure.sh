#!/bin/bash
# measure.sh measures sign-ins and session checks beside what the machine itself can do, on SQLite
# and on PostgreSQL, and prints a Markdown table; docs/performance.md holds a run. It takes about
# five minutes. Other work on the machine makes times longer, so what counts are the ratios to a
# yardstick that was measured in turns with it, CPU a request, and counts.
#
#   scripts/measure.sh                  both engines
#   USERS=5000 scripts/measure.sh       with more users (3000)
#   LOADGEN=/path scripts/measure.sh    the load generator's source (../shared/loadgen)
set -euo pipefail
cd "$(dirname "$0")/.."

loadgen=${LOADGEN:-../shared/loadgen}
if [ ! -f "$loadgen/go.mod" ] || [ ! -f "$loadgen/limits/go.mod" ]; then
	echo "There is no load generator in $loadgen: LOADGEN names the folder of its source," >&2
	echo "with main.go (loadgen hello, http, bench, cold) and limits/ (Argon2id, fdatasync)." >&2
	echo "Without it nothing was measured." >&2
	exit 1
fi

tmp=$(mktemp -d)
postgres=""
finish() {
	if [ -n "$postgres" ]; then
		as_postgres "$postgres/pg_ctl" -D "$tmp/pg" -m immediate stop >/dev/null || true
	fi
	rm -rf "$tmp"
}
trap finish EXIT
go -C "$loadgen" build -o "$tmp/loadgen" .
go -C "$loadgen/limits" build -mod=mod -o "$tmp/limits" .
CGO_ENABLED=0 go -C tools/measure build -trimpath -ldflags "-s -w" -o "$tmp/measure" .

# PostgreSQL refuses to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

measure() { # what, database
	echo
	echo "$1, ${USERS:-3000} users"
	echo
	echo "| goal | what | aim | measured |"
	echo "| --- | --- | --- | --- |"
	mkdir -p "$tmp/$1"
	"$tmp/measure" run -database "$2" -keys "$tmp/$1/keys" -out "$tmp/$1/users.json" -users "${USERS:-3000}" \
		-bin "$tmp" -scenario tools/measure/scenario.json
}

echo "$(nproc) cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n1), $(go version | cut -d' ' -f3,4), load $(cut -d' ' -f1 /proc/loadavg)"
measure SQLite "sqlite:$tmp/SQLite/sallyport.db"

postgres=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n1)")
if [ ! -x "$postgres/initdb" ]; then
	postgres=""
	echo "PostgreSQL is not installed, so it was not measured: apt-get install postgresql" >&2
	exit 1
fi
port=15485
mkdir "$tmp/pg"
chmod 755 "$tmp"
[ "$(id -u)" != 0 ] || chown postgres "$tmp/pg"
as_postgres "$postgres/initdb" -D "$tmp/pg" -A trust -U postgres >/dev/null
as_postgres "$postgres/pg_ctl" -D "$tmp/pg" -w -l "$tmp/pg/log" -o "-p $port -c listen_addresses=127.0.0.1 -k $tmp/pg" start >/dev/null
measure PostgreSQL "postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
