#!/bin/sh
# Builds both binaries for every platform that they are made for, and holds the
# agents to their sizes.
set -eu

out=dist
mkdir -p "$out"

build() { # os arch package name tags
	CGO_ENABLED=0 GOOS=$1 GOARCH=$2 GOARM=7 "$GO" build -trimpath -tags "$5" -ldflags "$LDFLAGS" -o "$out/$4" "$3"
	printf '%-32s %9d bytes\n' "$4" "$(wc -c <"$out/$4")"
}

below() { # name bytes
	size=$(wc -c <"$out/$1")
	[ "$size" -lt "$2" ] && return
	echo "$1 has $size bytes, it must stay below $2" >&2
	exit 1
}

for os in linux darwin windows; do
	for arch in amd64 arm64; do
		ext=""
		[ "$os" = windows ] && ext=.exe
		build "$os" "$arch" . "pktrail-$os-$arch$ext" ""
	done
done
for arch in amd64 arm64 arm; do
	build linux "$arch" ./cmd/pktrail-agent "pktrail-agent-linux-$arch" ""
	below "pktrail-agent-linux-$arch" 15000000
	build linux "$arch" ./cmd/pktrail-agent "pktrail-agent-lite-linux-$arch" pktrail_lite
	below "pktrail-agent-lite-linux-$arch" 5000000
done
