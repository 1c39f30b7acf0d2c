package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// errCut: a message ends before what it says it has.
var errCut = errors.New("cut short")

// Protocols above IP (RFC 790 and later).
const (
	protoICMP    = 1
	protoTCP     = 6
	protoUDP     = 17
	protoICMPv6  = 58
	protoSCTP    = 132
	protoUDPLite = 136
)

// ConnectionFilter says which entries of the connection table are wanted. An
// entry has to agree with all that is given; the zero value is every entry.
type ConnectionFilter struct {
	// Addrs: one of them is an end of the connection, before or after NAT.
	Addrs []netip.Addr `json:"addrs,omitempty"`
	// Ports: one of them is an end's, before or after NAT.
	Ports []uint16 `json:"ports,omitempty"`
	// Proto is the protocol's number; 0 for all.
	Proto uint8 `json:"proto,omitempty"`
	// Limit is how many are taken at most; 0 for all.
	Limit int `json:"limit,omitempty"`
}

func (f *ConnectionFilter) wants(c *netstate.Connection) bool {
	if f.Proto != 0 && f.Proto != c.Proto {
		return false
	}
	ends := [...]netip.AddrPort{c.Original.Src, c.Original.Dst, c.Reply.Src, c.Reply.Dst}
	if len(f.Addrs) > 0 && !slices.ContainsFunc(ends[:], func(e netip.AddrPort) bool { return slices.Contains(f.Addrs, e.Addr()) }) {
		return false
	}
	if len(f.Ports) == 0 {
		return true
	}
	hasPorts := c.Proto != protoICMP && c.Proto != protoICMPv6
	return hasPorts && slices.ContainsFunc(ends[:], func(e netip.AddrPort) bool { return slices.Contains(f.Ports, e.Port()) })
}

// nfgenmsgLen is the length of struct nfgenmsg (linux/netfilter/nfnetlink.h).
const nfgenmsgLen = 4

// decodeConnection reads the body of an IPCTNL_MSG_CT_NEW: CTA_* of
// linux/netfilter/nfnetlink_conntrack.h.
func decodeConnection(b []byte) (netstate.Connection, error) {
	if len(b) < nfgenmsgLen {
		return netstate.Connection{}, fmt.Errorf("decode connection: %w", errCut)
	}
	var c netstate.Connection
	whole := nlattr.Each(b[nfgenmsgLen:], func(typ uint16, v []byte) {
		switch typ {
		case 1:
			c.Proto = takeTuple(&c.Original, v)
		case 2:
			takeTuple(&c.Reply, v)
		case 3:
			c.Status = nlattr.BE32(v)
		case 4:
			c.State = trackState(v)
		case 5:
			c.Helper = textIn(v, 1) // CTA_HELP_NAME
		case 7:
			c.Timeout = nlattr.BE32(v)
		case 8:
			c.Mark = nlattr.BE32(v)
		case 9:
			takeCounters(&c.Original, v)
		case 10:
			takeCounters(&c.Reply, v)
		case 11:
			c.Use = nlattr.BE32(v)
		case 18:
			c.Zone = nlattr.BE16(v)
		case 19:
			c.Security = textIn(v, 1) // CTA_SECCTX_NAME
		case 22:
			c.Labels = slices.Clone(v)
		}
	})
	if !whole || !c.Original.Src.Addr().IsValid() {
		return netstate.Connection{}, fmt.Errorf("decode connection: %w", errCut)
	}
	return c, nil
}

// takeTuple reads CTA_TUPLE_* and gives the protocol.
func takeTuple(t *netstate.Tuple, b []byte) (proto uint8) {
	var src, dst netip.Addr
	var srcPort, dstPort uint16
	for typ, v := range nlattr.All(b) {
		switch typ {
		case 1: // CTA_TUPLE_IP
			for inner, w := range nlattr.All(v) {
				switch inner {
				case 1, 3:
					src, _ = netip.AddrFromSlice(w)
				case 2, 4:
					dst, _ = netip.AddrFromSlice(w)
				}
			}
		case 2: // CTA_TUPLE_PROTO
			proto, srcPort, dstPort = takeProto(t, v)
		case 3:
			t.Zone = nlattr.BE16(v)
		}
	}
	t.Src, t.Dst = netip.AddrPortFrom(src, srcPort), netip.AddrPortFrom(dst, dstPort)
	return proto
}

// takeProto reads CTA_PROTO_*: the id of ICMP is both ports.
func takeProto(t *netstate.Tuple, b []byte) (proto uint8, src, dst uint16) {
	for typ, v := range nlattr.All(b) {
		if len(v) == 0 {
			continue
		}
		switch typ {
		case 1:
			proto = v[0]
		case 2:
			src = nlattr.BE16(v)
		case 3:
			dst = nlattr.BE16(v)
		case 4, 7:
			src, dst = nlattr.BE16(v), nlattr.BE16(v)
		case 5, 8:
			t.Type = v[0]
		case 6, 9:
			t.Code = v[0]
		}
	}
	return proto, src, dst
}

// takeCounters reads CTA_COUNTERS_*.
func takeCounters(t *netstate.Tuple, b []byte) {
	for typ, v := range nlattr.All(b) {
		switch typ {
		case 1:
			t.Packets = nlattr.BE64(v)
		case 2:
			t.Bytes = nlattr.BE64(v)
		}
	}
}

// textIn finds a string among nested attributes.
func textIn(b []byte, want uint16) string {
	for typ, v := range nlattr.All(b) {
		if typ == want {
			return nlattr.Text(v)
		}
	}
	return ""
}

// trackState reads CTA_PROTOINFO: enum tcp_conntrack and sctp_conntrack of
// linux/netfilter/nf_conntrack_tcp.h and _sctp.h.
func trackState(b []byte) string {
	tcp := [...]string{
		"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT",
		"CLOSE", "SYN_SENT2",
	}
	sctp := [...]string{
		"NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
		"SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT",
	}
	for typ, v := range nlattr.All(b) {
		names := tcp[:]
		switch typ {
		case 1: // CTA_PROTOINFO_TCP
		case 3: // CTA_PROTOINFO_SCTP
			names = sctp[:]
		default:
			continue
		}
		for inner, w := range nlattr.All(v) {
			if inner == 1 && len(w) > 0 && int(w[0]) < len(names) {
				return names[w[0]]
			}
		}
	}
	return ""
}

// Families of addresses (linux/socket.h).
const (
	familyIPv4 = 2
	familyIPv6 = 10
)

// native16 and native32 read numbers of this machine's byte order; 0 if the
// value is too short.
func native16(v []byte) uint16 {
	if len(v) < 2 {
		return 0
	}
	return binary.NativeEndian.Uint16(v)
}

func native32(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(v)
}
