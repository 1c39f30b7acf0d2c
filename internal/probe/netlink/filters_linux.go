package netlink

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// place is where filters of tc may hang: the parent of struct tcmsg.
type place struct {
	index  int
	parent uint32
	name   string
}

// Parents of filters (linux/pkt_sched.h).
const (
	clsactIngress = 0xfffffff2 // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
	clsactEgress  = 0xfffffff3
)

// filters reads the filters of tc. There are few places where there can be
// any, and the kernel lists filters by place alone.
func (t *taker) filters(p *programs) error {
	var places []place
	const tcmsg = 20
	err := t.dumpRoute(unix.RTM_GETQDISC, make([]byte, tcmsg), func(m nlsock.Message) error {
		places = append(places, placesOf(m.Body)...)
		return nil
	})
	changed := errors.Is(err, nlsock.ErrChanged)
	if err != nil && !changed {
		return err
	}
	for _, at := range places {
		body := make([]byte, tcmsg)
		binary.NativeEndian.PutUint32(body[4:], uint32(at.index))
		binary.NativeEndian.PutUint32(body[12:], at.parent)
		err := t.dumpRoute(unix.RTM_GETTFILTER, body, func(m nlsock.Message) error {
			if f, ok := rtnl.Filter(m.Body); ok {
				f.Where = at.name
				p.all = append(p.all, f)
			}
			return nil
		})
		switch {
		case errors.Is(err, nlsock.ErrChanged):
			changed = true
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENODEV), errors.Is(err, unix.EOPNOTSUPP):
			// what was there a moment ago is gone, or has no filters
		case err != nil:
			return err
		}
	}
	if changed {
		return nlsock.ErrChanged
	}
	return nil
}

// placesOf says where filters may hang by a queueing discipline. One without a
// handle is the kernel's own choice, and has none.
func placesOf(body []byte) []place {
	const header, kind = 20, 1 // struct tcmsg; TCA_KIND
	if len(body) < header {
		return nil
	}
	index := int(int32(binary.NativeEndian.Uint32(body[4:])))
	handle := binary.NativeEndian.Uint32(body[8:])
	for typ, v := range nlattr.All(body[header:]) {
		if typ != kind {
			continue
		}
		switch {
		case nlattr.Text(v) == "clsact":
			return []place{{index, clsactIngress, "tc ingress"}, {index, clsactEgress, "tc egress"}}
		case nlattr.Text(v) == "ingress":
			return []place{{index, handle, "tc ingress"}}
		case handle != 0:
			return []place{{index, handle, "tc qdisc"}}
		}
	}
	return nil
}
