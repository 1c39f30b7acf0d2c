package dial

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// refusalText says an ICMP error in plain words (RFC 792, RFC 1812, RFC 4443).
// mtu is added to those that carry one; 0 is none.
func refusalText(v6 bool, typ, code uint8, mtu uint32) string {
	text := ""
	if v6 {
		text = refusal6(typ, code)
	} else {
		text = refusal4(typ, code)
	}
	if text == "" {
		text = "ICMP type " + strconv.Itoa(int(typ)) + " code " + strconv.Itoa(int(code))
	}
	if mtu != 0 && (v6 && typ == packet.ICMPv6TooBig || !v6 && typ == packet.ICMPv4Unreachable && code == 4) {
		text += ", MTU " + strconv.FormatUint(uint64(mtu), 10)
	}
	return text
}

func refusal4(typ, code uint8) string {
	switch typ {
	case packet.ICMPv4Unreachable:
		names := [...]string{
			"network unreachable", "host unreachable", "protocol unreachable", "port unreachable",
			"fragmentation needed", "source route failed", "network unknown", "host unknown", "host isolated",
			"network prohibited", "host prohibited", "network unreachable for this service",
			"host unreachable for this service", "administratively prohibited", "host precedence violation",
			"precedence cutoff",
		}
		if int(code) < len(names) {
			return names[code]
		}
	case packet.ICMPv4TimeExceeded:
		if code == 1 {
			return "fragments did not arrive in time"
		}
		return "time to live exceeded in transit"
	case packet.ICMPv4Parameter:
		return "parameter problem"
	}
	return ""
}

func refusal6(typ, code uint8) string {
	switch typ {
	case packet.ICMPv6Unreachable:
		names := [...]string{
			"no route", "administratively prohibited", "beyond the scope of the source", "address unreachable",
			"port unreachable", "source address refused by policy", "route rejected",
		}
		if int(code) < len(names) {
			return names[code]
		}
	case packet.ICMPv6TooBig:
		return "packet too big"
	case packet.ICMPv6TimeExceeded:
		if code == 1 {
			return "fragments did not arrive in time"
		}
		return "hop limit exceeded in transit"
	case packet.ICMPv6Parameter:
		return "parameter problem"
	}
	return ""
}

// Origins of an error in a socket's error queue, linux/errqueue.h.
const (
	originLocal = 1
	originICMP  = 2
	originICMP6 = 3
)

// queued is an entry of a socket's error queue: struct sock_extended_err and
// the address behind it (linux/errqueue.h).
type queued struct {
	errno      uint32
	origin     uint8
	typ, code  uint8
	info       uint32 // the MTU, where it is about that
	from       netip.Addr
	quotedData []byte // what came back of our packet's payload
}

// decodeQueued reads the body of an IP_RECVERR or IPV6_RECVERR control
// message; false if it is cut off.
func decodeQueued(b []byte) (queued, bool) {
	if len(b) < 16 {
		return queued{}, false
	}
	q := queued{
		errno: binary.NativeEndian.Uint32(b), origin: b[4], typ: b[5], code: b[6],
		info: binary.NativeEndian.Uint32(b[8:]),
	}
	// The offender: a struct sockaddr_in or sockaddr_in6, family 0 if unknown.
	sa := b[16:]
	if len(sa) < 2 {
		return q, true
	}
	switch family := binary.NativeEndian.Uint16(sa); {
	case family == 2 && len(sa) >= 8:
		q.from = netip.AddrFrom4([4]byte(sa[4:8]))
	case family == 10 && len(sa) >= 24:
		q.from = netip.AddrFrom16([16]byte(sa[8:24])).Unmap()
	}
	return q, true
}

// isICMP reports whether somebody sent the error, as opposed to our own
// socket.
func (q queued) isICMP() bool { return q.origin == originICMP || q.origin == originICMP6 }

// refusal is the error as the trail has it.
func (q queued) refusal() *trail.Refusal {
	r := &trail.Refusal{
		Kind: "icmp", Type: q.typ, Code: q.code,
		Text: refusalText(q.origin == originICMP6, q.typ, q.code, q.info),
	}
	if q.origin == originICMP6 {
		r.Kind = "icmpv6"
	}
	return r
}
