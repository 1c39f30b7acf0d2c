package netns

import (
	"context"

	"github.com/vishvananda/netlink"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Devices lists the interfaces of the namespace, in the order of their
// index; for an if: target that one alone.
func (n *Namespace) Devices(ctx context.Context) ([]Device, error) {
	w := newWalk(ctx, n)
	defer w.close()
	v, err := w.view(n)
	if err != nil {
		return nil, err
	}
	place, err := w.locate(v)
	if err != nil {
		return nil, err
	}
	var devices []Device
	for _, l := range v.links {
		if n.device == "" || l.Attrs().Name == n.device {
			devices = append(devices, place.device(n, l))
		}
	}
	if len(devices) == 0 && n.device != "" {
		return nil, &NotFoundError{What: "interface " + n.device}
	}
	return devices, nil
}

// Points lists the interfaces of the namespace as points without a role, in
// the order of their index; for an if: target that one alone.
func (n *Namespace) Points(ctx context.Context) ([]trail.Point, error) {
	devices, err := n.Devices(ctx)
	if err != nil {
		return nil, err
	}
	points := make([]trail.Point, len(devices))
	for i, d := range devices {
		points[i] = d.Point
	}
	return points, nil
}

// devices lists all interfaces without saying whose they are.
func (n *Namespace) devices() ([]Device, error) {
	v, err := newView(n)
	if err != nil {
		return nil, err
	}
	defer v.close()
	devices := make([]Device, len(v.links))
	for i, l := range v.links {
		devices[i] = place{}.device(n, l)
	}
	return devices, nil
}

// place says to whom the points of a namespace belong.
type place struct {
	node   string // the machine, or the namespace that plays one
	target string // empty in the node's own namespace
}

func (p place) device(n *Namespace, l netlink.Link) Device {
	a := l.Attrs()
	return Device{
		Point: trail.Point{
			Node: p.node, Target: p.target,
			Interface: a.Name, Index: a.Index, Netns: n.Inode,
			Kind: kindOf(l), Link: linkType(a), MTU: a.MTU, MAC: hardwareAddr(a),
		},
		Up: isUp(l), Loopback: isLoopback(l), Idle: isFallback(l), Alias: a.Alias, AltNames: a.AltNames,
	}
}

// kindOf is IFLA_INFO_KIND. The library calls a link without one "device",
// and a tun or tap by its own name.
func kindOf(l netlink.Link) string {
	switch k := l.Type(); k {
	case "device":
		return ""
	case "tuntap":
		return "tun"
	default:
		return k
	}
}

// linkType says what a packet socket reads first: an Ethernet header on
// ARPHRD_ETHER and ARPHRD_LOOPBACK, else no header of a form that could be
// relied on, so that capture begins at the network header.
func linkType(a *netlink.LinkAttrs) packet.LinkType {
	switch a.EncapType {
	case "ether", "loopback":
		return packet.LinkEthernet
	}
	return packet.LinkRaw
}

// hardwareAddr is the MAC address. Tunnels have an IP address in its place.
func hardwareAddr(a *netlink.LinkAttrs) string {
	if linkType(a) != packet.LinkEthernet {
		return ""
	}
	return a.HardwareAddr.String()
}
