package netlink

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// programs finds what hangs at the interfaces: XDP, whose programs the links
// name; filters of tc, where there is a queueing discipline that has any; tcx
// and netkit, whose programs the kernel tells by bpf(2) alone.
func (t *taker) programs() error {
	links, done, err := t.needLinks()
	if err != nil {
		return err
	}
	defer done()
	p := programs{known: map[uint32]netstate.Program{}}
	for i := range links {
		p.xdp(&links[i])
	}
	tcErr := t.filters(&p)
	if err := p.tcx(links); err != nil {
		t.unreadable(netstate.PartPrograms, "tcx", err)
	}
	for i := range p.all {
		p.describe(&p.all[i])
	}
	if p.refused != nil {
		t.unreadable(netstate.PartPrograms, "names", p.refused)
	}
	t.out.Programs = p.all
	return tcErr
}

// needLinks gives the links to a part that goes by them, and reads them if
// they were not asked for; done takes those out again.
func (t *taker) needLinks() (links []netstate.Link, done func(), err error) {
	if t.hardware != nil {
		return t.out.Links, func() {}, nil
	}
	if err := t.links(); err != nil && !errors.Is(err, nlsock.ErrChanged) {
		return nil, nil, err
	}
	return t.out.Links, func() { t.out.Links, t.hardware = nil, nil }, nil
}

// programs is what was found in one namespace.
type programs struct {
	all []netstate.Program
	// known are the names of programs by their ids, and refused why the kernel
	// did not tell one.
	known   map[uint32]netstate.Program
	refused error
}

func (p *programs) xdp(l *netstate.Link) {
	x := l.XDP
	if x == nil {
		return
	}
	add := func(where string, id uint32) {
		if id != 0 {
			p.all = append(p.all, netstate.Program{Link: l.Index, Where: where, ID: id})
		}
	}
	several := x.Sent.Has(rtnl.XDPDriver) || x.Sent.Has(rtnl.XDPGeneric) || x.Sent.Has(rtnl.XDPHardware)
	if !several { // Linux before 4.19
		add([...]string{"xdp", "xdp", "xdpgeneric", "xdpoffload", "xdp"}[min(x.Mode, 4)], x.Program)
		return
	}
	add("xdp", x.Driver)
	add("xdpgeneric", x.Generic)
	add("xdpoffload", x.Hardware)
}

// tcx asks each interface. A kernel that does not know the question (before
// 6.6) has no such programs.
func (p *programs) tcx(links []netstate.Link) error {
	for i := range links {
		l := &links[i]
		for _, where := range [...]struct {
			typ  uint32
			name string
		}{
			{tcxIngress, "tcx ingress"},
			{tcxEgress, "tcx egress"},
			{netkitPrimary, "netkit primary"},
			{netkitPeer, "netkit peer"},
		} {
			isNetkit := where.typ == netkitPrimary || where.typ == netkitPeer
			if isNetkit && (l.Netkit == nil || !l.Netkit.Primary) {
				continue // the primary end is asked for both
			}
			var a attached
			err := query(l.Index, where.typ, &a)
			switch {
			case errors.Is(err, unix.ENODEV):
				continue // it is gone
			case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
				return nil
			case err != nil:
				return err
			}
			for k := range a.n {
				p.all = append(p.all, netstate.Program{Link: l.Index, Where: where.name, ID: a.programs[k], LinkID: a.links[k]})
			}
		}
	}
	return nil
}

// describe gives a program its name. One that is gone has none.
func (p *programs) describe(one *netstate.Program) {
	if one.ID == 0 {
		return
	}
	known, ok := p.known[one.ID]
	if !ok {
		if err := describe(one.ID, &known); err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.refused = err
		}
		p.known[one.ID] = known
	}
	if one.Name == "" { // tc has a name of its own
		one.Name = known.Name
	}
	if known.Tag != "" {
		one.Tag = known.Tag
	}
	one.Jited, one.Loaded, one.UID, one.BTF = known.Jited, known.Loaded, known.UID, known.BTF
}
