//go:build !pktrail_lite

package dial

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/packet"
)

// configure asks for the error queue, for DF, and for echo replies alone.
func (p *Prepared) configure() error {
	is6 := p.flow.Dst.Is6()
	set := func(what string, level, name, value int) error {
		if err := unix.SetsockoptInt(p.fd, level, name, value); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	level, recvErr, discover := unix.IPPROTO_IP, unix.IP_RECVERR, unix.IP_MTU_DISCOVER
	if is6 {
		level, recvErr, discover = unix.IPPROTO_IPV6, unix.IPV6_RECVERR, unix.IPV6_MTU_DISCOVER
	}
	if err := set("ask for ICMP errors", level, recvErr, 1); err != nil {
		return err
	}
	if p.o.DontFragment && p.o.Proto != packet.ProtoTCP {
		// Not IP_PMTUDISC_DO: that refuses here what an ICMP error once refused
		// on the way, and nothing would be sent. (IPV6_PMTUDISC_PROBE is the same
		// number.)
		if err := set("set DF", level, discover, unix.IP_PMTUDISC_PROBE); err != nil {
			return err
		}
		if is6 {
			if err := set("set DF", level, unix.IPV6_DONTFRAG, 1); err != nil {
				return err
			}
		}
	}
	if p.o.Proto == packet.ProtoICMP && !p.ping {
		return p.onlyReplies()
	}
	return nil
}

// onlyReplies keeps other ICMP messages from a raw socket. Errors come by the
// error queue all the same.
func (p *Prepared) onlyReplies() error {
	if p.flow.Dst.Is6() {
		var f unix.ICMPv6Filter
		for i := range f.Data {
			f.Data[i] = 1<<32 - 1 // a set bit blocks
		}
		f.Data[echoReply6/32] &^= 1 << (echoReply6 % 32)
		const option = 1 // ICMPV6_FILTER of linux/icmpv6.h
		return wrap("filter ICMPv6", unix.SetsockoptICMPv6Filter(p.fd, unix.IPPROTO_ICMPV6, option, &f))
	}
	const solRaw, option = 255, 1 // SOL_RAW; ICMP_FILTER of linux/icmp.h
	return wrap("filter ICMP", unix.SetsockoptInt(p.fd, solRaw, option, ^(1<<packet.ICMPv4EchoReply)))
}

const (
	echoReply6 = packet.ICMPv6Echo + 1
	// errorRoom is space for a control message with a struct
	// sock_extended_err and an address.
	errorRoom = 256
)

// nextError takes an entry from the socket's error queue; false if there is
// none.
func nextError(fd int) (queued, bool) {
	data, control := make([]byte, 576), make([]byte, errorRoom)
	n, cn, _, _, err := unix.Recvmsg(fd, data, control, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	if err != nil {
		return queued{}, false
	}
	messages, err := unix.ParseSocketControlMessage(control[:cn])
	if err != nil {
		return queued{}, false
	}
	for _, m := range messages {
		h := m.Header
		if h.Level == unix.IPPROTO_IP && h.Type == unix.IP_RECVERR || h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_RECVERR {
			if q, ok := decodeQueued(m.Data); ok {
				q.quotedData = data[:n]
				return q, true
			}
		}
	}
	return queued{}, false
}

// unsent is how many bytes the other side has not acknowledged (SIOCOUTQ).
func unsent(fd int) (int, error) {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	return n, wrap("ask for unacknowledged bytes", err)
}

// pathMTU and retransmissions are what TCP knows of the connection.
func pathMTU(fd int) (mtu, retransmissions uint32, err error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, 0, wrap("ask TCP", err)
	}
	return info.Pmtu, info.Total_retrans, nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
