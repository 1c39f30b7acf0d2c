package lab

import (
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ptpPod routes a pod over its veth as the CNI ptp plugin does
// (containernetworking/plugins, plugins/main/ptp): the gateway's address on
// every host end, and in the pod no way to its neighbours but the gateway.
func ptpPod(host, pod *space, n *Node, p *Pod) {
	host.up(p.HostDevice)
	pod.up(podName)
	ptpRoutes(host, pod, p, p.IPv4, n.PodNet4, anywhere4)
	if n.PodNet6.IsValid() {
		ptpRoutes(host, pod, p, p.IPv6, n.PodNet6, anywhere6)
	}
}

func ptpRoutes(host, pod *space, p *Pod, ip netip.Addr, net, anywhere netip.Prefix) {
	gw := gateway(net)
	host.addr(p.HostDevice, single(gw))
	host.route(route{to: single(ip), dev: p.HostDevice, scope: netlink.SCOPE_HOST})

	pod.do("add address "+ip.String(), func() error {
		// Without the prefix route, which the plugin deletes again.
		a := &netlink.Addr{IPNet: ipNet(within(ip, net.Bits())), Flags: unix.IFA_F_NOPREFIXROUTE}
		if ip.Is6() {
			a.Flags |= unix.IFA_F_NODAD
		}
		return pod.nl.AddrAdd(pod.ref(podName), a)
	})
	pod.route(route{to: single(gw), dev: podName, src: ip, scope: netlink.SCOPE_LINK})
	pod.route(route{to: net, via: gw, dev: podName, src: ip})
	pod.route(route{to: anywhere, via: gw, dev: podName})
}
