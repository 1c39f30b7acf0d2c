//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/trail"
)

// Neighbour asks for what is known of an address on a device: false if there
// is no entry, which is no fault: nobody asked for it yet.
func (a *Asker) Neighbour(addr netip.Addr, device string) (trail.Neighbour, bool, error) {
	n, ok, err := a.neighbour(addr.Unmap().WithZone(""), device)
	if err != nil {
		return n, false, fmt.Errorf("ask for neighbour %s on %s: %w", addr, device, err)
	}
	return n, ok, nil
}

func (a *Asker) neighbour(addr netip.Addr, device string) (trail.Neighbour, bool, error) {
	none := trail.Neighbour{Addr: addr, Device: device, State: "NONE"}
	l, err := a.link(0, device)
	if err != nil {
		return none, false, err
	}
	c, err := a.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return none, false, err
	}
	head := make([]byte, ndmsgLen)
	head[0] = familyOf(addr.Is6())
	ask := append([]byte(nil), head...)
	putNative32(ask[4:], uint32(l.Index))
	b, err := c.one(unix.RTM_GETNEIGH, nlattr.Append(ask, unix.NDA_DST, addr.AsSlice()...))
	if err == nil {
		n, err := decodeNeighbour(b)
		return named(n, device), err == nil, err
	}
	switch errno := refusal(err); {
	case errno == unix.ENOENT:
		return none, false, nil
	case errno != unix.EOPNOTSUPP && errno != unix.EINVAL:
		return none, false, err
	}
	// Before Linux 5.0 only the whole list can be had.
	found, got := false, none
	err = c.dump(unix.RTM_GETNEIGH, head, func() { found = false }, func(b []byte) error {
		n, err := decodeNeighbour(b)
		if err == nil && n.index == l.Index && n.dst == addr {
			got, found = named(n, device), true
		}
		return err
	})
	return got, found, err
}

func named(n neighbour, device string) trail.Neighbour {
	return trail.Neighbour{Addr: n.dst, Device: device, State: stateName(n.state), MAC: n.mac}
}

// FDB lists where a bridge or a VXLAN device has link addresses: all of them,
// or those of one (mac as "02:42:ac:1e:01:00").
func (a *Asker) FDB(device, mac string) ([]FDBEntry, error) {
	found, err := a.fdb(device, mac)
	return found, wrap("list link addresses of "+device, err)
}

func (a *Asker) fdb(device, mac string) ([]FDBEntry, error) {
	l, err := a.link(0, device)
	if err != nil {
		return nil, err
	}
	c, err := a.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	head := make([]byte, ndmsgLen)
	head[0] = familyBridge
	var found []FDBEntry
	err = c.dump(unix.RTM_GETNEIGH, head, func() { found = nil }, func(b []byte) error {
		n, err := decodeNeighbour(b)
		if err == nil && n.family == familyBridge && (n.index == l.Index || n.master == l.Index) && (mac == "" || n.mac == mac) {
			found = append(found, n.entry())
		}
		return err
	})
	names := a.names()
	for i := range found {
		var devErr, bridgeErr error
		found[i].Device, devErr = names.of(found[i].index)
		found[i].Bridge, bridgeErr = names.of(found[i].master)
		err = errors.Join(err, devErr, bridgeErr)
	}
	return found, err
}
