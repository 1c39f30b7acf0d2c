//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/trail"
)

// Flags of a question, linux/rtnetlink.h.
const (
	lookupTable = 0x1000 // RTM_F_LOOKUP_TABLE: tell the table's number
	fibMatch    = 0x2000 // RTM_F_FIB_MATCH: tell the route of the table
)

// Route asks the kernel where it would send a packet. An error of the kernel's
// is an answer (Errno), as a packet from Question.In would meet it: EHOSTUNREACH
// and ENETUNREACH are no way or an unreachable route, EACCES is a prohibition,
// EXDEV the reverse-path filter, EINVAL a blackhole or an address that cannot
// be. Newer kernels (seen on 6.18) say EINVAL for the reverse-path filter too:
// ReversePath and Explain tell what it was. With forwarding off, IPv4 says
// EHOSTUNREACH for what is not local though there is a route, and IPv6 answers
// with the route.
//
// An error of Route's is that the kernel could not be asked, for instance
// because a device does not exist (syscall.ENODEV).
func (a *Asker) Route(q Question) (trail.Answer, error) {
	r, err := a.Lookup(q)
	return r.Answer, err
}

// Lookup is Route with all that the kernel tells.
func (a *Asker) Lookup(q Question) (Reply, error) {
	q = q.plain()
	body, err := a.routeRequest(q)
	if err != nil {
		return Reply{}, fmt.Errorf("%s: %w", q, err)
	}
	var r Reply
	flags := uint32(lookupTable)
	if q.Dst.Is6() {
		flags = 0 // it always tells, and refuses the flag
	}
	r.Chosen, err = a.entry(body, flags)
	if errno := refusal(err); errno != 0 {
		r.Errno = int(errno)
		r.describe(q)
		return r, nil
	}
	if err != nil {
		return Reply{}, fmt.Errorf("%s: %w", q, err)
	}
	r.Match, err = a.entry(body, flags|fibMatch)
	r.HasMatch = err == nil && r.Match.Flags&flagCloned == 0 && r.Match.agrees(r.Chosen)
	if err != nil && refusal(err) == 0 {
		return Reply{}, fmt.Errorf("%s: %w", q, err)
	}
	if !r.HasMatch {
		r.Match = Entry{}
	}
	n := a.names()
	if err := errors.Join(n.fill(&r.Chosen), n.fill(&r.Match)); err != nil {
		return Reply{}, fmt.Errorf("%s: %w", q, err)
	}
	r.describe(q)
	return r, nil
}

// entry asks for a route.
func (a *Asker) entry(body []byte, flags uint32) (Entry, error) {
	c, err := a.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return Entry{}, err
	}
	b, err := c.one(unix.RTM_GETROUTE, withFlags(body, flags))
	if err != nil {
		return Entry{}, err
	}
	return decodeEntry(b)
}

// routeRequest makes the struct rtmsg and attributes of a question.
func (a *Asker) routeRequest(q Question) ([]byte, error) {
	if !q.Dst.IsValid() {
		return nil, errors.New("no destination")
	}
	if q.Src.IsValid() && q.Src.Is6() != q.Dst.Is6() {
		return nil, fmt.Errorf("%s and %s are of different families", q.Src, q.Dst)
	}
	b := make([]byte, rtmsgLen)
	b[0], b[1], b[3] = familyOf(q.Dst.Is6()), uint8(q.Dst.BitLen()), q.TOS
	b = nlattr.Append(b, unix.RTA_DST, q.Dst.AsSlice()...)
	if q.Src.IsValid() {
		b[2] = uint8(q.Src.BitLen())
		b = nlattr.Append(b, unix.RTA_SRC, q.Src.AsSlice()...)
	}
	for _, d := range []struct {
		name string
		attr uint16
	}{{q.In, unix.RTA_IIF}, {q.Out, unix.RTA_OIF}} {
		if d.name == "" {
			continue
		}
		l, err := a.link(0, d.name)
		if err != nil {
			return nil, err
		}
		b = append32(b, d.attr, uint32(l.Index))
	}
	if q.Mark != 0 {
		b = append32(b, unix.RTA_MARK, q.Mark)
	}
	if q.HasUID {
		b = append32(b, unix.RTA_UID, q.UID)
	}
	if q.Proto != 0 {
		b = nlattr.Append(b, unix.RTA_IP_PROTO, uint8(q.Proto))
	}
	if q.SrcPort != 0 {
		b = appendBE16(b, unix.RTA_SPORT, q.SrcPort)
	}
	if q.DstPort != 0 {
		b = appendBE16(b, unix.RTA_DPORT, q.DstPort)
	}
	return b, nil
}

// withFlags is a request with rtm_flags.
func withFlags(body []byte, flags uint32) []byte {
	b := append([]byte(nil), body...)
	putNative32(b[8:], flags)
	return b
}
