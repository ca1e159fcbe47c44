#!/bin/sh
# deps.sh installs what the tests need and this machine lacks. It asks for root and
# apt-get only when something is missing, and says what it would have installed.
set -eu

# missing prints the Debian packages whose files are not here.
missing() {
	has gcc || echo gcc
	[ -e /usr/include/stdio.h ] || echo libc6-dev
	browser || echo chromium-headless-shell
	[ -d /usr/share/fonts/truetype/liberation ] || [ -d /usr/share/fonts/truetype/liberation2 ] ||
		{ has fc-list && fc-list | grep -qi liberation; } || echo fonts-liberation
	has zbarimg || echo zbar-tools
	has oathtool || echo oathtool
	[ -x /usr/lib/postgresql/15/bin/initdb ] || echo postgresql-15
	has nginx || [ -x /usr/sbin/nginx ] || echo nginx-light
	/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || echo python3-aiosmtpd
	[ -e "$axe" ] || has npm || echo npm
}

# The rules of accessibility that the browser tests hold the help pages to.
axe_version=4.14.1
axe_digest=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
axe=$(dirname "$0")/../.cache/axe-core-$axe_version.min.js

# fetch_axe brings axe-core from npm, unless it is here.
fetch_axe() {
	[ ! -e "$axe" ] || return 0
	mkdir -p "$(dirname "$axe")"
	tmp=$(mktemp -d)
	(cd "$tmp" && npm pack --silent "axe-core@$axe_version" >/dev/null && tar -xzf axe-core-*.tgz package/axe.min.js)
	echo "$axe_digest  $tmp/package/axe.min.js" | sha256sum -c - >/dev/null
	mv "$tmp/package/axe.min.js" "$axe"
	rm -r "$tmp"
}

# Chromium without its windows takes a third of the time; where there is no apt-get another will do.
browser() { has chromium-headless-shell || { ! has apt-get && { has chromium || has chromium-browser || has google-chrome; }; }; }

has() { command -v "$1" >/dev/null 2>&1; }

# On one line, for apt-get and for people.
lacking=$(missing | xargs)
if [ -z "$lacking" ]; then
	fetch_axe
	exit 0
fi

echo "The tests need these packages, which are not installed: $lacking"
if ! has apt-get; then
	echo "There is no apt-get here. Install what they are called on this system, then run make again." >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "Installing them needs root. Run this, then make again:" >&2
	echo "  sudo apt-get install --no-install-recommends $lacking" >&2
	exit 1
fi

export DEBIAN_FRONTEND=noninteractive
lock='-o DPkg::Lock::Timeout=400'
# An old list may still do, so a failed update is not the end.
# shellcheck disable=SC2086 # both are lists of words
apt-get $lock -qq update || echo "apt-get update failed; trying with the package lists that are here." >&2
# shellcheck disable=SC2086
apt-get $lock -qq -y install --no-install-recommends $lacking </dev/null

lacking=$(missing | xargs)
if [ -n "$lacking" ]; then
	echo "apt-get ended without a complaint, yet these are still missing: $lacking" >&2
	exit 1
fi
fetch_axe
