package correlate

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

// The points of two nodes with one pod each, as in a flannel lab.
var (
	pod1    = trail.Point{Node: "node1", Target: "pod1", Interface: "eth0", Index: 2, Netns: 11, Role: trail.RolePod, Link: packet.LinkEthernet}
	host1   = trail.Point{Node: "node1", Interface: "veth1", Index: 5, Netns: 10, Role: trail.RoleHost, Link: packet.LinkEthernet}
	bridge1 = trail.Point{Node: "node1", Interface: "cni0", Index: 4, Netns: 10, Role: trail.RoleBridge, Link: packet.LinkEthernet}
	over1   = trail.Point{Node: "node1", Interface: "flannel.1", Index: 3, Netns: 10, Role: trail.RoleOverlay, Link: packet.LinkEthernet}
	tun1    = trail.Point{Node: "node1", Interface: "tunl0", Index: 9, Netns: 10, Role: trail.RoleOverlay, Link: packet.LinkRaw}
	up1     = trail.Point{Node: "node1", Interface: "eth0", Index: 2, Netns: 10, Role: trail.RoleUplink, Link: packet.LinkEthernet}
	up2     = trail.Point{Node: "node2", Interface: "eth0", Index: 2, Netns: 20, Role: trail.RoleUplink, Link: packet.LinkEthernet}
	over2   = trail.Point{Node: "node2", Interface: "flannel.1", Index: 3, Netns: 20, Role: trail.RoleOverlay, Link: packet.LinkEthernet}
	bridge2 = trail.Point{Node: "node2", Interface: "cni0", Index: 4, Netns: 20, Role: trail.RoleBridge, Link: packet.LinkEthernet}
	host2   = trail.Point{Node: "node2", Interface: "veth2", Index: 5, Netns: 20, Role: trail.RoleHost, Link: packet.LinkEthernet}
	pod2    = trail.Point{Node: "node2", Target: "pod2", Interface: "eth0", Index: 2, Netns: 21, Role: trail.RolePod, Link: packet.LinkEthernet}
	podB    = trail.Point{Node: "node1", Target: "podb", Interface: "eth0", Index: 2, Netns: 12, Role: trail.RolePod, Link: packet.LinkEthernet}
	hostB   = trail.Point{Node: "node1", Interface: "veth7", Index: 7, Netns: 10, Role: trail.RoleHost, Link: packet.LinkEthernet}
)

var (
	client  = netip.MustParseAddr("10.244.1.2")
	server  = netip.MustParseAddr("10.244.2.3")
	service = netip.MustParseAddr("10.96.68.194")
	node1   = netip.MustParseAddr("10.99.0.11")
	node2   = netip.MustParseAddr("10.99.0.12")
	client6 = netip.MustParseAddr("fd00:244:1::2")
	server6 = netip.MustParseAddr("fd00:244:2::3")

	macPod   = packet.MAC{2, 0, 0, 0, 0, 1}
	macGate  = packet.MAC{2, 0, 0, 0, 0, 2}
	macOver  = packet.MAC{2, 0, 0, 0, 0, 3}
	macOver2 = packet.MAC{2, 0, 0, 0, 0, 4}
	inPod    = build.Ethernet{Src: macPod, Dst: macGate}
	onWire   = build.Ethernet{Src: packet.MAC{2, 0, 0, 0, 0, 5}, Dst: packet.MAC{2, 0, 0, 0, 0, 6}}
	inVXLAN  = build.Ethernet{Src: macOver, Dst: macOver2}
)

// step is one sighting to be, and what it shall say.
type step struct {
	at      trail.Point
	dir     trail.Direction
	layers  []build.Layer
	changes []string
	// snap cuts the frame; 0 does not.
	snap int
}

func (s step) frame(at int64) *trail.Frame {
	data := build.Packet(s.layers...)
	f := &trail.Frame{Time: at, Dir: s.dir, Len: len(data), Data: data}
	if s.snap > 0 && s.snap < len(data) {
		f.Data = data[:s.snap:s.snap]
	}
	return f
}

// packetOf joins a link header and the rest.
func packetOf(first build.Layer, rest ...build.Layer) []build.Layer {
	return append([]build.Layer{first}, rest...)
}

func join(lists ...[]build.Layer) []build.Layer {
	var all []build.Layer
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// echo is an echo request from client to server.
func echo(ttl uint8, ipID, id, seq uint16) []build.Layer {
	return []build.Layer{
		build.IPv4{Src: client, Dst: server, ID: ipID, TTL: ttl},
		build.ICMPv4{Type: packet.ICMPv4Echo, ID: id, Seq: seq},
		build.Payload("some data of fifty-six bytes, as ping sends them: 0123456"),
	}
}
