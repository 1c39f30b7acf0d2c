package iproute

import (
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// devices are the names of a namespace's interfaces by their indexes.
type devices map[int]string

func devicesOf(ns *netstate.Namespace) devices {
	d := make(devices, len(ns.Links))
	for i := range ns.Links {
		d[ns.Links[i].Index] = ns.Links[i].Name
	}
	return d
}

// name gives an interface's name; one that is not there is "if7", and "*" is
// none.
func (d devices) name(index int) string {
	if name, ok := d[index]; ok {
		return name
	}
	if index == 0 {
		return "*"
	}
	return "if" + strconv.Itoa(index)
}

// hostText writes an address as inet_ntop(3) does, which differs from
// netip.Addr in IPv4-compatible addresses alone: "::10.0.0.1".
func hostText(a netip.Addr) string {
	if !a.Is6() || a.Is4In6() {
		return a.String()
	}
	b := a.As16()
	for _, c := range b[:12] {
		if c != 0 {
			return a.WithZone("").String()
		}
	}
	if b[12] == 0 && b[13] == 0 {
		return a.WithZone("").String() // the run of zeros is longer: "::1"
	}
	return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
}
