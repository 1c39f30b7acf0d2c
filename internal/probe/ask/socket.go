package ask

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/packet"
)

// Listener is a socket that waits for packets from anybody: a TCP socket in
// LISTEN, a UDP socket that is bound and not connected.
type Listener struct {
	// Local is where it listens; an unspecified address is any of the
	// namespace's.
	Local netip.AddrPort
	// Both is true for an IPv6 wildcard socket that takes IPv4 too.
	Both bool
	// Device is the only one that it takes packets from; empty for all.
	Device string
	// Waiting is what lies in its queue: connections that nobody accepted for
	// TCP, bytes for UDP. Room is how many connections may wait; valid for TCP.
	Waiting, Room uint32

	index int
	inode uint32
}

// serves reports whether the socket would take a packet to this address.
func (l Listener) serves(local netip.AddrPort) bool {
	a, to := l.Local.Addr(), local.Addr().Unmap()
	if l.Local.Port() != local.Port() {
		return false
	}
	if a.IsUnspecified() {
		return a.Is4() == to.Is4() || l.Both
	}
	return a.WithZone("") == to.WithZone("")
}

// String is "tcp"-like text for hints: "0.0.0.0:8080", "[::]:80", "127.0.0.1:53 on
// lo".
func (l Listener) String() string {
	if l.Device != "" {
		return l.Local.String() + " on " + l.Device
	}
	return l.Local.String()
}

// diag is a decoded struct inet_diag_msg (linux/inet_diag.h).
type diag struct {
	family, state  uint8
	local, remote  netip.AddrPort
	device         int
	rqueue, wqueue uint32
	inode          uint32
	only6          bool
}

// diagLen is the length of struct inet_diag_msg, diagIDLen that of the
// struct inet_diag_sockid in it.
const (
	diagLen   = 72
	diagIDLen = 48
)

func decodeDiag(b []byte) (diag, error) {
	if len(b) < diagLen {
		return diag{}, fmt.Errorf("decode socket: %w", errCut)
	}
	id := b[4 : 4+diagIDLen]
	d := diag{family: b[0], state: b[1], device: int(binary.NativeEndian.Uint32(id[36:]))}
	size := 4
	if d.family == familyIPv6 {
		size = 16
	}
	d.local = netip.AddrPortFrom(addrOf(id[4:4+size]).Unmap(), nlattr.BE16(id))
	d.remote = netip.AddrPortFrom(addrOf(id[20:20+size]).Unmap(), nlattr.BE16(id[2:]))
	d.rqueue, d.wqueue, d.inode = u32(b[56:]), u32(b[60:]), u32(b[68:])
	for typ, v := range nlattr.All(b[diagLen:]) {
		if typ == 11 { // INET_DIAG_SKV6ONLY
			d.only6 = u8(v) != 0
		}
	}
	return d, nil
}

// takes reports whether the socket takes a packet from remote to local.
func (d diag) takes(local, remote netip.AddrPort) bool {
	if d.local.Port() != local.Port() || d.remote.Port() != 0 && d.remote != remote {
		return false
	}
	return d.local.Addr().IsUnspecified() || d.local.Addr() == local.Addr().WithZone("")
}

// diagRequest makes a struct inet_diag_req_v2. states are bits 1<<TCP_...;
// the addresses may be invalid for a list.
func diagRequest(family uint8, proto packet.Proto, states uint32, local, remote netip.AddrPort) []byte {
	b := make([]byte, 8+diagIDLen)
	b[0], b[1] = family, uint8(proto)
	putNative32(b[4:], states)
	id := b[8:]
	binary.BigEndian.PutUint16(id, local.Port())
	binary.BigEndian.PutUint16(id[2:], remote.Port())
	copy(id[4:20], local.Addr().AsSlice())
	copy(id[20:36], remote.Addr().AsSlice())
	putNative32(id[40:], 1<<32-1) // INET_DIAG_NOCOOKIE, twice
	putNative32(id[44:], 1<<32-1)
	return b
}

// States of TCP, net/tcp_states.h.
const (
	tcpClose  = 7
	tcpListen = 10
)

// tcpStateName is a state as the kernel and netstat name it.
func tcpStateName(s uint8) string {
	names := [...]string{
		"", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
		"CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "SYN_RECV",
	}
	if int(s) < len(names) {
		return names[s]
	}
	return strconv.Itoa(int(s))
}

// listener is the socket as the list has it, without the device's name.
func (d diag) listener() Listener {
	return Listener{
		Local: d.local, Waiting: d.rqueue, Room: d.wqueue, index: d.device, inode: d.inode,
		Both: d.family == familyIPv6 && d.local.Addr().IsUnspecified() && !d.only6,
	}
}
