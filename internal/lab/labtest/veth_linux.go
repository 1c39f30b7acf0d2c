package labtest

import (
	"fmt"
	"net"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
)

// VethPair connects two namespaces by a veth pair, up and ready to send on
// both ends. It is gone with either namespace.
func VethPair(tb testing.TB, a, b VethEnd) {
	tb.Helper()
	err := lab.Do(a.Namespace, func() error {
		other, err := netns.GetFromName(b.Namespace)
		if err != nil {
			return fmt.Errorf("open namespace %s: %w", b.Namespace, err)
		}
		defer other.Close()
		la := netlink.NewLinkAttrs()
		la.Name = a.Device
		if la.Index, err = freeIndex(other); err != nil {
			return err
		}
		err = netlink.LinkAdd(&netlink.Veth{LinkAttrs: la, PeerName: b.Device, PeerNamespace: netlink.NsFd(other)})
		if err != nil {
			return fmt.Errorf("add veth %s: %w", a.Device, err)
		}
		return setUp(a)
	})
	if err == nil {
		err = lab.Do(b.Namespace, func() error { return setUp(b) })
	}
	for _, e := range []VethEnd{a, b} {
		if err == nil {
			err = lab.Settle(tb.Context(), e.Namespace)
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// freeIndex returns an ifindex that the other end will not have. With the
// same index on both ends the kernel takes a veth for a device without a
// peer, and its linkwatch is in no hurry to see the carrier: up to a second
// (net/core/link_watch.c, linkwatch_urgent_event).
func freeIndex(other netns.NsHandle) (int, error) {
	here, err := netlink.LinkList()
	if err != nil {
		return 0, fmt.Errorf("list devices: %w", err)
	}
	h, err := netlink.NewHandleAt(other, unix.NETLINK_ROUTE)
	if err != nil {
		return 0, fmt.Errorf("speak netlink: %w", err)
	}
	defer h.Close()
	there, err := h.LinkList()
	if err != nil {
		return 0, fmt.Errorf("list devices: %w", err)
	}
	index := 0
	for _, l := range append(here, there...) {
		index = max(index, l.Attrs().Index)
	}
	return index + 2, nil // the other end gets an index of at most 1 more
}

// setUp configures one end in the calling thread's namespace.
func setUp(e VethEnd) error {
	link, err := netlink.LinkByName(e.Device)
	if err != nil {
		return fmt.Errorf("find %s: %w", e.Device, err)
	}
	for _, p := range e.Addresses {
		a := &netlink.Addr{IPNet: &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}}
		if p.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD
		}
		if err := netlink.AddrAdd(link, a); err != nil {
			return fmt.Errorf("add address %s: %w", p, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("set %s up: %w", e.Device, err)
	}
	return nil
}
