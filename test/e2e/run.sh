#!/bin/sh
# Runs the cases on the cluster that is up: run.sh GO PATTERN MINUTES PACKAGE...
# A case that fails is run once more, alone: on a machine that others keep busy
# a cluster's own clocks (leases, probes, time to live) run out now and then.
# One that fails again fails the run; one that does not is named at the end, and
# is a bug to be found.
set -u
go=$1 pattern=$2 minutes=$3
shift 3
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() { # pattern packages...
	p=$1
	shift
	{ "$go" test -count=1 -p 1 -timeout "${minutes}m" -tags e2e -run "$p" "$@" 2>&1; echo "exit $?"; } | tee "$log"
	tail -n 1 "$log" | grep -qx 'exit 0'
}
run "$pattern" "$@" && exit 0
failed=$(sed -n 's/^--- FAIL: \(Test[A-Za-z0-9_]*\).*/\1/p' "$log" | sort -u)
[ -n "$failed" ] || exit 1 # it did not build, or ran out of time
[ "$(echo "$failed" | wc -l)" -le 5 ] || exit 1
echo "== once more, alone: $(echo "$failed" | tr '\n' ' ')"
run "^($(echo "$failed" | tr '\n' '|' | sed 's/|$//'))\$" "$@" || exit 1
echo "== failed once, then passed: $(echo "$failed" | tr '\n' ' ')"
