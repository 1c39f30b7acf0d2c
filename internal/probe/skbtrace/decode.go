package skbtrace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Kinds of records, flags and sizes, as bpf/event.h has them.
const (
	kindReceive = 1 + iota
	kindQueue
	kindDrop
	kindConsume
	kindDeliver
	kindRoute
	kindNeighbour
	kindICMP
	kindReset
	kindRetransmit
	kindFull
	kindTransmit
	kindHook
	kindSocket
	kindEnd

	flagStart     = 1 << 0
	flagEthernet  = 1 << 1
	flagConntrack = 1 << 2
	flagLearned   = 1 << 3
	flagMadeUp    = 1 << 4
	flagUntracked = 1 << 5
	flagRelated   = 1 << 6
	flagSwapped   = 1 << 7

	eventSize     = 72
	conntrackSize = 88
	dropSize      = 120
	deliverSize   = 24
	endpointSize  = 24
	refusalSize   = 8
	transmitSize  = 8
	hookSize      = 16
	neighbourSize = 32
	routeSize     = 96
	stackDepth    = 12
	questionDepth = 24
)

// addSize is what a kind has behind struct event.
func addSize(kind byte) (int, bool) {
	switch kind {
	case kindReceive, kindQueue, kindConsume:
		return 0, true
	case kindDrop:
		return dropSize, true
	case kindDeliver:
		return deliverSize, true
	case kindRoute:
		return routeSize, true
	case kindNeighbour:
		return neighbourSize, true
	case kindICMP:
		return refusalSize, true
	case kindReset, kindRetransmit, kindFull, kindSocket:
		return endpointSize, true
	case kindTransmit:
		return transmitSize, true
	case kindHook:
		return hookSize, true
	}
	return 0, false
}

var errShort = errors.New("decode event: record is cut short")

// decoder turns records into events. The zero value names nothing.
type decoder struct {
	// offset from CLOCK_MONOTONIC to Unix time, ns.
	offset int64
	// reasons name numbers; symbols returns a table of addresses, or nil.
	reasons reasons
	symbols func() *symbols
	// priority tells that of a bracket, false if it is not known; or nil.
	priority func(bracket) (int, bool)

	names map[[16]byte]string
	vlan  []byte
}

// decode reads one record. The event's Data points into it, or into the
// decoder.
func (d *decoder) decode(raw []byte, e *Event) error {
	*e = Event{}
	if len(raw) < eventSize {
		return errShort
	}
	le := binary.LittleEndian
	kind, flags := raw[40], raw[41]
	n, ok := addSize(kind)
	if !ok {
		return fmt.Errorf("decode event: unknown kind %d", kind)
	}
	rest := raw[eventSize:]
	if len(rest) < n {
		return errShort
	}
	e.Time = int64(le.Uint64(raw)) + d.offset
	e.Flight, e.SKB = le.Uint64(raw[8:]), le.Uint64(raw[16:])
	e.Netns, e.Ifindex = le.Uint32(raw[24:]), int(int32(le.Uint32(raw[28:])))
	e.Mark, e.Len = le.Uint32(raw[32:]), int(le.Uint32(raw[36:]))
	e.CPU = int(le.Uint16(raw[42:])) + 1
	e.Merged = int(le.Uint16(raw[44:]))
	e.Device = d.name(raw[56:72])
	e.Start, e.Learned, e.MadeUp = flags&flagStart != 0, flags&flagLearned != 0, flags&flagMadeUp != 0
	e.Related = flags&(flagRelated|flagSwapped) != 0
	e.Link = packet.LinkRaw
	if flags&flagEthernet != 0 {
		e.Link = packet.LinkEthernet
	}
	d.special(kind, flags, rest[:n], e)
	if kind == kindRoute {
		e.Question = d.question(rest[29], rest[n:])
	}
	rest = rest[n:]
	if flags&flagConntrack != 0 {
		if len(rest) < conntrackSize {
			return errShort
		}
		e.Conntrack = conntrackOf(rest)
		rest = rest[conntrackSize:]
	} else if flags&flagUntracked != 0 {
		e.Conntrack = &trail.Conntrack{State: "untracked"}
	}
	c := int(le.Uint16(raw[46:]))
	if c > len(rest) {
		return errShort
	}
	if c > 0 {
		e.Data = d.untag(rest[:c], raw[48:52], e)
	}
	e.Point = trail.Point{Netns: uint64(e.Netns), Interface: e.Device, Index: e.Ifindex, Link: e.Link}
	return nil
}

