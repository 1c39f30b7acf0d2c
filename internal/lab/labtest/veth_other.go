//go:build !linux

package labtest

import "testing"

// VethPair skips the test: there are veth pairs on Linux only.
func VethPair(t testing.TB, _, _ VethEnd) {
	t.Helper()
	RequireRoot(t)
}
