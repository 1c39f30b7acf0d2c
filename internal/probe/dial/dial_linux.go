//go:build !pktrail_lite

package dial

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/ask"
	"github.com/pktrail/pktrail/internal/trail"
)

// Prepared is a probe that is ready to be sent: its socket is bound, and its
// flow known.
type Prepared struct {
	o    Options
	flow packet.Flow
	to   unix.Sockaddr
	// early is what stood in the way of the first packet already.
	early syscall.Errno
	// ping is true for a ping socket, which fills in the echo's identifier.
	ping bool

	mu sync.Mutex
	fd int // -1 once it is closed or runs
}

// Run is Prepare and Prepared.Run in one.
func Run(ctx context.Context, o Options) (trail.Conversation, error) {
	p, err := Prepare(o)
	if err != nil {
		return trail.Conversation{}, err
	}
	return p.Run(ctx)
}

// Prepare opens and binds the probe's socket in its namespace, and finds out
// which source address it will have. Nothing is sent. Where there is no route,
// that is the outcome of Run, and the flow has no source. The caller calls Run
// or Close.
func Prepare(o Options) (*Prepared, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	a, err := ask.Open(o.Netns)
	if err != nil {
		return nil, fmt.Errorf("prepare probe: %w", err)
	}
	p := &Prepared{o: o, fd: -1}
	err = p.open(a)
	if err = errors.Join(err, a.Close()); err != nil {
		return nil, fmt.Errorf("prepare probe of %s: %w", o.Dst, errors.Join(err, p.Close()))
	}
	return p, nil
}

// Flow is that of the first packet. Src is invalid if there is no route.
func (p *Prepared) Flow() packet.Flow { return p.flow }

// Close gives the socket back; after Run there is none.
func (p *Prepared) Close() error {
	if fd := p.take(); fd >= 0 {
		return unix.Close(fd)
	}
	return nil
}

// take hands the socket over, once.
func (p *Prepared) take() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	fd := p.fd
	p.fd = -1
	return fd
}

// Run sends the probe and waits for what comes of it. The error is nil for
// every outcome of the conversation itself; it is that of the context if that
// ends first, and os.ErrClosed if the probe has run or was closed.
func (p *Prepared) Run(ctx context.Context) (trail.Conversation, error) {
	fd := p.take()
	if fd < 0 {
		return trail.Conversation{}, os.ErrClosed
	}
	if p.o.Started != nil {
		p.o.Started(p.flow)
	}
	start := time.Now()
	t := &talk{
		p: p, fd: fd, start: start, end: start.Add(p.o.Timeout),
		c: trail.Conversation{Flow: p.flow, Result: trail.ResultNothing, Started: start.UnixNano()},
	}
	w, err := newWaiter(ctx, fd)
	if err != nil {
		return t.c, errors.Join(fmt.Errorf("run probe: %w", err), unix.Close(fd))
	}
	t.waiter = w
	switch {
	case p.early != 0:
		t.failed(p.early)
	case p.o.Proto == packet.ProtoTCP:
		err = t.tcp()
	default:
		err = t.datagram()
	}
	w.close()
	if err = errors.Join(err, unix.Close(fd)); err != nil {
		return t.c, fmt.Errorf("run probe: %w", err)
	}
	return t.c, nil
}

// open makes the socket and settles the flow.
func (p *Prepared) open(a *ask.Asker) error {
	zone, err := zoneIndex(a, p.o.Dst.Addr().Zone())
	if err != nil {
		return err
	}
	dst := p.o.Dst
	if p.o.Proto == packet.ProtoICMP {
		dst = netip.AddrPortFrom(dst.Addr(), 0)
	}
	p.to = sockaddr(dst, zone)
	p.flow = packet.Flow{Proto: p.o.Proto, Dst: dst.Addr().WithZone(""), DstPort: dst.Port()}
	if p.o.Proto == packet.ProtoICMP && dst.Addr().Is6() {
		p.flow.Proto = packet.ProtoICMPv6
	}
	if err := a.Do(p.socket); err != nil {
		return err
	}
	if err := p.configure(); err != nil {
		return err
	}
	if err := p.bind(zone); err != nil {
		return err
	}
	if p.o.Proto == packet.ProtoTCP {
		return p.askSource(a)
	}
	// Connecting sends nothing, and tells the source.
	var errno syscall.Errno
	if err := unix.Connect(p.fd, p.to); errors.As(err, &errno) {
		p.early = errno
		return nil
	}
	own, err := p.local()
	p.flow.Src = own.Addr()
	return err
}

