//go:build !linux

package labtest

import "testing"

// VethPair skips the test: there are veth pairs on Linux only.
func VethPair(tb testing.TB, _, _ VethEnd) {
	tb.Helper()
	RequireRoot(tb)
}
