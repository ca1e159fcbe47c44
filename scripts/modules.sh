#!/bin/sh
# modules.sh prints the folders of this repository's Go modules, the main one first.
# With "-with-packages" those that hold only tools are left out.
set -eu
cd "$(dirname "$0")/.."

git ls-files -co --exclude-standard -- go.mod '*/go.mod' | xargs -n1 dirname | sort | while read -r folder; do
	if [ "${1-}" = -with-packages ] && [ -z "$(cd "$folder" && go list ./... 2>/dev/null)" ]; then
		continue
	fi
	echo "$folder"
done
