#!/bin/sh
# Installs what the tests use as second opinions: on Debian and its relatives,
# as root or by sudo. Elsewhere it says what is missing and goes on; tests that
# need it say so too.
set -eu

missing=""
need() { # program package
	command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
need tcpdump tcpdump
need tshark tshark
need ip iproute2
need tmux tmux
need ping iputils-ping

[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "not installed, and no apt-get here:$missing" >&2
	exit 0
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
export DEBIAN_FRONTEND=noninteractive
echo "installing:$missing"
$sudo apt-get update -q
# shellcheck disable=SC2086 # one word per package
$sudo apt-get install -y -q --no-install-recommends $missing
