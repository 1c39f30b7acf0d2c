package lab

import (
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// flannelNode makes flannel.1 with the entries that flanneld's vxlan backend
// writes (flannel, pkg/backend/vxlan: device.go, vxlan_network.go), and cni0
// as its delegate, the CNI bridge plugin, makes it.
func (b *builder) flannelNode(s *space, n *Node) {
	vxlan, bridge := n.Devices[1], n.Devices[2]
	s.add(&netlink.Vxlan{
		LinkAttrs:    attrs(vxlan),
		VxlanId:      vni,
		VtepDevIndex: s.dev(uplinkName),
		SrcAddr:      n.IPv4.AsSlice(),
		Port:         vxlanPort,
		Learning:     false,
	})
	// The network's own address, with its whole length: flannel's way to a
	// source address that a remote node can answer to.
	s.addr(vxlan.Name, single(n.PodNet4.Addr()))
	s.addr(vxlan.Name, single(n.PodNet6.Addr()))
	s.up(vxlan.Name)
	for _, o := range b.lab.Nodes {
		if o.Name == n.Name {
			continue
		}
		mac := o.Devices[1].MAC
		s.neighbour(vxlan.Name, o.PodNet4.Addr(), mac)
		s.neighbour(vxlan.Name, o.PodNet6.Addr(), mac)
		s.fdb(vxlan.Name, o.IPv4, mac)
		s.route(route{to: o.PodNet4, via: o.PodNet4.Addr(), dev: vxlan.Name, flags: unix.RTNH_F_ONLINK})
		s.route(route{to: o.PodNet6, via: o.PodNet6.Addr(), dev: vxlan.Name, flags: unix.RTNH_F_ONLINK})
	}
	s.add(&netlink.Bridge{LinkAttrs: attrs(bridge)})
	s.up(bridge.Name)
	s.addr(bridge.Name, within(gateway(n.PodNet4), 24))
	if n.PodNet6.IsValid() {
		s.addr(bridge.Name, within(gateway(n.PodNet6), 64))
	}
}

// flannelPod plugs a pod into cni0, with hairpin mode as flannel's delegate
// is configured, and routes it by cni0.
func flannelPod(host, pod *space, n *Node, p *Pod) {
	host.plug(p.HostDevice, bridgeName, true)
	host.up(p.HostDevice)
	pod.up(podName)
	pod.addr(podName, within(p.IPv4, 24))
	pod.route(route{to: anywhere4, via: gateway(n.PodNet4), dev: podName})
	pod.route(route{to: podNet4, via: gateway(n.PodNet4), dev: podName})
	if n.PodNet6.IsValid() {
		pod.addr(podName, within(p.IPv6, 64))
		pod.route(route{to: anywhere6, via: gateway(n.PodNet6), dev: podName})
		pod.route(route{to: podNet6, via: gateway(n.PodNet6), dev: podName})
	}
}
