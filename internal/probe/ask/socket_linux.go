//go:build !pktrail_lite

package ask

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// sockDiag is SOCK_DIAG_BY_FAMILY of linux/sock_diag.h.
const sockDiag = 20

// Socket says which socket of the namespace would take a packet from remote to
// local: the kernel looks it up as it does for a packet. It returns false if
// none would. TCP and UDP only. Of several sockets that share a port
// (SO_REUSEPORT) it is any one. The process is looked for under /proc for at
// most a second; without the right to look into it, PID is 0.
//
// For a socket that takes packets of one device only, that device is not
// asked about: any counts.
func (a *Asker) Socket(proto packet.Proto, local, remote netip.AddrPort) (trail.Socket, bool, error) {
	d, ok, err := a.socket(proto, local, remote)
	if err != nil || !ok {
		return trail.Socket{}, false, wrap(fmt.Sprintf("look for socket of %s", local), err)
	}
	s := trail.Socket{Local: d.local, Basis: trail.Inferred}
	if proto == packet.ProtoTCP {
		s.State = tcpStateName(d.state)
	}
	if d.inode != 0 { // a connection that nobody has accepted yet has none
		s.PID, s.Process = a.owner(d.inode)
	}
	return s, true, nil
}

func (a *Asker) socket(proto packet.Proto, local, remote netip.AddrPort) (diag, bool, error) {
	if proto != packet.ProtoTCP && proto != packet.ProtoUDP {
		return diag{}, false, fmt.Errorf("protocol %s: %w", proto, errors.ErrUnsupported)
	}
	c, err := a.conn(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return diag{}, false, err
	}
	local = netip.AddrPortFrom(local.Addr().Unmap().WithZone(""), local.Port())
	remote = netip.AddrPortFrom(remote.Addr().Unmap().WithZone(""), remote.Port())
	// UDP is looked up with its ends exchanged ("for historical reasons",
	// net/ipv4/udp_diag.c), by some older kernels without.
	ends := [][2]netip.AddrPort{{local, remote}}
	if proto == packet.ProtoUDP {
		ends = [][2]netip.AddrPort{{remote, local}, {local, remote}}
	}
	for _, e := range ends {
		b, err := c.one(sockDiag, diagRequest(familyOf(local.Addr().Is6()), proto, 1<<32-1, e[0], e[1]))
		if refusal(err) == unix.ENOENT {
			continue
		}
		if err != nil {
			return diag{}, false, err
		}
		if d, err := decodeDiag(b); err != nil || d.takes(local, remote) {
			return d, err == nil, err
		}
	}
	listeners, err := a.Listening(proto)
	if err != nil {
		return diag{}, false, err
	}
	for _, l := range listeners {
		if l.serves(local) {
			state := uint8(tcpClose)
			if proto == packet.ProtoTCP {
				state = tcpListen
			}
			return diag{local: l.Local, inode: l.inode, state: state}, true, nil
		}
	}
	return diag{}, false, nil
}

// Listening lists what the namespace listens on, by port.
func (a *Asker) Listening(proto packet.Proto) ([]Listener, error) {
	states := uint32(1 << tcpListen)
	if proto == packet.ProtoUDP {
		states = 1 << tcpClose
	}
	c, err := a.conn(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("list listeners: %w", err)
	}
	var all []Listener
	for _, family := range []uint8{familyIPv4, familyIPv6} {
		var found []Listener
		err := c.dump(sockDiag, diagRequest(family, proto, states, netip.AddrPort{}, netip.AddrPort{}),
			func() { found = nil }, func(b []byte) error {
				d, err := decodeDiag(b)
				if err == nil && d.local.Port() != 0 {
					found = append(found, d.listener())
				}
				return err
			})
		if err != nil {
			return nil, fmt.Errorf("list listeners: %w", err)
		}
		all = append(all, found...)
	}
	names := a.names()
	for i := range all {
		if all[i].Device, err = names.of(all[i].index); err != nil {
			return nil, fmt.Errorf("list listeners: %w", err)
		}
	}
	slices.SortFunc(all, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Local.Port(), b.Local.Port()), a.Local.Addr().Compare(b.Local.Addr()))
	})
	return all, nil
}
