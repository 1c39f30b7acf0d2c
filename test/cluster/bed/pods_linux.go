package bed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/test/cluster/machine"
)

// What flanneld makes (backend vxlan), and its numbers.
const (
	vxlanDevice = "flannel.1"
	vxlanID     = 1
	vxlanPort   = 8472
)

// plugNode makes a node's network namespace, its uplink, and its ways to the
// pods of the others.
func (c *Cluster) plugNode(ctx context.Context, n Node) error {
	if err := lab.AddNamespace(n.Space); err != nil {
		return fmt.Errorf("make namespace: %w", err)
	}
	space, err := netns.GetFromName(n.Space)
	if err != nil {
		return fmt.Errorf("open namespace: %w", err)
	}
	defer space.Close()
	if err := addPort(n.Name, space, "eth0", n.IP.String()+"/24"); err != nil {
		return err
	}
	err = lab.Do(n.Space, func() error {
		if err := nodeSettings(); err != nil {
			return err
		}
		eth0, err := netlink.LinkByName("eth0")
		if err != nil {
			return fmt.Errorf("find eth0: %w", err)
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: net.ParseIP(gatewayIP)}); err != nil {
			return fmt.Errorf("add default route: %w", err)
		}
		if c.CNI == Flannel {
			err = c.vxlan(n, eth0)
		} else {
			err = c.plainRoutes(n, eth0)
		}
		if err != nil {
			return err
		}
		return masquerade(ctx, c.CNI, n)
	})
	if err != nil {
		return err
	}
	return lab.Settle(ctx, n.Space)
}

// nodeSettings are the sysctls that every installer of Kubernetes sets.
func nodeSettings() error {
	if err := writeSysctl("net/ipv4/ip_forward", "1"); err != nil {
		return err
	}
	err := writeSysctl("net/bridge/bridge-nf-call-iptables", "1")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // br_netfilter is not loaded, and this is not the place to do so
	}
	return err
}

// vxlan makes the overlay's device and fills in what flanneld learns from the
// API: forwarding entries, neighbours and routes of the other nodes.
func (c *Cluster) vxlan(n Node, eth0 netlink.Link) error {
	la := netlink.NewLinkAttrs()
	la.Name = vxlanDevice
	la.HardwareAddr = vxlanMAC(n)
	dev := &netlink.Vxlan{
		LinkAttrs: la, VxlanId: vxlanID, VtepDevIndex: eth0.Attrs().Index,
		SrcAddr: n.IP.AsSlice(), Port: vxlanPort, Learning: false,
	}
	if err := netlink.LinkAdd(dev); err != nil {
		return fmt.Errorf("add %s: %w", vxlanDevice, err)
	}
	if err := setUp(dev, n.Pods.Addr().String()+"/32"); err != nil {
		return err
	}
	for _, o := range c.Nodes {
		if o.Name == n.Name {
			continue
		}
		fdb := &netlink.Neigh{
			LinkIndex: dev.Index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF, State: netlink.NUD_PERMANENT,
			IP: o.IP.AsSlice(), HardwareAddr: vxlanMAC(o),
		}
		arp := &netlink.Neigh{LinkIndex: dev.Index, State: netlink.NUD_PERMANENT, IP: o.Pods.Addr().AsSlice(), HardwareAddr: vxlanMAC(o)}
		route := &netlink.Route{LinkIndex: dev.Index, Dst: ipNet(o.Pods), Gw: o.Pods.Addr().AsSlice(), Flags: int(netlink.FLAG_ONLINK)}
		if err := errors.Join(netlink.NeighAppend(fdb), netlink.NeighSet(arp), netlink.RouteAdd(route)); err != nil {
			return fmt.Errorf("add way to %s: %w", o.Name, err)
		}
	}
	return nil
}

// vxlanMAC is the overlay's address of a node, locally administered.
func vxlanMAC(n Node) net.HardwareAddr {
	return net.HardwareAddr{0x02, 0xfa, 0, 0, 0, byte(n.Index)}
}

// plainRoutes leads to the other nodes' pods without encapsulation.
func (c *Cluster) plainRoutes(n Node, eth0 netlink.Link) error {
	for _, o := range c.Nodes {
		if o.Name == n.Name {
			continue
		}
		err := netlink.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Dst: ipNet(o.Pods), Gw: o.IP.AsSlice()})
		if err != nil {
			return fmt.Errorf("add way to %s: %w", o.Name, err)
		}
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// masquerade gives pods the node's address towards the outside: by the chain
// that flanneld makes, or by one rule.
func masquerade(ctx context.Context, cni CNI, n Node) error {
	rules := []string{"*nat", "-A POSTROUTING -s " + podNet + " ! -d " + podNet + " -j MASQUERADE"}
	if cni == Flannel {
		const end = ` -m comment --comment "flanneld masq" -j `
		chain := "-A FLANNEL-POSTRTG "
		rules = []string{
			"*nat", ":FLANNEL-POSTRTG - [0:0]",
			"-A POSTROUTING" + end + "FLANNEL-POSTRTG",
			chain + "-m mark --mark 0x4000/0x4000" + end + "RETURN",
			chain + "-s " + n.Pods.String() + " -d " + podNet + end + "RETURN",
			chain + "-s " + podNet + " -d " + n.Pods.String() + end + "RETURN",
			chain + "! -s " + podNet + " -d " + n.Pods.String() + end + "RETURN",
			chain + "-s " + podNet + " ! -d 224.0.0.0/4" + end + "MASQUERADE --random-fully",
			chain + "! -s " + podNet + " -d " + podNet + end + "MASQUERADE --random-fully",
		}
	}
	cmd := exec.CommandContext(ctx, "iptables-restore", "-n", "-w")
	cmd.Env = machine.Environment()
	cmd.Stdin = strings.NewReader(strings.Join(rules, "\n") + "\nCOMMIT\n")
	if err := run(cmd); err != nil {
		return fmt.Errorf("add masquerading: %w", err)
	}
	return nil
}
