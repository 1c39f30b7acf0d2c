package lab

import (
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// calicoNode adds a node's routes as BIRD writes them in a cluster without
// encapsulation: the other nodes' blocks by their addresses, and the own
// block as a blackhole, which ends packets to addresses that no pod has.
func (b *builder) calicoNode(s *space, n *Node) {
	b.plainRoutes(s, n, unix.RTPROT_BIRD)
	s.route(route{to: n.PodNet4, kind: unix.RTN_BLACKHOLE, proto: unix.RTPROT_BIRD})
	s.route(route{to: n.PodNet6, kind: unix.RTN_BLACKHOLE, proto: unix.RTPROT_BIRD})
}

// calicoPod wires a pod as Calico's CNI plugin does (cni-plugin,
// dataplane/linux), with the settings that Felix gives to the host end
// (felix, endpoint_mgr.go, configureInterface). The node needs a default
// route: without one, proxy ARP for 169.254.1.1 stays silent.
func calicoPod(host, pod *space, p *Pod) {
	dev := p.HostDevice
	host.sysctl(
		"ipv4/conf/"+dev+"/rp_filter", "1",
		"ipv4/conf/"+dev+"/route_localnet", "1",
		"ipv4/neigh/"+dev+"/proxy_delay", "0",
		"ipv4/conf/"+dev+"/proxy_arp", "1",
		"ipv4/conf/"+dev+"/forwarding", "1",
	)
	if p.IPv6.IsValid() {
		host.sysctl(
			"ipv6/conf/"+dev+"/proxy_ndp", "1",
			"ipv6/conf/"+dev+"/forwarding", "1",
		)
	}
	host.up(dev)
	host.route(route{to: single(p.IPv4), dev: dev, scope: netlink.SCOPE_LINK})
	host.route(route{to: single(p.IPv6), dev: dev})

	pod.up(podName)
	pod.addr(podName, single(p.IPv4))
	pod.route(route{to: single(caliGate4), dev: podName, scope: netlink.SCOPE_LINK})
	pod.route(route{to: anywhere4, via: caliGate4, dev: podName})
	if p.IPv6.IsValid() {
		pod.addr(podName, single(p.IPv6))
		pod.route(route{to: single(caliGate6), dev: podName})
		pod.route(route{to: anywhere6, via: caliGate6, dev: podName})
	}
}
