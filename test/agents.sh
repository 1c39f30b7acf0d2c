#!/bin/sh
# Builds the agents that pktrail carries and packs them into
# internal/agentbin/bin. An agent that has not changed is not packed again.
# AGENTS names architectures; empty is all of them.
set -eu
out=dist/agents
bin=internal/agentbin/bin
mkdir -p "$out"
pack=$out/pack
CGO_ENABLED=0 "$GO" build -o "$pack" ./internal/agentbin/pack

agent() { # arch name tags
	CGO_ENABLED=0 GOOS=linux GOARCH=$1 GOARM=7 "$GO" build -trimpath -tags "$3" -ldflags "$LDFLAGS" -o "$out/$2.new" ./cmd/pktrail-agent
	if [ -e "$bin/$2.zst" ] && cmp -s "$out/$2.new" "$out/$2"; then
		rm "$out/$2.new"
		return
	fi
	"$pack" "$out/$2.new" "$bin/$2.zst"
	mv "$out/$2.new" "$out/$2"
	printf 'agent %-12s %9d bytes, packed %8d\n' "$2" "$(wc -c <"$out/$2")" "$(wc -c <"$bin/$2.zst")"
}

for arch in ${AGENTS:-amd64 arm64 arm}; do
	agent "$arch" "$arch" ""
	agent "$arch" "$arch-lite" pktrail_lite
done
