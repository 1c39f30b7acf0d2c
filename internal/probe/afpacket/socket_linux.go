package afpacket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// noProtocol is an EtherType that no frame has.
const noProtocol = 0xffff

// socket is an AF_PACKET socket and its mapped ring.
type socket struct {
	fd  int
	lay layout
	mem unsafe.Pointer // lay.bytes() long
}

// openSocket makes a socket that sees nothing yet: with protocol 0 it is not
// hooked into the stack until bind names one (packet(7)).
func openSocket(o Options, loopback bool) (*socket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	switch {
	case errors.Is(err, unix.EPERM):
		return nil, fmt.Errorf("open packet socket: needs CAP_NET_RAW: %w", err)
	case errors.Is(err, unix.EAFNOSUPPORT):
		return nil, fmt.Errorf("open packet socket: this kernel has no AF_PACKET (CONFIG_PACKET): %w", err)
	case err != nil:
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	s := &socket{fd: fd}
	if err := s.setUp(o, loopback); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return s, nil
}

func (s *socket) setUp(o Options, loopback bool) error {
	if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("choose TPACKET_V3 (Linux 3.2): %w", err)
	}
	if loopback {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
			// Before Linux 4.20. The prologue does the same, for a little more.
			o.Interface = 0
		}
	}
	if err := s.attach(program(o.Filter, o.SnapLen, o.Interface == 0)); err != nil {
		return fmt.Errorf("attach filter of %d instructions: %w", len(o.Filter), err)
	}
	if err := s.allocate(o); err != nil {
		return err
	}
	mem, err := unix.MmapPtr(s.fd, 0, nil, uintptr(s.lay.bytes()), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map ring of %d bytes: %w", s.lay.bytes(), err)
	}
	s.mem = mem
	return nil
}

func (s *socket) attach(p []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(p))
	for i, in := range p {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	if len(code) > 0xffff {
		return unix.EINVAL
	}
	return unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}

// allocate asks for the ring, in smaller blocks where memory is fragmented.
func (s *socket) allocate(o Options) error {
	const frame = 2048 // checked by the kernel, but without meaning in TPACKET_V3
	lay := o.layout()
	for {
		err := unix.SetsockoptTpacketReq3(s.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
			Block_size: uint32(lay.block), Block_nr: uint32(lay.count),
			Frame_size: frame, Frame_nr: uint32(lay.bytes() / frame),
			Retire_blk_tov: uint32(o.Timeout.Milliseconds()),
		})
		if err == nil {
			s.lay = lay
			return nil
		}
		smaller, ok := lay.smaller()
		if !errors.Is(err, unix.ENOMEM) || !ok {
			return fmt.Errorf("allocate ring of %d MiB in kernel memory: %w", lay.bytes()>>20, err)
		}
		lay = smaller
	}
}

// bind hooks the socket into the stack: from here on packets arrive.
func (s *socket) bind(index int) error {
	proto := binary.NativeEndian.Uint16([]byte{unix.ETH_P_ALL >> 8, unix.ETH_P_ALL & 0xff})
	return unix.Bind(s.fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: index})
}

// leave takes the socket out of the stack. When it returns, no packet is on
// its way into the ring: the kernel waits for those that were
// (synchronize_net in packet_do_bind).
func (s *socket) leave(index int) error {
	return unix.Bind(s.fd, &unix.SockaddrLinklayer{Protocol: noProtocol, Ifindex: index})
}

// promiscuous lasts until the socket is closed or the device deleted.
func (s *socket) promiscuous(index int) error {
	m := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	return unix.SetsockoptPacketMreq(s.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m)
}

// statistics reads and clears the kernel's counters. Packets includes drops.
func (s *socket) statistics() (packets, drops uint64, err error) {
	st, err := unix.GetsockoptTpacketStatsV3(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, 0, fmt.Errorf("read packet statistics: %w", err)
	}
	return uint64(st.Packets), uint64(st.Drops), nil
}

// pendingError takes the socket's error, such as ENETDOWN; nil if none.
func (s *socket) pendingError() error {
	n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if n != 0 {
		return unix.Errno(n)
	}
	return nil
}

// close lets go of the socket and its memory, but not of the addresses: a
// frame that somebody still holds reads as zeros instead of crashing the
// process. They are given back by unmap.
func (s *socket) shut() error {
	_, err := unix.MmapPtr(-1, 0, s.mem, uintptr(s.lay.bytes()), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_FIXED|unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		err = fmt.Errorf("release ring: %w", err)
	}
	return errors.Join(err, unix.Close(s.fd))
}

func (s *socket) unmap() {
	if s.mem != nil {
		_ = unix.MunmapPtr(s.mem, uintptr(s.lay.bytes()))
		s.mem = nil
	}
}
