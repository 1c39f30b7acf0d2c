package nlsock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

const (
	// bufferSize is more than the kernel writes at once, which is 32 KiB unless
	// one message is longer (net/netlink/af_netlink.c). It fills each part of a
	// list only as far as the reader's buffer goes, and for many lists searches
	// for the place where it stopped: small buffers cost many times as much.
	bufferSize = 32 << 10
	// patience is how long the kernel may take for one part of an answer, in
	// seconds.
	patience = 5
)

// Conn is one netlink socket. It may be used by one goroutine at a time.
type Conn struct {
	fd     int
	seq    uint32
	buf    []byte
	closed bool
}

// Message is one message of an answer.
type Message struct {
	// Type and Flags are of struct nlmsghdr.
	Type, Flags uint16
	// Body is what follows it, valid until the function that got it returns.
	Body []byte
}

// Dial opens a socket of a family (unix.NETLINK_ROUTE, ...) in the calling
// thread's namespace.
func Dial(family int) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", os.NewSyscallError("socket", err))
	}
	err = os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	if err == nil {
		err = os.NewSyscallError("setsockopt", unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: patience}))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open netlink socket: %w", err), unix.Close(fd))
	}
	// Both are comfort: reasons in words (Linux 4.12), and questions not sent
	// back with them (4.2).
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	if family == unix.NETLINK_ROUTE {
		// Filters of lists are honoured only when this is asked for (4.20).
		_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	}
	return &Conn{fd: fd, buf: make([]byte, bufferSize)}, nil
}

// Close gives the socket back. Questions fail with os.ErrClosed from then on.
func (c *Conn) Close() error {
	if c.closed {
		return os.ErrClosed
	}
	c.closed = true
	return os.NewSyscallError("close", unix.Close(c.fd))
}

// Dump asks for a list and hands each message of it to fn, whose first error
// ends the matter: the rest is read and dropped. ErrChanged comes after the
// whole list was handed out. What the kernel refuses is a *Refusal.
func (c *Conn) Dump(typ uint16, body []byte, fn func(Message) error) error {
	return c.ask(typ, unix.NLM_F_DUMP, body, fn)
}

// Ask asks for one thing. Flags are added to NLM_F_REQUEST and NLM_F_ACK.
func (c *Conn) Ask(typ, flags uint16, body []byte, fn func(Message) error) error {
	return c.ask(typ, flags|unix.NLM_F_ACK, body, fn) // the acknowledgement ends the answer
}

func (c *Conn) ask(typ, flags uint16, body []byte, fn func(Message) error) error {
	if c.closed {
		return os.ErrClosed
	}
	c.seq++
	if err := unix.Sendto(c.fd, c.request(typ, flags|unix.NLM_F_REQUEST, body), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("send", err)
	}
	a := answer{seq: c.seq, fn: fn}
	for !a.done {
		b, err := c.receive()
		if err == nil {
			err = a.read(b)
		}
		switch {
		case errors.Is(err, ErrChanged):
			a.changed = true // some of it is lost, the rest has to be read all the same
		case err != nil:
			return err
		}
	}
	switch {
	case a.err != nil:
		return a.err
	case a.changed:
		return ErrChanged
	}
	return nil
}

// receive gives one part of an answer, or ErrChanged for one that is lost.
func (c *Conn) receive() ([]byte, error) {
	for {
		n, _, err := unix.Recvfrom(c.fd, c.buf, unix.MSG_TRUNC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil, fmt.Errorf("receive: no answer within %d seconds: %w", patience, os.ErrDeadlineExceeded)
		case errors.Is(err, unix.ENOBUFS):
			return nil, ErrChanged
		case err != nil:
			return nil, os.NewSyscallError("receive", err)
		case n > len(c.buf):
			c.buf = make([]byte, n+n/2) // it is long enough next time
			return nil, ErrChanged
		}
		return c.buf[:n], nil
	}
}

// request builds struct nlmsghdr and what follows.
func (c *Conn) request(typ, flags uint16, body []byte) []byte {
	order := binary.NativeEndian
	b := make([]byte, 0, unix.NLMSG_HDRLEN+len(body))
	b = order.AppendUint32(b, uint32(unix.NLMSG_HDRLEN+len(body)))
	b = order.AppendUint16(b, typ)
	b = order.AppendUint16(b, flags)
	b = order.AppendUint32(b, c.seq)
	b = order.AppendUint32(b, 0)
	return append(b, body...)
}

// answer is what has come of one.
type answer struct {
	seq     uint32
	fn      func(Message) error
	err     error // fn's first
	changed bool
	done    bool
}

// read takes the messages of one part. Those of an earlier question, which was
// given up, are passed over.
func (a *answer) read(b []byte) error {
	order := binary.NativeEndian
	for len(b) >= unix.NLMSG_HDRLEN {
		n := int(order.Uint32(b))
		if n < unix.NLMSG_HDRLEN || n > len(b) {
			return errors.New("receive: a message does not fit")
		}
		m := Message{Type: order.Uint16(b[4:]), Flags: order.Uint16(b[6:]), Body: b[unix.NLMSG_HDRLEN:n:n]}
		mine := order.Uint32(b[8:]) == a.seq
		b = b[min(nlattr.Align(n), len(b)):]
		if !mine {
			continue
		}
		a.changed = a.changed || m.Flags&unix.NLM_F_DUMP_INTR != 0
		switch m.Type {
		case unix.NLMSG_NOOP:
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			a.done = true
			if err := refusal(m); err != nil {
				return err
			}
		default:
			if a.err == nil {
				a.err = a.fn(m)
			}
		}
	}
	return nil
}

// refusal reads the end of an answer: an errno, and perhaps a reason in words
// behind the question's header.
func refusal(m Message) error {
	if len(m.Body) < 4 {
		return nil
	}
	errno := int32(binary.NativeEndian.Uint32(m.Body))
	if errno >= 0 {
		return nil
	}
	r := &Refusal{Errno: syscall.Errno(-errno)}
	words := m.Body[4:]
	if m.Type == unix.NLMSG_ERROR {
		if len(words) < unix.NLMSG_HDRLEN {
			return r
		}
		n := unix.NLMSG_HDRLEN
		if m.Flags&unix.NLM_F_CAPPED == 0 {
			n = int(min(max(binary.NativeEndian.Uint32(words), unix.NLMSG_HDRLEN), uint32(len(words))))
		}
		words = words[min(nlattr.Align(n), len(words)):]
	}
	if m.Flags&unix.NLM_F_ACK_TLVS != 0 {
		for typ, v := range nlattr.All(words) {
			if typ == unix.NLMSGERR_ATTR_MSG {
				r.Text = nlattr.Text(v)
			}
		}
	}
	return r
}
