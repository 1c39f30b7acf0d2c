package ask

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// FDBEntry says behind which port a link address is: of a bridge, or of a
// VXLAN device, whose ports are other machines.
type FDBEntry struct {
	// MAC is all zeros for a VXLAN device's default.
	MAC string
	// Device is the port, or the VXLAN device itself.
	Device string
	// Bridge is the bridge that learned it; empty for a device's own list
	// ("self").
	Bridge string
	// Dst is the machine behind a VXLAN device, with its UDP port if that is
	// not the device's.
	Dst     netip.Addr
	DstPort uint16
	// VNI if it is not the device's; valid iff not 0.
	VNI uint32
	// VLAN is valid iff not 0.
	VLAN uint16
	// State is "permanent", "static", "stale" or empty for one that was heard
	// of lately.
	State string
	// Nexthop is the id of a group of machines; valid iff not 0.
	Nexthop uint32

	index, master int
}

// String is the entry as `bridge fdb` prints it, without the ageing.
func (f FDBEntry) String() string {
	w := words{f.MAC, "dev", f.Device}
	if f.Dst.IsValid() {
		w.add("dst", f.Dst.String())
	}
	if f.DstPort != 0 {
		w.add("port", strconv.Itoa(int(f.DstPort)))
	}
	if f.VLAN != 0 {
		w.add("vlan", strconv.Itoa(int(f.VLAN)))
	}
	if f.VNI != 0 {
		w.add("vni", number(f.VNI))
	}
	if f.Nexthop != 0 {
		w.add("nhid", number(f.Nexthop))
	}
	if f.Bridge != "" {
		w.add("master", f.Bridge)
	} else {
		w.add("self")
	}
	if f.State != "" {
		w.add(f.State)
	}
	return w.String()
}

// neighbour is a decoded RTM_NEWNEIGH, of an address or of a bridge's list.
type neighbour struct {
	family  uint8
	index   int
	state   uint16
	flags   uint8
	dst     netip.Addr
	mac     string
	vlan    uint16
	port    uint16
	vni     uint32
	master  int
	nexthop uint32
}

// ndmsgLen is the length of struct ndmsg (linux/neighbour.h).
const ndmsgLen = 12

func decodeNeighbour(b []byte) (neighbour, error) {
	if len(b) < ndmsgLen {
		return neighbour{}, fmt.Errorf("decode neighbour: %w", errCut)
	}
	n := neighbour{
		family: b[0], index: int(int32(binary.NativeEndian.Uint32(b[4:]))),
		state: binary.NativeEndian.Uint16(b[8:]), flags: b[10],
	}
	for typ, v := range nlattr.All(b[ndmsgLen:]) { // NDA_ of linux/neighbour.h
		switch typ {
		case 1:
			n.dst = addrOf(v)
		case 2:
			n.mac = net.HardwareAddr(v).String()
		case 5:
			n.vlan = u16(v)
		case 6:
			n.port = nlattr.BE16(v)
		case 7:
			n.vni = u32(v)
		case 9:
			n.master = int(u32(v))
		case 13:
			n.nexthop = u32(v)
		}
	}
	return n, nil
}

// NUD_ states of linux/neighbour.h.
const (
	nudStale     = 0x04
	nudNoARP     = 0x40
	nudPermanent = 0x80
)

// stateName is a neighbour's state as iproute2 writes it.
func stateName(state uint16) string {
	switch state {
	case 0:
		return "NONE"
	case 1:
		return "INCOMPLETE"
	case 2:
		return "REACHABLE"
	case nudStale:
		return "STALE"
	case 8:
		return "DELAY"
	case 0x10:
		return "PROBE"
	case 0x20:
		return "FAILED"
	case nudNoARP:
		return "NOARP"
	case nudPermanent:
		return "PERMANENT"
	}
	return "0x" + strconv.FormatUint(uint64(state), 16)
}

// entry makes an FDBEntry, without names.
func (n neighbour) entry() FDBEntry {
	f := FDBEntry{
		MAC: n.mac, Dst: n.dst, DstPort: n.port, VNI: n.vni, VLAN: n.vlan, Nexthop: n.nexthop,
		index: n.index, master: n.master,
	}
	switch {
	case n.state&nudPermanent != 0:
		f.State = "permanent"
	case n.state&nudNoARP != 0:
		f.State = "static"
	case n.state&nudStale != 0:
		f.State = "stale"
	}
	return f
}