// untag puts a VLAN tag back that the kernel keeps beside the bytes.
func (d *decoder) untag(b, tag []byte, e *Event) []byte {
	if tag[0] == 0 && tag[1] == 0 || e.Link != packet.LinkEthernet || len(b) < 12 {
		return b
	}
	d.vlan = append(d.vlan[:0], b[:12]...)
	d.vlan = append(d.vlan, tag[0], tag[1], tag[3], tag[2]) // the TCI is in host order
	d.vlan = append(d.vlan, b[12:]...)
	e.Len += 4
	return d.vlan
}

// name returns a device's name without a copy for each event.
func (d *decoder) name(b []byte) string {
	k := [16]byte(b)
	if k[0] == 0 {
		return ""
	}
	s, ok := d.names[k]
	if !ok {
		s = text(b)
		if d.names == nil || len(d.names) > 4096 {
			d.names = make(map[[16]byte]string)
		}
		d.names[k] = s
	}
	return s
}

// text is a C string.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// special fills in what goes with the kind.
func (d *decoder) special(kind, flags byte, b []byte, e *Event) {
	le := binary.LittleEndian
	switch kind {
	case kindReceive:
		e.Stage, e.Dir = trail.StageReceive, trail.In
	case kindQueue:
		e.Stage, e.Dir = trail.StageQueue, trail.Out
	case kindConsume:
		e.Stage = trail.StageConsume
	case kindDrop:
		e.Stage, e.Drop = trail.StageDrop, d.drop(b)
	case kindDeliver:
		e.Stage = trail.StageDeliver
		e.Socket = &trail.Socket{Process: text(b[8:24]), PID: int(le.Uint32(b)), Basis: trail.Observed}
	case kindSocket:
		e.Stage, e.Dir, e.Socket = trail.StageDeliver, trail.In, endpointOf(b, le.Uint32(b[20:]) == uint32(packet.ProtoTCP))
	case kindRoute:
		e.Stage, e.Route = trail.StageRoute, routeOf(flags, b, e.Device)
	case kindNeighbour:
		e.Stage, e.Neighbour = trail.StageNeighbour, neighbourOf(b, e.Device)
	case kindICMP:
		e.Stage = trail.StageRefuse
		e.Refusal = &trail.Refusal{Kind: "icmp", Type: b[0], Code: b[1], Text: icmpText(b[0], b[1])}
	case kindReset:
		e.Stage = trail.StageRefuse
		e.Refusal = &trail.Refusal{Kind: "reset", Reason: d.reasons.reset(le.Uint32(b[20:])), Text: "connection reset"}
	case kindRetransmit:
		e.Stage, e.Socket = trail.StageRetransmit, endpointOf(b, true)
	case kindFull:
		e.Stage, e.Socket = trail.StageSocketFull, endpointOf(b, false)
	case kindTransmit:
		e.Stage, e.Dir = trail.StageTransmit, trail.Out
		e.Transmit = &trail.Transmit{Code: int(int32(le.Uint32(b)))}
	case kindHook:
		e.Stage, e.Hook = trail.StageHook, d.hook(e.Netns, b)
		e.Dir = hookDirection(b[0])
	}
}

// addr reads an address of a family, AF_INET or AF_INET6.
func addr(family byte, b []byte) netip.Addr {
	switch family {
	case afInet:
		return netip.AddrFrom4([4]byte(b))
	case afInet6:
		return netip.AddrFrom16([16]byte(b))
	}
	return netip.Addr{}
}

// Families of linux/socket.h.
const (
	afInet  = 2
	afInet6 = 10
)
