//go:build !pktrail_lite

package dial

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// talk is a probe under way.
type talk struct {
	*waiter
	p          *Prepared
	fd         int
	start, end time.Time
	c          trail.Conversation
}

// answered ends the conversation well.
func (t *talk) answered() {
	t.c.Result, t.c.RTT = trail.ResultAnswered, time.Since(t.start).Nanoseconds()
}

// failed ends it: the system did not send.
func (t *talk) failed(errno syscall.Errno) {
	t.c.Result, t.c.Error = trail.ResultFailed, errno.Error()
	if errno == unix.EMSGSIZE {
		if q, ok := nextError(t.fd); ok && q.origin == originLocal && q.info != 0 {
			t.c.Error = fmt.Sprintf("%s, MTU %d", t.c.Error, q.info)
		}
	}
}

// refusedByICMP ends it if an ICMP error lies in the queue that is about this
// probe.
func (t *talk) refusedByICMP() bool {
	for {
		q, ok := nextError(t.fd)
		if !ok {
			return false
		}
		if !q.isICMP() || !t.isOurs(q) {
			continue
		}
		t.c.Result, t.c.Error = trail.ResultICMP, syscall.Errno(q.errno).Error()
		t.c.Refusal, t.c.From = q.refusal(), q.from
		t.c.RTT = time.Since(t.start).Nanoseconds()
		return true
	}
}

// isOurs compares the echo that an error quotes: a raw socket hears of the
// echoes of others to the same address.
func (t *talk) isOurs(q queued) bool {
	if t.p.o.Proto != packet.ProtoICMP || len(q.quotedData) < 8 {
		return true
	}
	return packet.ICMP(q.quotedData).ID() == t.p.flow.ID
}

// socketError takes what the socket itself holds.
func (t *talk) socketError() (syscall.Errno, error) {
	n, err := unix.GetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	return syscall.Errno(n), wrap("ask for socket's error", err)
}

// datagram sends one, and waits for another.
func (t *talk) datagram() error {
	message := t.p.o.Payload
	if t.p.o.Proto == packet.ProtoICMP {
		message = t.echo()
	}
	_, err := unix.SendmsgN(t.fd, message, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		t.failed(errno)
		return nil
	}
	buf := make([]byte, 1<<16)
	for {
		events, err := t.wait(unix.POLLIN, t.end)
		if err != nil || events == 0 {
			return err
		}
		if events&unix.POLLIN != 0 {
			n, _, err := unix.Recvfrom(t.fd, buf, unix.MSG_DONTWAIT)
			if err == nil && t.isAnswer(buf[:n]) {
				t.answered()
				return nil
			}
		}
		if events&unix.POLLERR == 0 {
			continue
		}
		if t.refusedByICMP() {
			return nil
		}
		// Taking it also clears it, so that it does not wake us again.
		if _, err := t.socketError(); err != nil {
			return err
		}
	}
}

// seq is the sequence number of the only echo.
const seq = 1

// echo is the ICMP message.
func (t *talk) echo() []byte {
	b := make([]byte, 8, 8+len(t.p.o.Payload))
	b[0] = packet.ICMPv4Echo
	if t.p.flow.Dst.Is6() {
		b[0] = packet.ICMPv6Echo
	}
	binary.BigEndian.PutUint16(b[4:], t.p.flow.ID)
	binary.BigEndian.PutUint16(b[6:], seq)
	b = append(b, t.p.o.Payload...)
	if t.p.flow.Dst.Is4() { // that of ICMPv6 the kernel fills in
		binary.BigEndian.PutUint16(b[2:], ^uint16(packet.Add16(0, b)))
	}
	return b
}

// isAnswer reports whether what came is the answer: for UDP all that comes to
// the connected socket, for ICMP the reply to our echo.
func (t *talk) isAnswer(b []byte) bool {
	if t.p.o.Proto != packet.ProtoICMP {
		return true
	}
	reply := byte(packet.ICMPv4EchoReply)
	if t.p.flow.Dst.Is6() {
		reply = echoReply6
	} else if !t.p.ping { // a raw socket of IPv4 gives the IP header too
		if len(b) < 20 || len(b) < int(b[0]&15)*4 {
			return false
		}
		b = b[int(b[0]&15)*4:]
	}
	return len(b) >= 8 && b[0] == reply && packet.ICMP(b).ID() == t.p.flow.ID && packet.ICMP(b).Seq() == seq
}
