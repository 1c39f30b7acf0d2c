package ask

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Connection is an entry of connection tracking.
type Connection struct {
	trail.Conntrack
	// Zone that it is in; 0 is the default.
	Zone uint16
	// TCP is the tracked state of a TCP connection, "SYN_SENT",
	// "ESTABLISHED"; empty for others.
	TCP string
	// Timeout is how many seconds it lives without another packet.
	Timeout uint32
	// Mark is its connmark.
	Mark uint32
}

// nested is NLA_F_NESTED of linux/netlink.h.
const nested = 0x8000

// seenReply is IPS_SEEN_REPLY of linux/netfilter/nf_conntrack_common.h.
const seenReply = 2

// tupleRequest makes struct nfgenmsg and the CTA_TUPLE_ORIG of a flow
// (linux/netfilter/nfnetlink_conntrack.h). icmpType is that of an echo.
func tupleRequest(f packet.Flow, icmpType uint8, zone uint16) []byte {
	is6 := f.Src.Is6()
	b := []byte{familyOf(is6), 0, 0, 0}
	srcAttr, dstAttr := uint16(1), uint16(2)
	if is6 {
		srcAttr, dstAttr = 3, 4
	}
	ip := nlattr.Append(nil, srcAttr, f.Src.AsSlice()...)
	ip = nlattr.Append(ip, dstAttr, f.Dst.AsSlice()...)
	proto := nlattr.Append(nil, 1, uint8(f.Proto))
	switch f.Proto {
	case packet.ProtoICMP:
		proto = appendBE16(proto, 4, f.ID)
		proto = nlattr.Append(proto, 5, icmpType)
		proto = nlattr.Append(proto, 6, 0)
	case packet.ProtoICMPv6:
		proto = appendBE16(proto, 7, f.ID)
		proto = nlattr.Append(proto, 8, icmpType)
		proto = nlattr.Append(proto, 9, 0)
	default:
		if f.HasPorts() {
			proto = appendBE16(proto, 2, f.SrcPort)
			proto = appendBE16(proto, 3, f.DstPort)
		}
	}
	tuple := nlattr.Append(nil, 1|nested, ip...)
	tuple = nlattr.Append(tuple, 2|nested, proto...)
	b = nlattr.Append(b, 1|nested, tuple...)
	if zone != 0 {
		b = appendBE16(b, 18, zone)
	}
	return b
}

// decodeConnection reads the payload of an IPCTNL_MSG_CT_NEW.
func decodeConnection(b []byte) (Connection, error) {
	if len(b) < 4 {
		return Connection{}, fmt.Errorf("decode connection: %w", errCut)
	}
	var c Connection
	for typ, v := range nlattr.All(b[4:]) { // CTA_
		switch typ {
		case 1:
			c.Original = decodeTuple(v)
		case 2:
			c.Answer = decodeTuple(v)
		case 3:
			c.Status = nlattr.BE32(v)
		case 4:
			c.TCP = tcpTrackState(v)
		case 7:
			c.Timeout = nlattr.BE32(v)
		case 8:
			c.Mark = nlattr.BE32(v)
		case 18:
			c.Zone = nlattr.BE16(v)
		}
	}
	c.State = "new"
	if c.Status&seenReply != 0 {
		c.State = "established"
	}
	return c, nil
}

// decodeTuple reads CTA_TUPLE_IP and CTA_TUPLE_PROTO.
func decodeTuple(b []byte) packet.Flow {
	var f packet.Flow
	for typ, v := range nlattr.All(b) {
		for inner, w := range nlattr.All(v) {
			switch {
			case typ == 1 && (inner == 1 || inner == 3):
				f.Src = addrOf(w)
			case typ == 1 && (inner == 2 || inner == 4):
				f.Dst = addrOf(w)
			case typ == 2 && inner == 1:
				f.Proto = packet.Proto(u8(w))
			case typ == 2 && inner == 2:
				f.SrcPort = nlattr.BE16(w)
			case typ == 2 && inner == 3:
				f.DstPort = nlattr.BE16(w)
			case typ == 2 && (inner == 4 || inner == 7):
				f.ID = nlattr.BE16(w)
			}
		}
	}
	return f
}

// tcpTrackState reads CTA_PROTOINFO: enum tcp_conntrack of
// linux/netfilter/nf_conntrack_tcp.h.
func tcpTrackState(b []byte) string {
	names := [...]string{
		"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT",
		"CLOSE", "SYN_SENT2",
	}
	for typ, v := range nlattr.All(b) {
		if typ != 1 { // CTA_PROTOINFO_TCP
			continue
		}
		for typ, w := range nlattr.All(v) {
			if typ == 1 && int(u8(w)) < len(names) {
				return names[u8(w)]
			}
		}
	}
	return ""
}
