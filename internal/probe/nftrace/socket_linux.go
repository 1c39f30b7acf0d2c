//go:build !pktrail_lite

package nftrace

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// socket is a netlink socket of netfilter. It does not block.
type socket struct {
	fd  int
	buf []byte
	seq uint32
}

// mostTransaction is in bytes; a match takes some 5 KiB.
const mostTransaction = 4 << 20

// openSocket makes one in the calling thread's namespace.
func openSocket(buffer int) (*socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open netfilter socket: %w", err)
	}
	s := &socket{fd: fd, buf: make([]byte, 64<<10)}
	if buffer > 0 {
		// The forced one passes net.core.rmem_max; it needs CAP_NET_ADMIN in
		// the first user namespace.
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer)
		}
	}
	// A transaction is one datagram. Where the limit may not be passed, some
	// hundred matches fit.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, mostTransaction)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, errors.Join(fmt.Errorf("bind netfilter socket: %w", err), s.close())
	}
	return s, nil
}

// Groups of linux/netfilter/nfnetlink.h.
const (
	changesGroup  = 7 // NFNLGRP_NFTABLES
	traceMessages = 9 // NFNLGRP_NFTRACE
)

// joinGroup subscribes to one of netfilter's groups.
func joinGroup(fd, group int, what string) error {
	err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group)
	switch {
	case errors.Is(err, unix.EPERM):
		return &PermissionError{Op: "listen to " + what, Capability: "CAP_NET_ADMIN", Err: err}
	case errors.Is(err, unix.EINVAL):
		return &UnsupportedError{What: what, Since: "Linux 4.6", Err: err}
	case err != nil:
		return fmt.Errorf("listen to %s: %w", what, err)
	}
	return nil
}

func (s *socket) close() error { return unix.Close(s.fd) }

// receive takes one datagram; EAGAIN if there is none.
func (s *socket) receive() ([]byte, error) {
	for {
		n, _, err := unix.Recvfrom(s.fd, s.buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return s.buf[:n], nil
	}
}

func (s *socket) send(b []byte) error {
	return unix.Sendto(s.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// answers hands on what the kernel answers to a request that was just sent.
// Netfilter answers before send returns, so nothing is waited for. The error
// is the first that the kernel gives, with the number of its message. After
// that one a transaction's other messages fail, too, each with an answer: that
// not all of them have room is no matter.
func (s *socket) answers(each func(nlMessage)) (uint32, error) {
	var failed, full error
	var at uint32
	for {
		b, err := s.receive()
		switch {
		case errors.Is(err, unix.EAGAIN) && failed == nil:
			return at, full
		case errors.Is(err, unix.EAGAIN):
			return at, failed
		case errors.Is(err, unix.ENOBUFS) && full == nil: // said before what came first
			full = err
			continue
		case err != nil:
			return 0, err
		}
		eachMessage(b, func(m nlMessage) {
			switch {
			case m.typ != nlError:
				if each != nil {
					each(m)
				}
			case len(m.body) >= 4 && failed == nil:
				if code := int32(binary.NativeEndian.Uint32(m.body)); code != 0 {
					failed, at = unix.Errno(-code), m.seq
				}
			}
		})
	}
}

// request sends one message and hands on the answer.
func (s *socket) request(typ, flags uint16, family uint8, id uint16, a attrs, each func(nlMessage)) error {
	s.seq++
	if err := s.send(nfMessage(nil, typ, nlRequest|flags, s.seq, family, id, a)); err != nil {
		return err
	}
	_, err := s.answers(each)
	return err
}

// change is one message of a transaction.
type change struct {
	typ, flags uint16
	attrs      attrs
}

// transact makes changes to the ruleset of the inet family, all or none. The
// number it returns with an error is the index of the change that the kernel
// refused; -1 is the transaction itself.
func (s *socket) transact(changes []change) (int, error) {
	s.seq++
	first := s.seq
	b := nfMessage(nil, nfBatchBegin, nlRequest, s.seq, 0, nfTables, nil)
	for _, c := range changes {
		s.seq++
		b = nfMessage(b, c.typ, nlRequest|c.flags, s.seq, nfprotoInet, 0, c.attrs)
	}
	s.seq++
	b = nfMessage(b, nfBatchEnd, nlRequest, s.seq, 0, nfTables, nil)
	if err := s.send(b); err != nil {
		return -1, err
	}
	at, err := s.answers(nil)
	if err != nil && at > first && int(at-first) <= len(changes) {
		return int(at-first) - 1, err
	}
	return -1, err
}
