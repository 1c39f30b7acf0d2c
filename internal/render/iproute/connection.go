package iproute

import (
	"bytes"
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Status of a connection, IPS_* of linux/netfilter/nf_conntrack_common.h.
const (
	statusSeenReply = 1 << 1
	statusAssured   = 1 << 2
	statusOffload   = 1 << 14
	statusHardware  = 1 << 15
)

// Connections lists the entries of the connection table that a snapshot has, as
// `conntrack -L -o extended` does.
func Connections(ns *netstate.Namespace) []byte {
	var b []byte
	for i := range ns.Conntrack.Entries {
		b = appendConnection(b, &ns.Conntrack.Entries[i])
	}
	return b
}

func appendConnection(b []byte, c *netstate.Connection) []byte {
	family, number := "ipv4", 2
	if c.Original.Src.Addr().Is6() {
		family, number = "ipv6", 10
	}
	b = fmt.Appendf(b, "%-8s %d %-8s %d ", family, number, trackedName(c.Proto), c.Proto)
	if c.Status&statusOffload == 0 { // such a one has neither
		b = fmt.Appendf(b, "%d ", c.Timeout)
	}
	if c.State != "" {
		b = append(append(b, c.State...), ' ')
	}
	counted := c.Original.Packets != 0 || c.Reply.Packets != 0
	b = appendTuple(b, c.Proto, &c.Original, "orig", counted)
	if c.Status&statusSeenReply == 0 {
		b = append(b, "[UNREPLIED] "...)
	}
	b = appendTuple(b, c.Proto, &c.Reply, "reply", counted)
	switch {
	case c.Status&statusHardware != 0:
		b = append(b, "[HW_OFFLOAD] "...)
	case c.Status&statusOffload != 0:
		b = append(b, "[OFFLOAD] "...)
	case c.Status&statusAssured != 0:
		b = append(b, "[ASSURED] "...)
	}
	b = fmt.Appendf(b, "mark=%d ", c.Mark)
	if c.Security != "" {
		b = fmt.Appendf(b, "secctx=%s ", c.Security)
	}
	if c.Zone != 0 {
		b = fmt.Appendf(b, "zone=%d ", c.Zone)
	}
	if c.Helper != "" {
		b = fmt.Appendf(b, "helper=%s ", c.Helper)
	}
	b = fmt.Appendf(b, "use=%d ", c.Use)
	return append(bytes.TrimSuffix(b, []byte(" ")), '\n')
}

// trackedName names a protocol that connection tracking knows.
func trackedName(proto uint8) string {
	switch proto {
	case 1, 6, 17, 33, 47, 132, 136:
		return ipProtoName(proto)
	case 58:
		return "icmpv6"
	}
	return "unknown"
}

// appendTuple writes one direction.
func appendTuple(b []byte, proto uint8, t *netstate.Tuple, direction string, counted bool) []byte {
	b = fmt.Appendf(b, "src=%s dst=%s ", hostText(t.Src.Addr()), hostText(t.Dst.Addr()))
	switch proto {
	case 6, 17, 33, 132, 136:
		b = fmt.Appendf(b, "sport=%d dport=%d ", t.Src.Port(), t.Dst.Port())
	case 47:
		b = fmt.Appendf(b, "srckey=0x%x dstkey=0x%x ", t.Src.Port(), t.Dst.Port())
	case 1, 58:
		b = fmt.Appendf(b, "type=%d code=%d id=%d ", t.Type, t.Code, t.Src.Port())
	}
	if t.Zone != 0 {
		b = fmt.Appendf(b, "zone-%s=%d ", direction, t.Zone)
	}
	if counted {
		b = fmt.Appendf(b, "packets=%d bytes=%d ", t.Packets, t.Bytes)
	}
	return b
}
