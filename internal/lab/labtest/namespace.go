package labtest

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
)

// Namespace makes an empty network namespace with its loopback up, named
// below /run/netns, and removes it when the test ends. It returns the name.
func Namespace(tb testing.TB) string {
	tb.Helper()
	RequireRoot(tb)
	name := "ns-" + Name()
	if err := lab.AddNamespace(name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := lab.DeleteNamespace(name); err != nil {
			tb.Error(err)
		}
	})
	return name
}

// VethEnd is one end of a veth pair.
type VethEnd struct {
	// Namespace is the name of the network namespace it is in.
	Namespace string
	// Device is its name there.
	Device string
	// Addresses are added to it; they serve at once (no DAD).
	Addresses []netip.Prefix
}
