#!/bin/sh
# Builds the agents that pktrail carries and packs those that have changed into
# internal/agentbin/bin, from where they are embedded.
set -eu

out=dist
packed=internal/agentbin/bin
mkdir -p "$out"

agent() { # arch name tags
	program="$out/pktrail-agent$2-linux-$1"
	CGO_ENABLED=0 GOOS=linux GOARCH=$1 "$GO" build -trimpath -tags "$3" -ldflags "$LDFLAGS" -o "$program" ./cmd/pktrail-agent
	sum="$(sha256sum "$program" | cut -d' ' -f1)"
	[ -e "$packed/$1$2.zst" ] && [ "$(cat "$program.packed" 2>/dev/null)" = "$sum" ] && return
	"$GO" run ./internal/agentbin/pack "$program" "$packed/$1$2.zst"
	echo "$sum" >"$program.packed"
}

for arch in amd64 arm64 arm; do
	agent "$arch" "" ""
	agent "$arch" "-lite" pktrail_lite
done
