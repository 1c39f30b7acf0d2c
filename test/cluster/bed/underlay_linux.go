package bed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/pktrail/pktrail/internal/lab"
)

// hubBridge is the switch's name in its namespace.
const hubBridge = "br0"

// plug makes the switch and joins the nodes and the machine to it.
func (c *Cluster) plug(ctx context.Context) error {
	if err := freeUnderlay(); err != nil {
		return err
	}
	if err := lab.AddNamespace(hubSpace); err != nil {
		return fmt.Errorf("make switch: %w", err)
	}
	if err := lab.Do(hubSpace, makeHub); err != nil {
		return fmt.Errorf("make switch: %w", err)
	}
	here, err := netns.Get()
	if err != nil {
		return fmt.Errorf("open own namespace: %w", err)
	}
	defer here.Close()
	if err := addPort("host", here, hostDevice, HostIP+"/24"); err != nil {
		return err
	}
	for _, n := range c.Nodes {
		if err := c.plugNode(ctx, n); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	return lab.Settle(ctx, hubSpace)
}

// freeUnderlay refuses a machine where the underlay's addresses are in use.
func freeUnderlay() error {
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("list addresses: %w", err)
	}
	_, ours, err := net.ParseCIDR(underlay)
	if err != nil {
		return fmt.Errorf("parse underlay: %w", err)
	}
	for _, a := range addrs {
		if ours.Contains(a.IP) || a.Contains(ours.IP) {
			return fmt.Errorf("the nodes' network %s is in use here: %s is on %s", underlay, a.IPNet, deviceName(a.LinkIndex))
		}
	}
	return nil
}

func deviceName(index int) string {
	l, err := netlink.LinkByIndex(index)
	if err != nil {
		return fmt.Sprintf("device %d", index)
	}
	return l.Attrs().Name
}

// makeHub runs in the switch's namespace.
func makeHub() error {
	la := netlink.NewLinkAttrs()
	la.Name = hubBridge
	br := &netlink.Bridge{LinkAttrs: la}
	if err := netlink.LinkAdd(br); err != nil {
		return fmt.Errorf("add bridge: %w", err)
	}
	if err := setUp(br, gatewayIP+"/24"); err != nil {
		return err
	}
	if err := writeSysctl("net/ipv4/ip_forward", "1"); err != nil {
		return err
	}
	_, all, err := net.ParseCIDR("0.0.0.0/0")
	if err != nil {
		return fmt.Errorf("parse route: %w", err)
	}
	if err := netlink.RouteAdd(&netlink.Route{Dst: all, Type: unreachable}); err != nil {
		return fmt.Errorf("add route: %w", err)
	}
	return nil
}

// unreachable is RTN_UNREACHABLE of linux/rtnetlink.h: the sender is told.
const unreachable = 7

// addPort makes a cable from the switch to a device elsewhere.
func addPort(port string, other netns.NsHandle, device, addr string) error {
	err := lab.Do(hubSpace, func() error {
		br, err := netlink.LinkByName(hubBridge)
		if err != nil {
			return fmt.Errorf("find bridge: %w", err)
		}
		la := netlink.NewLinkAttrs()
		la.Name = port
		la.MasterIndex = br.Attrs().Index
		veth := &netlink.Veth{LinkAttrs: la, PeerName: device, PeerNamespace: netlink.NsFd(other)}
		if err := netlink.LinkAdd(veth); err != nil {
			return fmt.Errorf("add cable %s: %w", port, err)
		}
		return netlink.LinkSetUp(veth)
	})
	if err != nil {
		return err
	}
	h, err := netlink.NewHandleAt(other)
	if err != nil {
		return fmt.Errorf("open namespace: %w", err)
	}
	defer h.Close()
	l, err := h.LinkByName(device)
	if err != nil {
		return fmt.Errorf("find %s: %w", device, err)
	}
	a, err := netlink.ParseAddr(addr)
	if err != nil {
		return fmt.Errorf("parse address: %w", err)
	}
	return errors.Join(h.AddrAdd(l, a), h.LinkSetUp(l))
}

func setUp(l netlink.Link, addr string) error {
	a, err := netlink.ParseAddr(addr)
	if err != nil {
		return fmt.Errorf("parse address: %w", err)
	}
	if err := netlink.AddrAdd(l, a); err != nil {
		return fmt.Errorf("add address to %s: %w", l.Attrs().Name, err)
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return fmt.Errorf("set %s up: %w", l.Attrs().Name, err)
	}
	return nil
}

// writeSysctl sets a value of the calling thread's network namespace.
func writeSysctl(name, value string) error {
	if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil {
		return fmt.Errorf("set sysctl: %w", err)
	}
	return nil
}

// unplug takes away what plug made. What is not there is no error.
func (c *Cluster) unplug() error {
	var errs []error
	for _, n := range c.Nodes {
		errs = append(errs, lab.DeleteNamespace(n.Space))
	}
	errs = append(errs, lab.DeleteNamespace(hubSpace))
	l, err := netlink.LinkByName(hostDevice)
	if gone := (netlink.LinkNotFoundError{}); errors.As(err, &gone) {
		return errors.Join(errs...)
	}
	if err == nil {
		err = netlink.LinkDel(l)
	}
	if err != nil {
		errs = append(errs, fmt.Errorf("remove %s: %w", hostDevice, err))
	}
	return errors.Join(errs...)
}
