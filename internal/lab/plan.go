package lab

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
)

// Device names and numbers as the models have them.
const (
	bridgeName  = "cni0"      // flannel's delegate, the CNI bridge plugin
	overlayName = "flannel.1" // flanneld: "flannel." + VNI
	uplinkName  = "eth0"
	podName     = "eth0"
	switchName  = "underlay"

	vni       = 1    // flanneld's default
	vxlanPort = 8472 // flanneld's default, not IANA's 4789

	underlayMTU = 1500
	vxlanMTU    = underlayMTU - 50 // outer IPv4, UDP, VXLAN and inner Ethernet headers
)

// caliMAC is the hardware address of every host end that Calico makes.
const caliMAC = "ee:ee:ee:ee:ee:ee"

// Networks that all labs use. Labs do not meet, so they may be the same.
var (
	podNet4   = netip.MustParsePrefix("10.244.0.0/16")
	podNet6   = netip.MustParsePrefix("fd00:244::/32")
	outside4  = netip.MustParseAddr("10.99.0.1")
	outside6  = netip.MustParseAddr("fd00:99::1")
	segment4  = netip.MustParseAddr("10.244.0.1") // the outside host among macvlan pods
	segment6  = netip.MustParseAddr("fd00:244::1")
	caliGate4 = netip.MustParseAddr("169.254.1.1")
	caliGate6 = netip.MustParseAddr("fe80::ecee:eeff:feee:eeee") // from caliMAC by RFC 4291, appendix A
)

// plan lays out the lab that the options ask for; the options are checked.
// It makes nothing: what is not known before the devices exist (indexes,
// inodes) is left out.
func plan(o Options, ipv6 bool) *Lab {
	l := &Lab{Name: o.Name, Flavour: o.Flavour, State: StateBroken}
	l.Outside = Outside{Name: o.Name + "-outside", IPv4: outside4}
	l.Outside.Devices = []Device{device(l.Outside.Name, switchName, RoleBridge, "bridge", underlayMTU)}
	for i := range o.Nodes {
		n := Node{
			Name:    fmt.Sprintf("%s-node%d", o.Name, i+1),
			IPv4:    addr("10.99.0.%d", i+11),
			PodNet4: prefix("10.244.%d.0/24", i+1),
		}
		if ipv6 {
			n.IPv6, n.PodNet6 = addr("fd00:99::%d", i+11), prefix("fd00:244:%d::/64", i+1)
		}
		port := device(l.Outside.Name, fmt.Sprintf("node%d", i+1), RolePort, "veth", underlayMTU)
		port.For = n.Name
		l.Outside.Devices = append(l.Outside.Devices, port)
		n.Devices = []Device{device(n.Name, uplinkName, RoleUplink, "veth", underlayMTU)}
		if o.Flavour == Flannel {
			n.Devices = append(n.Devices,
				device(n.Name, overlayName, RoleOverlay, "vxlan", vxlanMTU),
				device(n.Name, bridgeName, RoleBridge, "bridge", vxlanMTU))
		}
		for j := range o.Pods {
			p := planPod(o, &n, i+1, j+1, ipv6)
			l.Pods = append(l.Pods, p)
			if p.HostDevice != "" {
				n.Devices = append(n.Devices, planHostEnd(o, &p))
			}
		}
		l.Nodes = append(l.Nodes, n)
	}
	if ipv6 {
		l.Outside.IPv6 = outside6
	}
	return l
}

func planPod(o Options, n *Node, i, j int, ipv6 bool) Pod {
	p := Pod{
		Name: fmt.Sprintf("%s-pod%d", n.Name, j),
		Node: n.Name,
		IPv4: addr("10.244.%d.%d", i, j+1),
	}
	if ipv6 {
		p.IPv6 = addr("fd00:244:%d::%d", i, j+1)
	}
	kind, mtu := "veth", underlayMTU
	switch o.Flavour {
	case Flannel:
		mtu = vxlanMTU
		p.HostDevice = vethName(p.Name)
	case PTP:
		p.HostDevice = vethName(p.Name)
	case Calico:
		p.HostDevice = caliName(p.Name)
	case Macvlan, IPvlan:
		kind = string(o.Flavour)
	}
	p.Devices = []Device{device(p.Name, podName, RolePod, kind, mtu)}
	if o.Flavour == IPvlan {
		p.Devices[0].MAC = n.Devices[0].MAC // ipvlan shares its parent's
	}
	return p
}

func planHostEnd(o Options, p *Pod) Device {
	d := device(p.Node, p.HostDevice, RoleHost, "veth", p.Devices[0].MTU)
	d.For = p.Name
	if o.Flavour == Calico {
		d.MAC = caliMAC
	}
	return d
}

func device(ns, name string, role Role, kind string, mtu int) Device {
	return Device{Name: name, Role: role, Kind: kind, MTU: mtu, MAC: macOf(ns, name)}
}

// vethName names the host end of a pod's veth. The CNI plugins take four
// random bytes; here they come from the name, so that a lab made twice is the
// same twice.
func vethName(pod string) string {
	sum := sha1.Sum([]byte(pod))
	return "veth" + hex.EncodeToString(sum[:4])
}

// caliName names the host end as Calico does: "cali" and 11 hex digits of
// SHA-1 over "namespace.pod" (libcalico-go, VethNameForWorkload).
func caliName(pod string) string {
	sum := sha1.Sum([]byte("default." + pod))
	return "cali" + hex.EncodeToString(sum[:])[:11]
}

// macOf derives a locally administered unicast address from the names of a
// namespace and a device.
func macOf(ns, dev string) string {
	sum := sha1.Sum([]byte(ns + "/" + dev))
	sum[0] = 0x02
	return net.HardwareAddr(sum[:6]).String()
}

func addr(format string, n ...any) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf(format, n...))
}

func prefix(format string, n ...any) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf(format, n...))
}

// gateway is the first address of a node's pods: that of cni0, or of the host
// ends of ptp.
func gateway(net netip.Prefix) netip.Addr { return net.Addr().Next() }
