package agent

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/netstate"
)

// mostConnections bounds how many entries of the connection table are read.
const mostConnections = 1_000_000

// connections keeps the tracked connections of which a packet, in either
// direction and before or after translation, meets a filter. A connection has
// no packet any more: what a filter says of flags or payload is true of none.
type connections struct{ program filter.Program }

func newConnections(expression string) (*connections, error) {
	e, err := filter.Parse(expression)
	if err != nil {
		return nil, err
	}
	p, err := e.Compile(filter.Options{Link: filter.Raw})
	if err != nil {
		return nil, fmt.Errorf("connections: %w", err)
	}
	return &connections{p}, nil
}

// keep takes the others out.
func (c *connections) keep(list []netstate.Connection) []netstate.Connection {
	return slices.DeleteFunc(list, func(one netstate.Connection) bool {
		return !c.meets(one.Proto, one.Original) && !c.meets(one.Proto, one.Reply)
	})
}

func (c *connections) meets(proto uint8, t netstate.Tuple) bool {
	b := headers(proto, t)
	return b != nil && c.program.Match(&filter.Packet{Data: b, WireLen: len(b)}) != 0
}

// headers makes the headers that a packet of a tuple would have (RFC 791,
// RFC 8200, RFC 9293); nil if it has no addresses.
func headers(proto uint8, t netstate.Tuple) []byte {
	src, dst := t.Src.Addr(), t.Dst.Addr()
	const payload = 20 // a TCP header, the longest of those that have ports
	var b []byte
	switch {
	case src.Is4() && dst.Is4():
		b = make([]byte, 20+payload)
		b[0], b[8], b[9] = 0x45, 64, proto
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		copy(b[12:], src.AsSlice())
		copy(b[16:], dst.AsSlice())
	case src.Is6() && dst.Is6():
		b = make([]byte, 40+payload)
		b[0], b[6], b[7] = 0x60, proto, 64
		binary.BigEndian.PutUint16(b[4:], payload)
		copy(b[8:], src.AsSlice())
		copy(b[24:], dst.AsSlice())
	default:
		return nil
	}
	up := b[len(b)-payload:]
	switch proto {
	case 1, 58: // ICMP: type and code stand where ports do
		up[0], up[1] = t.Type, t.Code
		binary.BigEndian.PutUint16(up[4:], t.Src.Port())
	default:
		binary.BigEndian.PutUint16(up, t.Src.Port())
		binary.BigEndian.PutUint16(up[2:], t.Dst.Port())
		up[12] = 5 << 4
	}
	return b
}
