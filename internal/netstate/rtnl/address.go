package rtnl

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes of addresses (IFA_* of linux/if_addr.h).
const (
	addrAddress   = 1
	addrLocal     = 2
	addrLabel     = 3
	addrBroadcast = 4
	addrAnycast   = 5
	addrCache     = 6
	addrFlags     = 8
	addrMetric    = 9
	addrProtocol  = 11
)

// Address decodes the body of RTM_NEWADDR: struct ifaddrmsg and attributes.
func Address(body []byte) (netstate.Address, error) {
	const header = 8
	if len(body) < header {
		return netstate.Address{}, fmt.Errorf("decode address: %w", errCut)
	}
	a := netstate.Address{
		Flags: uint32(body[2]), Scope: body[3], Link: int(int32(binary.NativeEndian.Uint32(body[4:]))),
	}
	bits := int(body[1])
	var address, local netip.Addr
	for typ, v := range nlattr.All(body[header:]) {
		known := false
		switch typ {
		case addrAddress:
			address, known = netip.AddrFromSlice(v)
		case addrLocal:
			local, known = netip.AddrFromSlice(v)
		case addrBroadcast:
			a.Broadcast, known = netip.AddrFromSlice(v)
		case addrAnycast:
			a.Anycast, known = netip.AddrFromSlice(v)
		case addrLabel:
			known = getText(v, &a.Label)
		case addrFlags:
			known = get32(v, &a.Flags)
		case addrMetric:
			known = get32(v, &a.Metric)
		case addrProtocol:
			known = get8(v, &a.Protocol)
		case addrCache: // struct ifa_cacheinfo
			known = len(v) >= 16 && get32(v, &a.Preferred) && get32(v[4:], &a.Valid) &&
				get32(v[8:], &a.Created) && get32(v[12:], &a.Updated)
		}
		if !known {
			a.Raw = keep(a.Raw, typ, v)
		}
	}
	if !local.IsValid() {
		local = address
	}
	if !local.IsValid() || bits > local.BitLen() || address.IsValid() && address.BitLen() != local.BitLen() {
		return netstate.Address{}, fmt.Errorf("decode address: %s/%d with %s", local, bits, address)
	}
	a.Prefix = netip.PrefixFrom(local, bits)
	if address.IsValid() && address != local {
		a.Peer = netip.PrefixFrom(address, bits)
	}
	return a, nil
}
