package pcapng

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Option codes of the IDB.
const (
	OptIfName        = 2
	OptIfDescription = 3
	OptIfIPv4        = 4
	OptIfIPv6        = 5
	OptIfMAC         = 6
	OptIfEUI         = 7
	OptIfSpeed       = 8
	OptIfResolution  = 9
	OptIfZone        = 10
	OptIfFilter      = 11
	OptIfOS          = 12
	OptIfFCSLen      = 13
	OptIfOffset      = 14
	OptIfHardware    = 15
	OptIfTxSpeed     = 16
	OptIfRxSpeed     = 17
	OptIfZoneName    = 18
)

// Interface is an Interface Description Block.
type Interface struct {
	// LinkType as in https://www.tcpdump.org/linktypes.html.
	LinkType uint16
	// SnapLen is the most bytes kept of a packet; 0 is no limit.
	SnapLen uint32
	// Name and Description.
	Name, Description string
	// IPv4 addresses with their network's length; a mask with holes stands
	// in Other.
	IPv4 []netip.Prefix
	// IPv6 addresses with their network's length.
	IPv6 []netip.Prefix
	// MAC is 6 bytes and EUI 8, or nil.
	MAC, EUI []byte
	// Speed, TxSpeed and RxSpeed in bits a second; 0 is not known.
	Speed, TxSpeed, RxSpeed uint64
	// Resolution of the time stamps; the zero value is microseconds.
	Resolution Resolution
	// Offset in seconds to add to each time stamp.
	Offset int64
	// ZoneName is the IANA name of the time zone.
	ZoneName string
	// Filter is the capture filter's expression.
	Filter string
	// OS and Hardware of the machine of the interface.
	OS, Hardware string
	// FCSLen is the length of the frame check sequence in bits, valid iff
	// HasFCSLen.
	FCSLen    uint8
	HasFCSLen bool
	Extra

	clock clock // of Resolution and Offset, made once for all packets
}

// Interface reads an Interface Description Block.
func (b *Block) Interface() (Interface, error) {
	body := b.Body()
	if b.Type != TypeInterface || len(body) < 8 {
		return Interface{}, b.bad("%d bytes are too few for an interface", len(body))
	}
	o := b.order()
	i := Interface{LinkType: o.u16(body), SnapLen: o.u32(body[4:])}
	l := Options{body[8:], o}
	if err := l.check(b); err != nil {
		return i, err
	}
	for opt := range l.All() {
		if !i.takeText(opt) && !i.takeNumber(o, opt) && !i.takeAddress(opt) {
			i.take(l, opt)
		}
	}
	i.clock = newClock(i.Resolution, i.Offset)
	return i, nil
}

// Time is the time stamp in nanoseconds since 1970-01-01 UTC, held within
// int64.
func (i *Interface) Time(ticks uint64) int64 {
	c := newClock(i.Resolution, i.Offset)
	return c.time(ticks)
}

func (i *Interface) takeText(o Option) bool {
	switch o.Code {
	case OptIfName:
		i.Name = string(o.Value)
	case OptIfDescription:
		i.Description = string(o.Value)
	case OptIfFilter: // one byte tells the kind, 0 is an expression
		if len(o.Value) == 0 || o.Value[0] != 0 {
			return false
		}
		i.Filter = string(o.Value[1:])
	case OptIfOS:
		i.OS = string(o.Value)
	case OptIfHardware:
		i.Hardware = string(o.Value)
	case OptIfZoneName:
		i.ZoneName = string(o.Value)
	default:
		return false
	}
	return true
}

func (i *Interface) takeNumber(e order, o Option) bool {
	switch {
	case o.Code == OptIfSpeed && len(o.Value) == 8:
		i.Speed = e.u64(o.Value)
	case o.Code == OptIfTxSpeed && len(o.Value) == 8:
		i.TxSpeed = e.u64(o.Value)
	case o.Code == OptIfRxSpeed && len(o.Value) == 8:
		i.RxSpeed = e.u64(o.Value)
	case o.Code == OptIfOffset && len(o.Value) == 8:
		i.Offset = int64(e.u64(o.Value))
	case o.Code == OptIfResolution && len(o.Value) == 1:
		i.Resolution = resolutionGiven | Resolution(o.Value[0])
	case o.Code == OptIfFCSLen && len(o.Value) == 1:
		i.FCSLen, i.HasFCSLen = o.Value[0], true
	default:
		return false
	}
	return true
}

func (i *Interface) takeAddress(o Option) bool {
	switch {
	case o.Code == OptIfIPv4 && len(o.Value) == 8:
		mask := binary.BigEndian.Uint32(o.Value[4:])
		n := prefixLen(mask)
		if n < 0 {
			return false
		}
		i.IPv4 = append(i.IPv4, netip.PrefixFrom(netip.AddrFrom4([4]byte(o.Value)), n))
	case o.Code == OptIfIPv6 && len(o.Value) == 17 && o.Value[16] <= 128:
		i.IPv6 = append(i.IPv6, netip.PrefixFrom(netip.AddrFrom16([16]byte(o.Value)), int(o.Value[16])))
	case o.Code == OptIfMAC && len(o.Value) == 6:
		i.MAC = slices.Clone(o.Value)
	case o.Code == OptIfEUI && len(o.Value) == 8:
		i.EUI = slices.Clone(o.Value)
	default:
		return false
	}
	return true
}

// prefixLen is the number of leading ones, or -1 for a mask with holes.
func prefixLen(mask uint32) int {
	for n := range 33 {
		if mask == ^uint32(0)<<(32-n) {
			return n
		}
	}
	return -1
}

// Append appends the interface to dst as a block.
func (i *Interface) Append(dst []byte) ([]byte, error) {
	b := build(dst, TypeInterface)
	b.u16(i.LinkType)
	b.u16(0)
	b.u32(i.SnapLen)
	b.text(OptIfName, i.Name)
	b.text(OptIfDescription, i.Description)
	for _, p := range i.IPv4 {
		a := p.Addr().Unmap().As4()
		b.option(OptIfIPv4, binary.BigEndian.AppendUint32(a[:], ^uint32(0)<<(32-max(p.Bits(), 0))))
	}
	for _, p := range i.IPv6 {
		a := p.Addr().As16()
		b.option(OptIfIPv6, append(a[:], byte(max(p.Bits(), 0))))
	}
	if len(i.MAC) == 6 {
		b.option(OptIfMAC, i.MAC)
	}
	if len(i.EUI) == 8 {
		b.option(OptIfEUI, i.EUI)
	}
	b.number(OptIfSpeed, i.Speed)
	if i.Resolution != 0 {
		b.option(OptIfResolution, []byte{byte(i.Resolution)})
	}
	if i.Filter != "" {
		b.option(OptIfFilter, append([]byte{0}, i.Filter...))
	}
	b.text(OptIfOS, i.OS)
	if i.HasFCSLen {
		b.option(OptIfFCSLen, []byte{i.FCSLen})
	}
	b.number(OptIfOffset, uint64(i.Offset))
	b.text(OptIfHardware, i.Hardware)
	b.number(OptIfTxSpeed, i.TxSpeed)
	b.number(OptIfRxSpeed, i.RxSpeed)
	b.text(OptIfZoneName, i.ZoneName)
	b.extra(&i.Extra)
	return b.end()
}