// socket opens it, in the namespace.
func (p *Prepared) socket() (err error) {
	family, icmp := unix.AF_INET, unix.IPPROTO_ICMP
	if p.flow.Dst.Is6() {
		family, icmp = unix.AF_INET6, unix.IPPROTO_ICMPV6
	}
	const flags = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	switch p.o.Proto {
	case packet.ProtoTCP:
		p.fd, err = unix.Socket(family, unix.SOCK_STREAM|flags, unix.IPPROTO_TCP)
	case packet.ProtoUDP:
		p.fd, err = unix.Socket(family, unix.SOCK_DGRAM|flags, unix.IPPROTO_UDP)
	default:
		p.ping = true
		p.fd, err = unix.Socket(family, unix.SOCK_DGRAM|flags, icmp)
		if err != nil { // net.ipv4.ping_group_range does not have us
			p.ping = false
			p.fd, err = unix.Socket(family, unix.SOCK_RAW|flags, icmp)
		}
	}
	if err != nil {
		p.fd = -1
		return fmt.Errorf("open socket: %w", err)
	}
	return nil
}

// bind takes a port, or an identifier for the echo.
func (p *Prepared) bind(zone uint32) error {
	src := p.o.Src
	switch {
	case src.IsValid():
	case p.flow.Dst.Is6():
		src = netip.IPv6Unspecified()
	default:
		src = netip.IPv4Unspecified()
	}
	raw := p.o.Proto == packet.ProtoICMP && !p.ping
	port := p.o.SrcPort
	if raw {
		port = 0
	}
	if err := unix.Bind(p.fd, sockaddr(netip.AddrPortFrom(src, port), zone)); err != nil {
		return fmt.Errorf("bind to %s: %w", netip.AddrPortFrom(src, port), err)
	}
	own, err := p.local()
	if err != nil {
		return err
	}
	switch {
	case raw && p.o.SrcPort != 0:
		p.flow.ID = p.o.SrcPort
	case raw:
		p.flow.ID = uint16(1 + rand.N(1<<16-1))
	case p.ping:
		p.flow.ID = own.Port()
	default:
		p.flow.SrcPort = own.Port()
	}
	if p.o.Src.IsValid() {
		p.flow.Src = p.o.Src.WithZone("")
	}
	return nil
}

// askSource asks the kernel for the address that connect() will take: the
// call itself would send the first packet.
func (p *Prepared) askSource(a *ask.Asker) error {
	if p.o.Src.IsValid() {
		return nil
	}
	r, err := a.Lookup(ask.Question{
		Dst: p.flow.Dst, Out: p.o.Dst.Addr().Zone(), Proto: packet.ProtoTCP,
		SrcPort: p.flow.SrcPort, DstPort: p.flow.DstPort,
	})
	if err != nil {
		return err
	}
	p.flow.Src = r.Chosen.PrefSrc // none if there is no route: connect will say it
	return nil
}

// local is the address that the socket has.
func (p *Prepared) local() (netip.AddrPort, error) {
	sa, err := unix.Getsockname(p.fd)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("ask for own address: %w", err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)), nil
	}
	return netip.AddrPort{}, errors.New("own address is of another family")
}

func sockaddr(a netip.AddrPort, zone uint32) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	if !a.Addr().IsLinkLocalUnicast() && !a.Addr().IsLinkLocalMulticast() {
		zone = 0
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), ZoneId: zone, Addr: a.Addr().As16()}
}

// zoneIndex is the index of a device of the namespace; 0 for no zone.
func zoneIndex(a *ask.Asker, zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	links, err := a.Links()
	if err != nil {
		return 0, err
	}
	for _, l := range links {
		if l.Name == zone || strconv.Itoa(l.Index) == zone {
			return uint32(l.Index), nil
		}
	}
	return 0, fmt.Errorf("find device %s: %w", zone, unix.ENODEV)
}
