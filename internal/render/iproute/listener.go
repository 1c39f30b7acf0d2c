package iproute

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Listeners lists the sockets that wait for packets, in the columns of
// `ss -lntu`.
func Listeners(ns *netstate.Namespace) []byte {
	d := devicesOf(ns)
	rows := [][6]string{{"Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port"}}
	for i := range ns.Listeners {
		l := &ns.Listeners[i]
		state := "UNCONN"
		if l.Proto == "tcp" || l.Proto == "sctp" {
			state = "LISTEN"
		}
		local, peer := listenerAddr(l, d)
		rows = append(rows, [6]string{l.Proto, state, number(l.Queue), number(l.Backlog), local, peer})
	}
	var width [6]int
	for _, r := range rows {
		for i, v := range r {
			width[i] = max(width[i], len(v))
		}
	}
	var b []byte
	for _, r := range rows {
		b = fmt.Appendf(b, "%-*s %-*s %-*s %-*s %*s %s\n", width[0], r[0], width[1], r[1], width[2], r[2], width[3], r[3], width[4], r[4], r[5])
	}
	return b
}

// listenerAddr writes where a socket waits, and for whom: "*" takes both IPv4
// and IPv6.
func listenerAddr(l *netstate.Listener, d devices) (local, peer string) {
	addr, host, peer := l.Addr.Addr(), "", "0.0.0.0:*"
	switch {
	case addr.Is4():
		host = addr.String()
	case addr == netip.IPv6Unspecified() && !l.V6Only:
		host, peer = "*", "*:*"
	default:
		host, peer = "["+hostText(addr)+"]", "[::]:*"
	}
	if l.Link != 0 {
		host += "%" + d.name(l.Link)
	}
	return host + ":" + strconv.Itoa(int(l.Addr.Port())), peer
}
