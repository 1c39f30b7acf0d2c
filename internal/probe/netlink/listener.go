package netlink

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// diagLen is the length of struct inet_diag_msg (linux/inet_diag.h), and
// requestLen that of struct inet_diag_req_v2.
const (
	diagLen    = 72
	requestLen = 56
)

// States of sockets (linux/tcp_states.h): a socket of UDP that takes packets
// from everybody is "closed".
const (
	stateClose  = 7
	stateListen = 10
)

// diagProtocol is a kind of sockets that can be listed.
type diagProtocol struct {
	name   string
	number uint8
	state  uint8
	// needs is a file of /proc/net that is there if the kernel has the protocol;
	// empty for one that it always has. To ask for one that it has not would
	// make it load a module.
	needs string
}

func diagProtocols() []diagProtocol {
	return []diagProtocol{
		{name: "tcp", number: protoTCP, state: stateListen},
		{name: "udp", number: protoUDP, state: stateClose},
		{name: "udplite", number: protoUDPLite, state: stateClose, needs: "udplite"},
		{name: "sctp", number: protoSCTP, state: stateListen, needs: "sctp"},
	}
}

// diagRequest builds struct inet_diag_req_v2 that asks for all that listen.
func (p diagProtocol) diagRequest(family uint8) []byte {
	b := make([]byte, requestLen)
	b[0], b[1] = family, p.number
	binary.NativeEndian.PutUint32(b[4:], 1<<p.state)
	return b
}

// decodeListener reads the body of an answer of sock_diag. It is false for a
// socket that has no port yet.
func (p diagProtocol) decodeListener(b []byte) (netstate.Listener, bool, error) {
	if len(b) < diagLen {
		return netstate.Listener{}, false, fmt.Errorf("decode socket: %w", errCut)
	}
	var addr netip.Addr
	switch b[0] {
	case familyIPv4:
		addr = netip.AddrFrom4([4]byte(b[8:]))
	case familyIPv6:
		addr = netip.AddrFrom16([16]byte(b[8:]))
	default:
		return netstate.Listener{}, false, fmt.Errorf("decode socket: family %d is neither IPv4 nor IPv6", b[0])
	}
	l := netstate.Listener{
		Proto: p.name, Addr: netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[4:])), Link: int(native32(b[40:])),
		Queue: native32(b[56:]), Backlog: native32(b[60:]), UID: native32(b[64:]), Inode: native32(b[68:]),
	}
	if p.state != stateListen {
		l.Backlog = 0 // bytes on their way out, of a socket that does not listen
	}
	for typ, v := range nlattr.All(b[diagLen:]) {
		if typ == 11 && len(v) > 0 { // INET_DIAG_SKV6ONLY
			l.V6Only = v[0] != 0
		}
	}
	return l, l.Addr.Port() != 0, nil
}
