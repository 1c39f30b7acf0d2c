package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// Modes of XDP (XDP_ATTACHED_* of linux/if_link.h).
const (
	xdpDriver = iota + 1
	xdpGeneric
	xdpHardware
	xdpSeveral
)

// xdpMode writes on the first line that programs are attached; in JSON all of
// them.
func (l *linkListing) xdpMode(k *netstate.Link) {
	x := k.XDP
	switch {
	case x == nil || x.Mode == 0:
		return
	case l.w.json:
		l.xdpJSON(x)
		return
	}
	switch x.Mode {
	case xdpDriver:
		l.w.text("xdp")
	case xdpGeneric:
		l.w.text("xdpgeneric")
	case xdpHardware:
		l.w.text("xdpoffload")
	case xdpSeveral:
		l.w.text("xdpmulti")
	default:
		l.w.text("xdp[" + strconv.Itoa(int(x.Mode)) + "]")
	}
	if x.Program != 0 && !l.link {
		l.w.num("", "/id:", int64(x.Program), "")
	}
	l.w.text(" ")
}

func (l *linkListing) xdpJSON(x *netstate.XDP) {
	w := &l.w
	one := func(attr int, id uint32, mode int64) {
		if x.Sent.Has(attr) {
			w.open("")
			w.num("mode", "", mode, "")
			l.program(id)
			w.close()
		}
	}
	w.open("xdp")
	w.num("mode", "", int64(x.Mode), "")
	if x.Program != 0 {
		l.program(x.Program)
	}
	w.openArray("attached")
	if x.Sent.Has(rtnl.XDPGeneric) || x.Sent.Has(rtnl.XDPDriver) || x.Sent.Has(rtnl.XDPHardware) {
		one(rtnl.XDPGeneric, x.Generic, xdpGeneric)
		one(rtnl.XDPDriver, x.Driver, xdpDriver)
		one(rtnl.XDPHardware, x.Hardware, xdpHardware)
	} else {
		one(rtnl.XDPProgram, x.Program, int64(x.Mode))
	}
	w.closeArray()
	w.close()
}

// xdpPrograms writes a line of text for each program.
func (l *linkListing) xdpPrograms(k *netstate.Link) {
	x := k.XDP
	if x == nil || x.Mode == 0 || l.w.json {
		return
	}
	one := func(word string, id uint32) {
		if id != 0 {
			l.w.text("\n    prog/xdp" + word + " ")
			l.program(id)
		}
	}
	one("", x.Program)
	if x.Mode == xdpSeveral {
		one("generic", x.Generic)
		one("drv", x.Driver)
		one("offload", x.Hardware)
	}
}

// program writes what is known of a BPF program.
func (l *linkListing) program(id uint32) {
	w := &l.w
	w.open("prog")
	w.unum("id", "id ", uint64(id), " ")
	for i := range l.ns.Programs {
		p := &l.ns.Programs[i]
		if p.ID != id || p.Tag == "" {
			continue
		}
		w.str("name", "name ", p.Name, " ")
		w.str("tag", "tag ", p.Tag, " ")
		l.jited(p.Jited)
		if l.o.Details && p.Loaded != 0 {
			w.unum("load_time", "load_time ", p.Loaded, " ")
			w.unum("created_by_uid", "created_by_uid ", uint64(p.UID), " ")
		}
		if l.o.Details && p.BTF != 0 {
			w.unum("btf_id", "btf_id ", uint64(p.BTF), " ")
		}
		break
	}
	w.close()
}

// jited writes that a program is machine code: a number in JSON.
func (l *linkListing) jited(is bool) {
	switch {
	case is && l.w.json:
		l.w.num("jited", "", 1, "")
	case is:
		l.w.text("jited ")
	case l.w.json:
		l.w.num("jited", "", 0, "")
	}
}
