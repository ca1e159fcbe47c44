#!/bin/sh
# figures.sh measures the program on this machine and prints a Markdown table: builds,
# starts, memory, the binary, the weight of the pages. docs/performance.md holds a run.
# Other work on the machine makes the times longer; the sizes stay the same.
set -eu
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
# Modules are written read-only, unless they are told not to be.
trap 'rm -rf "$tmp"' EXIT
export GOFLAGS=-modcacherw
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f s", b - a }'; }
build() { # output
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$1" ./cmd/sallyport
}

echo "| what | measured |"
echo "| --- | --- |"
echo "| machine | $(nproc) × $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n1), $(go version | cut -d' ' -f3,4), load $(cut -d' ' -f1 /proc/loadavg) |"

began=$(now)
GOMODCACHE=$tmp/modules GOCACHE=$tmp/first build "$tmp/sallyport"
echo "| first build, all caches empty, downloads included | $(since "$began") |"
rm -rf "$tmp/first"
began=$(now)
GOMODCACHE=$tmp/modules GOCACHE=$tmp/second build "$tmp/sallyport"
echo "| the same with the modules downloaded ($(du -sm "$tmp/modules" | cut -f1) MB on disk) | $(since "$began") |"
rm -rf "$tmp/modules" "$tmp/second"
echo "| binary, stripped, without cgo | $(awk -v b="$(wc -c <"$tmp/sallyport")" 'BEGIN { printf "%.1f MB", b / 1e6 }') |"

go -C e2e build -o "$tmp/figures" ./figures
"$tmp/figures" -program "$tmp/sallyport"
