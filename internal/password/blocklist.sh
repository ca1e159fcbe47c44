#!/bin/sh
# Makes blocklist.txt: the passwords of 8 characters and more of the list that the npm package
# @zxcvbn-ts/language-common (MIT, blocklist.LICENSE) holds, in lower case, each once, in the order of
# their bytes. It needs npm and node; neither a build nor a test does.
set -eu
version=4.1.3
cd "$(dirname "$0")"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$tmp" && npm pack --silent "@zxcvbn-ts/language-common@$version" >/dev/null && tar xzf ./*.tgz)
node -e '
const list = require(process.argv[1])
	.map(p => p.normalize("NFKC").toLowerCase())
	.filter(p => [...p].length >= 8 && !/[\u0000-\u001f\u007f]/.test(p))
process.stdout.write(list.join("\n") + "\n")
' "$tmp/package/src/passwords.json" | LC_ALL=C sort -u >blocklist.txt
cp "$tmp/package/LICENSE.txt" blocklist.LICENSE
