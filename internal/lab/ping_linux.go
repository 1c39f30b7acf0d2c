package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ICMP message types (RFC 792, RFC 4443).
const (
	icmpEchoReply   = 0
	icmpEcho        = 8
	icmp6Echo       = 128
	icmp6EchoReply  = 129
	icmpHeaderBytes = 8
)

// Ping sends echo requests from a pod, a node or the outside host, one after
// the other, and returns what became of each. It needs no ping program: the
// socket is an ICMP datagram socket (icmp(7)). The error says that nothing
// could be sent, or that the context ended; the results so far come with it.
func (l *Lab) Ping(ctx context.Context, from string, dst netip.Addr, o PingOptions) ([]PingResult, error) {
	ns, err := l.Resolve(from)
	if err != nil {
		return nil, err
	}
	return Ping(ctx, ns, dst, o)
}

// Ping is Lab.Ping from any named network namespace whose
// net.ipv4.ping_group_range lets the caller ping.
func Ping(ctx context.Context, namespace string, dst netip.Addr, o PingOptions) ([]PingResult, error) {
	o = o.withDefaults()
	var p *pinger
	err := Do(namespace, func() (err error) {
		p, err = openPinger(dst, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ping from %s: %w", namespace, err)
	}
	defer p.conn.Close()
	defer context.AfterFunc(ctx, func() { p.conn.Close() })()
	var all []PingResult
	for i := range o.Count {
		start := time.Now()
		r := p.echo(uint16(i+1), o)
		if ctx.Err() != nil {
			return all, fmt.Errorf("ping from %s: %w", namespace, context.Cause(ctx))
		}
		all = append(all, r)
		if rest := o.Interval - time.Since(start); rest > 0 && i+1 < o.Count {
			select {
			case <-ctx.Done():
				return all, fmt.Errorf("ping from %s: %w", namespace, context.Cause(ctx))
			case <-time.After(rest):
			}
		}
	}
	return all, nil
}

func (o PingOptions) withDefaults() PingOptions {
	if o.Count <= 0 {
		o.Count = 1
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.Size == 0 {
		o.Size = 56
	}
	o.Size = min(max(o.Size, 0), 65000)
	return o
}

// pinger is a connected ICMP datagram socket.
type pinger struct {
	conn  net.Conn
	dst   netip.Addr
	id    uint16
	reply byte // the type of echo replies
	echoT byte // and of requests
}

// openPinger opens the socket in the calling thread's namespace.
func openPinger(dst netip.Addr, o PingOptions) (*pinger, error) {
	dst = dst.Unmap()
	family, proto := unix.AF_INET6, unix.IPPROTO_ICMPV6
	p := &pinger{dst: dst, echoT: icmp6Echo, reply: icmp6EchoReply}
	if dst.Is4() {
		family, proto = unix.AF_INET, unix.IPPROTO_ICMP
		p.echoT, p.reply = icmpEcho, icmpEchoReply
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), "ping")
	defer f.Close() // FileConn duplicates it
	if err := configurePinger(fd, dst, o); err != nil {
		return nil, err
	}
	if p.id, err = localPort(fd); err != nil {
		return nil, err
	}
	p.conn, err = net.FileConn(f)
	return p, err
}

func configurePinger(fd int, dst netip.Addr, o PingOptions) error {
	level, recverr, ttl, mtu, probe := unix.IPPROTO_IP, unix.IP_RECVERR, unix.IP_TTL, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE
	if dst.Is6() {
		level, recverr, ttl, mtu, probe = unix.IPPROTO_IPV6, unix.IPV6_RECVERR, unix.IPV6_UNICAST_HOPS, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE
	}
	// With it, ICMP errors end a read.
	if err := unix.SetsockoptInt(fd, level, recverr, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if o.TTL > 0 {
		if err := unix.SetsockoptInt(fd, level, ttl, o.TTL); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if o.DontFragment {
		if err := unix.SetsockoptInt(fd, level, mtu, probe); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	any := netip.IPv4Unspecified()
	if dst.Is6() {
		any = netip.IPv6Unspecified()
	}
	// The port of such a socket is the identifier.
	if err := unix.Bind(fd, sockaddr(any, o.ID)); err != nil {
		return os.NewSyscallError("bind", err)
	}
	return os.NewSyscallError("connect", unix.Connect(fd, sockaddr(dst, 0)))
}

func sockaddr(a netip.Addr, port uint16) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4(), Port: int(port)}
	}
	return &unix.SockaddrInet6{Addr: a.As16(), Port: int(port)}
}

func localPort(fd int) (uint16, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return uint16(sa.Port), nil
	case *unix.SockaddrInet6:
		return uint16(sa.Port), nil
	}
	return 0, fmt.Errorf("socket of family %T", sa)
}

// echo sends one request and waits for its reply.
func (p *pinger) echo(seq uint16, o PingOptions) PingResult {
	r := PingResult{ID: p.id, Seq: seq}
	b := make([]byte, icmpHeaderBytes+o.Size)
	b[0] = p.echoT // the kernel fills identifier and checksum
	binary.BigEndian.PutUint16(b[6:], seq)
	for i := range o.Size {
		b[icmpHeaderBytes+i] = byte(i)
	}
	start := time.Now()
	if r.Err = p.conn.SetDeadline(start.Add(o.Timeout)); r.Err != nil {
		return r
	}
	if _, err := p.conn.Write(b); err != nil {
		r.Err = cause(err)
		return r
	}
	in := make([]byte, 1<<16)
	for {
		n, err := p.conn.Read(in)
		if err != nil {
			r.Err = cause(err)
			return r
		}
		if n >= icmpHeaderBytes && in[0] == p.reply && binary.BigEndian.Uint16(in[6:]) == seq {
			r.RTT, r.From = time.Since(start), p.dst
			return r
		}
	}
}

// cause strips what package net wraps around a system error.
func cause(err error) error {
	if errno := unix.Errno(0); errors.As(err, &errno) {
		return errno
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return err
}
