package netlink

import (
	"encoding/binary"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes of WireGuard (WGDEVICE_A_*, WGPEER_A_*, WGALLOWEDIP_A_* of
// linux/wireguard.h). Those of keys are named to say that they are passed over.
const (
	wgGetDevice = 0 // WG_CMD_GET_DEVICE
	wgIfIndex   = 1
	wgPort      = 6
	wgMark      = 7
	wgPeers     = 8

	wgPeerKey       = 1
	wgPeerEndpoint  = 4
	wgPeerKeepalive = 5
	wgPeerHandshake = 6
	wgPeerRx        = 7
	wgPeerTx        = 8
	wgPeerAllowed   = 9

	wgAllowedAddr = 2
	wgAllowedBits = 3
)

// wgDevice puts the answers for one device together. The kernel cuts long lists
// anywhere: a peer may go on in the next message, under the same key.
type wgDevice struct {
	netstate.WireGuard
	// last is the key of the last peer: compared, and forgotten at the end.
	last string
}

// add reads one message: struct genlmsghdr and attributes.
func (d *wgDevice) add(body []byte) error {
	if len(body) < genlLen {
		return errCut
	}
	for typ, v := range nlattr.All(body[genlLen:]) {
		switch typ {
		case wgPort:
			d.Port = native16(v)
		case wgMark:
			d.Mark = native32(v)
		case wgPeers:
			for _, v := range nlattr.All(v) {
				d.peer(v)
			}
		}
	}
	return nil
}

func (d *wgDevice) peer(v []byte) {
	key := ""
	for typ, v := range nlattr.All(v) {
		if typ == wgPeerKey {
			key = string(v)
		}
	}
	if key == "" || key != d.last || len(d.Peers) == 0 {
		d.Peers = append(d.Peers, netstate.WireGuardPeer{})
	}
	d.last = key
	p := &d.Peers[len(d.Peers)-1]
	for typ, v := range nlattr.All(v) {
		switch typ {
		case wgPeerEndpoint:
			p.Endpoint = socketAddress(v)
		case wgPeerKeepalive:
			p.Keepalive = native16(v)
		case wgPeerHandshake: // struct __kernel_timespec
			p.Handshake = int64(native64(v))
		case wgPeerRx:
			p.RxBytes = native64(v)
		case wgPeerTx:
			p.TxBytes = native64(v)
		case wgPeerAllowed:
			for _, v := range nlattr.All(v) {
				if prefix := wgAllowed(v); prefix.IsValid() {
					p.AllowedIPs = append(p.AllowedIPs, prefix)
				}
			}
		}
	}
}

func wgAllowed(v []byte) netip.Prefix {
	var addr netip.Addr
	bits := -1
	for typ, v := range nlattr.All(v) {
		switch {
		case typ == wgAllowedAddr:
			addr, _ = netip.AddrFromSlice(v)
		case typ == wgAllowedBits && len(v) > 0:
			bits = int(v[0])
		}
	}
	return netip.PrefixFrom(addr, bits)
}

// socketAddress reads struct sockaddr_in or sockaddr_in6; not valid for
// another family.
func socketAddress(v []byte) netip.AddrPort {
	const size4, size6 = 16, 28
	switch {
	case len(v) >= size4 && native16(v) == familyIPv4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(v[4:8])), binary.BigEndian.Uint16(v[2:]))
	case len(v) >= size6 && native16(v) == familyIPv6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(v[8:24])), binary.BigEndian.Uint16(v[2:]))
	}
	return netip.AddrPort{}
}

func native64(v []byte) uint64 {
	if len(v) < 8 {
		return 0
	}
	return binary.NativeEndian.Uint64(v)
}
