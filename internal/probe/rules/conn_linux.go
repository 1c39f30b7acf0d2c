//go:build !pktrail_lite

package rules

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// conn speaks to nf_tables. A netlink library would do, but the kernel fills
// each part of a dump only as far as the reader's buffer goes, and walks from
// the chain's first rule for the next: with buffers of one page a long chain
// costs many times as much.
type conn struct {
	fd  int
	seq uint32
	buf []byte
}

// The kernel writes at most 32 KiB at a time (net/netlink/af_netlink.c).
const connBuffer = 64 << 10

// answerWithin is how long the kernel may take for one part of an answer.
const answerWithin = 5 // seconds

func dial() (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	if err == nil {
		err = os.NewSyscallError("setsockopt", unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: answerWithin}))
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &conn{fd: fd, buf: make([]byte, connBuffer)}, nil
}

func (c *conn) close() error { return unix.Close(c.fd) }

// attribute is one netlink attribute that holds a string.
type attribute struct {
	kind  uint16
	value string
}

// errInterrupted says that the ruleset changed during a dump.
var errInterrupted = errors.New("the ruleset changed while it was read")

// ask sends one request and hands every message of the answer to each, without
// its netlink header; the bytes are valid during the call.
func (c *conn) ask(kind uint16, family byte, dump bool, attrs []attribute, each func(msg []byte)) error {
	c.seq++
	flags := uint16(unix.NLM_F_REQUEST)
	if dump {
		flags |= unix.NLM_F_DUMP
	} else {
		flags |= unix.NLM_F_ACK // ends the answer
	}
	if err := unix.Sendto(c.fd, c.request(kind, flags, family, attrs), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("send", err)
	}
	interrupted := false
	for {
		n, _, err := unix.Recvfrom(c.fd, c.buf, unix.MSG_TRUNC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return os.NewSyscallError("receive", err)
		case n > len(c.buf):
			return fmt.Errorf("receive: a message of %d bytes", n)
		}
		done, cut, err := c.read(c.buf[:n], each)
		interrupted = interrupted || cut
		switch {
		case err != nil:
			return err
		case done && interrupted:
			return errInterrupted
		case done:
			return nil
		}
	}
}

// request builds struct nlmsghdr, struct nfgenmsg and the attributes.
func (c *conn) request(kind, flags uint16, family byte, attrs []attribute) []byte {
	order := binary.NativeEndian
	b := make([]byte, unix.NLMSG_HDRLEN, 128)
	b = append(b, family, unix.NFNETLINK_V0, 0, 0)
	for _, a := range attrs {
		n := unix.SizeofNlAttr + len(a.value) + 1
		b = order.AppendUint16(b, uint16(n))
		b = order.AppendUint16(b, a.kind)
		b = append(append(b, a.value...), 0)
		b = append(b, make([]byte, (unix.NLA_ALIGNTO-n%unix.NLA_ALIGNTO)%unix.NLA_ALIGNTO)...)
	}
	order.PutUint32(b, uint32(len(b)))
	order.PutUint16(b[4:], unix.NFNL_SUBSYS_NFTABLES<<8|kind)
	order.PutUint16(b[6:], flags)
	order.PutUint32(b[8:], c.seq)
	return b
}

// read takes the messages of one part of an answer. Those of an earlier
// question, which was given up, are passed over.
func (c *conn) read(b []byte, each func(msg []byte)) (done, interrupted bool, err error) {
	order := binary.NativeEndian
	for len(b) >= unix.NLMSG_HDRLEN {
		n := int(order.Uint32(b))
		if n < unix.NLMSG_HDRLEN || n > len(b) {
			return false, false, errors.New("receive: a message does not fit")
		}
		kind, flags, body := order.Uint16(b[4:]), order.Uint16(b[6:]), b[unix.NLMSG_HDRLEN:n]
		mine := order.Uint32(b[8:]) == c.seq
		b = b[min((n+unix.NLMSG_ALIGNTO-1)&^(unix.NLMSG_ALIGNTO-1), len(b)):]
		if !mine {
			continue
		}
		interrupted = interrupted || flags&unix.NLM_F_DUMP_INTR != 0
		switch kind {
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			if len(body) >= 4 {
				if errno := int32(order.Uint32(body)); errno < 0 {
					return true, interrupted, unix.Errno(-errno)
				}
			}
			done = true
		default:
			each(body)
		}
	}
	return done, interrupted, nil
}
