package lab

import (
	"net/netip"

	"github.com/vishvananda/netlink"
)

// anywhere4 and anywhere6 are the destinations of default routes.
var (
	anywhere4 = netip.MustParsePrefix("0.0.0.0/0")
	anywhere6 = netip.MustParsePrefix("::/0")
)

// outside makes the underlay's switch in the outside host's namespace, with
// the host's own address on it, plugs the nodes in and adds the ways back to
// their pods.
func (b *builder) outside() error {
	o := b.lab.Outside
	s := b.spaces[o.Name]
	s.add(&netlink.Bridge{LinkAttrs: attrs(o.Devices[0])})
	s.up(switchName)
	s.addr(switchName, within(o.IPv4, 24))
	s.addr(switchName, within(o.IPv6, 64))
	for i := range b.lab.Nodes {
		n, port := &b.lab.Nodes[i], o.Devices[i+1]
		s.addVeth(port, b.spaces[n.Name], n.Devices[0])
		s.plug(port.Name, switchName, false)
		s.up(port.Name)
		if !b.segment() {
			s.route(route{to: n.PodNet4, via: n.IPv4, dev: switchName})
			s.route(route{to: n.PodNet6, via: n.IPv6, dev: switchName})
		}
	}
	if b.segment() {
		s.addr(switchName, within(segment4, podNet4.Bits()))
		if b.mark.IPv6 {
			s.addr(switchName, within(segment6, podNet6.Bits()))
		}
	}
	return s.err
}

// segment says whether the pods are on one layer 2 segment with the underlay.
func (b *builder) segment() bool {
	return b.lab.Flavour == Macvlan || b.lab.Flavour == IPvlan
}

// node wires one node, without its pods.
func (b *builder) node(n *Node) error {
	s := b.spaces[n.Name]
	s.up(uplinkName)
	s.addr(uplinkName, within(n.IPv4, 24))
	s.addr(uplinkName, within(n.IPv6, 64))
	s.route(route{to: anywhere4, via: outside4, dev: uplinkName})
	if b.mark.IPv6 {
		s.route(route{to: anywhere6, via: outside6, dev: uplinkName})
	}
	switch b.lab.Flavour {
	case Flannel:
		b.flannelNode(s, n)
	case PTP:
		b.plainRoutes(s, n, 0)
	case Calico:
		b.calicoNode(s, n)
	}
	return s.err
}

// plainRoutes adds the ways to the other nodes' pods without encapsulation.
func (b *builder) plainRoutes(s *space, n *Node, proto netlink.RouteProtocol) {
	for _, o := range b.lab.Nodes {
		if o.Name != n.Name {
			s.route(route{to: o.PodNet4, via: o.IPv4, dev: uplinkName, proto: proto})
			s.route(route{to: o.PodNet6, via: o.IPv6, dev: uplinkName, proto: proto})
		}
	}
}

// pod wires one pod to its node.
func (b *builder) pod(p *Pod) error {
	n := b.lab.Node(p.Node)
	host, pod := b.spaces[n.Name], b.spaces[p.Name]
	if p.HostDevice != "" {
		host.addVeth(planHostEnd(Options{Flavour: b.lab.Flavour}, p), pod, p.Devices[0])
		if host.err != nil {
			return host.err
		}
	}
	switch b.lab.Flavour {
	case Flannel:
		flannelPod(host, pod, n, p)
	case PTP:
		ptpPod(host, pod, n, p)
	case Calico:
		calicoPod(host, pod, p)
	case Macvlan, IPvlan:
		segmentPod(host, pod, p, b.lab.Flavour)
	}
	if host.err != nil {
		return host.err
	}
	return pod.err
}
