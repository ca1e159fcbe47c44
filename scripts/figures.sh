#!/bin/bash
# figures.sh measures the program on this machine and prints a Markdown table: builds,
# starts, memory, the binary, the weight of the pages. docs/performance.md holds a run.
# Other work on the machine makes the times longer; sizes and CPU-seconds stay about the same.
set -euo pipefail
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
# Modules are written read-only, unless they are told not to be.
trap 'rm -rf "$tmp"' EXIT
export GOFLAGS=-modcacherw
export TIMEFORMAT='%1R s (%1U + %1S CPU-seconds)'
build() { # caches: prints how long it took
	{ time GOMODCACHE=$tmp/modules GOCACHE=$1 CGO_ENABLED=0 \
		go build -trimpath -ldflags "-s -w" -o "$tmp/sallyport" ./cmd/sallyport 2>"$tmp/log"; } 2>&1 ||
		{ cat "$tmp/log" >&2; return 1; }
}

echo "| what | measured |"
echo "| --- | --- |"
echo "| machine | $(nproc) × $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n1), $(go version | cut -d' ' -f3,4), load $(cut -d' ' -f1 /proc/loadavg) |"

took=$(build "$tmp/first")
echo "| first build, all caches empty, downloads included | $took |"
rm -rf "$tmp/first"
took=$(build "$tmp/second")
echo "| the same with the modules downloaded ($(du -sm "$tmp/modules" | cut -f1) MB on disk) | $took |"
rm -rf "$tmp/modules" "$tmp/second"
echo "| binary, stripped, without cgo | $(awk -v b="$(wc -c <"$tmp/sallyport")" 'BEGIN { printf "%.1f MB", b / 1e6 }') |"

go -C e2e build -o "$tmp/figures" ./figures
"$tmp/figures" -program "$tmp/sallyport"
