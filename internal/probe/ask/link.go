package ask

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Link is one network device.
type Link struct {
	Name  string
	Index int
	// Kind is IFLA_INFO_KIND, "veth", "bridge", "vxlan"; empty for physical
	// devices and loopback.
	Kind string
	// MTU in bytes.
	MTU int
	// Up is IFF_UP: somebody switched it on.
	Up bool
	// State is RFC 2863's as iproute2 writes it: "UP", "DOWN", "UNKNOWN",
	// "LOWERLAYERDOWN", "DORMANT".
	State string
	// Master is the index of the bridge, bond or VRF that it is a port of;
	// valid iff not 0.
	Master int
	// MAC is empty for a device without link addresses of 6 bytes.
	MAC string
	// Group is the device's group, which suppress_ifgroup looks at.
	Group uint32
	// VRFTable is the table of a VRF; valid iff Kind is "vrf".
	VRFTable uint32
	// Addresses of the device with their prefix lengths.
	Addresses []netip.Prefix
}

// decodeLink reads the payload of an RTM_NEWLINK: struct ifinfomsg and
// IFLA_ attributes (linux/if_link.h).
func decodeLink(b []byte) (Link, error) {
	if len(b) < 16 {
		return Link{}, fmt.Errorf("decode link: %w", errCut)
	}
	l := Link{
		Index: int(int32(binary.NativeEndian.Uint32(b[4:]))),
		Up:    binary.NativeEndian.Uint32(b[8:])&1 != 0, // IFF_UP
	}
	for typ, v := range nlattr.All(b[16:]) {
		switch typ {
		case 1:
			if len(v) == 6 {
				l.MAC = net.HardwareAddr(v).String()
			}
		case 3:
			l.Name = nlattr.Text(v)
		case 4:
			l.MTU = int(u32(v))
		case 10:
			l.Master = int(u32(v))
		case 16:
			l.State = operState(u8(v))
		case 18:
			l.takeInfo(v)
		case 27:
			l.Group = u32(v)
		}
	}
	return l, nil
}

// takeInfo reads IFLA_LINKINFO.
func (l *Link) takeInfo(b []byte) {
	var data []byte
	for typ, v := range nlattr.All(b) {
		switch typ {
		case 1:
			l.Kind = nlattr.Text(v)
		case 2:
			data = v
		}
	}
	if l.Kind != "vrf" {
		return
	}
	for typ, v := range nlattr.All(data) {
		if typ == 1 { // IFLA_VRF_TABLE
			l.VRFTable = u32(v)
		}
	}
}

func operState(s uint8) string {
	names := [...]string{"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"}
	if int(s) < len(names) {
		return names[s]
	}
	return strconv.Itoa(int(s))
}

// decodeAddress reads an RTM_NEWADDR's payload: struct ifaddrmsg and IFA_
// attributes (linux/if_addr.h).
func decodeAddress(b []byte) (index int, p netip.Prefix, err error) {
	if len(b) < 8 {
		return 0, p, fmt.Errorf("decode address: %w", errCut)
	}
	var addr, local netip.Addr
	for typ, v := range nlattr.All(b[8:]) {
		switch typ {
		case 1:
			addr = addrOf(v)
		case 2:
			local = addrOf(v) // differs from addr at the end of a tunnel
		}
	}
	if local.IsValid() {
		addr = local
	}
	if p = netip.PrefixFrom(addr, int(b[1])); !p.IsValid() {
		return 0, p, fmt.Errorf("decode address: %v/%d is no prefix", addr, b[1])
	}
	return int(int32(binary.NativeEndian.Uint32(b[4:]))), p, nil
}

// byName finds a device; false for an empty name too.
func byName(links []Link, name string) (Link, bool) {
	for _, l := range links {
		if name != "" && l.Name == name {
			return l, true
		}
	}
	return Link{}, false
}

// byIndex finds a device.
func byIndex(links []Link, index int) (Link, bool) {
	for _, l := range links {
		if l.Index == index {
			return l, true
		}
	}
	return Link{}, false
}
