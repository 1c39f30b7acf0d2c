package topology

import (
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
)

// TestKinds covers the kinds of devices that a kernel may not have.
func TestKinds(t *testing.T) {
	for _, kind := range []string{"", "bond", "team", "vlan"} {
		if l := (&netstate.Link{Kind: kind}); !isCard(l) || isOverlay(l) || isPair(l) || hasParent(l) {
			t.Errorf("%q is no card", kind)
		}
	}
	for _, kind := range []string{"wireguard", "sit", "ip6tnl", "gre"} {
		if l := (&netstate.Link{Kind: kind}); !isOverlay(l) || isCard(l) {
			t.Errorf("%q is no overlay", kind)
		}
	}
	for _, kind := range []string{"ipvlan", "ipvtap", "macvtap"} {
		if l := (&netstate.Link{Kind: kind}); !hasParent(l) || isPair(l) {
			t.Errorf("%q has no parent", kind)
		}
	}
	if !isPair(&netstate.Link{Kind: "netkit"}) {
		t.Error("netkit is no pair")
	}
}
