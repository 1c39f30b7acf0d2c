package lab

import "github.com/vishvananda/netlink"

// segmentPod makes a pod's eth0 on top of the node's, by macvlan in bridge
// mode or ipvlan in layer 2 mode. All pods share the underlay's segment: the
// whole pod network is on link, and the outside host is the gateway. As with
// every macvlan, a pod and its own node's eth0 do not hear each other.
func segmentPod(host, pod *space, p *Pod, f Flavour) {
	// Made under another name: kernels look for the new name among the
	// parent's neighbours too, where it is taken.
	d := p.Devices[0]
	d.Name = "pod-eth0"
	a := attrs(d)
	a.ParentIndex = host.dev(uplinkName)
	a.Namespace = netlink.NsFd(pod.ns.Fd())
	if f == Macvlan {
		host.add(&netlink.Macvlan{LinkAttrs: a, Mode: netlink.MACVLAN_MODE_BRIDGE})
	} else {
		a.HardwareAddr = nil // the parent's
		host.add(&netlink.IPVlan{LinkAttrs: a, Mode: netlink.IPVLAN_MODE_L2})
	}
	if host.err != nil {
		return
	}
	link := pod.ref(d.Name)
	pod.do("rename "+d.Name, func() error { return pod.nl.LinkSetName(link, podName) })
	pod.up(podName)
	pod.addr(podName, within(p.IPv4, podNet4.Bits()))
	pod.route(route{to: anywhere4, via: segment4, dev: podName})
	if p.IPv6.IsValid() {
		pod.addr(podName, within(p.IPv6, podNet6.Bits()))
		pod.route(route{to: anywhere6, via: segment6, dev: podName})
	}
}
