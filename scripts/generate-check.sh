#!/bin/sh
# generate-check.sh fails if generated code differs from what its source gives.
set -eu
cd "$(dirname "$0")/.."

found=0
for script in $(git ls-files -co --exclude-standard '*/generate.sh'); do
	found=1
	echo "== $script --check"
	"./$script" --check
done
[ "$found" = 1 ] || echo "There is no generated code."
