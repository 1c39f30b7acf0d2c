package diagnose

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// What became of a packet that was last seen at a point of Cilium's.
func TestDatapath(t *testing.T) {
	f := packet.Flow{Proto: packet.ProtoICMP, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), ID: 7}
	at := func(point, device string) trail.Observation {
		return trail.Observation{
			Stage: trail.StageDatapath, Point: trail.Point{Node: "node1", Interface: device}, Seen: trail.Headers{Flow: f, TTL: 64},
			Datapath: &trail.Datapath{Point: point, Endpoint: 798},
		}
	}
	drop := at("", "cilium_vxlan")
	drop.Stage, drop.Drop = trail.StageDrop, &trail.Drop{Reason: "Policy denied", At: "bpf_lxc.c:2410"}
	denied := at("", "")
	denied.Stage, denied.Policy = trail.StagePolicy, &trail.Policy{Action: "deny", Direction: trail.In, Match: "none"}
	pod := at("to-endpoint", "lxc1")
	pod.Datapath.Destination.Name = "shop/web"
	for _, c := range []struct {
		all     []trail.Observation
		outcome trail.Outcome
		at      string
		text    string
	}{
		{[]trail.Observation{at("from-network", "eth0"), at("to-endpoint", "lxc1")}, trail.Delivered, "to-endpoint 798", "delivered to endpoint 798 on node1 by lxc1"},
		{[]trail.Observation{pod}, trail.Delivered, "to-endpoint 798", "delivered to endpoint 798 (shop/web) on node1 by lxc1"},
		{[]trail.Observation{at("from-endpoint", ""), at("to-stack", "")}, trail.Unknown, "to-stack", "unknown after to-stack on node1: what the kernel's own stack does with it is not told by Cilium"},
		{[]trail.Observation{at("from-network", "eth0")}, trail.Unknown, "from-network", "unknown after from-network on node1: what the kernel's own stack does with it is not told by Cilium"},
		{[]trail.Observation{at("to-proxy", "")}, trail.Unknown, "to-proxy", "unknown after to-proxy on node1: the proxy has it, and answers by packets of its own"},
		{[]trail.Observation{at("from-overlay", "cilium_vxlan"), denied, drop}, trail.Dropped, "cilium_vxlan", "dropped on node1, at cilium_vxlan: Policy denied"},
	} {
		v := Judge(&trail.Trail{Packet: "ICMP echo request", Flow: f, Observations: c.all}, Context{})
		if v.Outcome != c.outcome || v.At != c.at || v.Text != c.text || v.Node != "node1" {
			t.Errorf("%s at %q of %q: %s", v.Outcome, v.At, v.Node, v.Text)
		}
	}
}

// Points at one device tell shapes apart.
func TestDatapathShape(t *testing.T) {
	shape := func(points ...string) string {
		x := &trail.Trail{Packet: "UDP"}
		for _, p := range points {
			x.Observations = append(x.Observations, trail.Observation{Stage: trail.StageDatapath, Point: trail.Point{Interface: "eth0"}, Datapath: &trail.Datapath{Point: p}})
		}
		return Shape(x)
	}
	if shape("from-network", "from-host") == shape("from-network", "from-network") {
		t.Error("the shapes are one")
	}
}
