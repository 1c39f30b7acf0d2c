package iproute

import (
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// FDB lists the forwarding databases of bridges and devices, as `bridge fdb`
// does.
func FDB(ns *netstate.Namespace, o Options) []byte {
	w, names := &writer{json: o.JSON}, devicesOf(ns)
	w.openArray("")
	for i := range ns.FDB {
		w.open("")
		fdbEntry(w, names, &ns.FDB[i], o.Stats)
		w.close()
	}
	w.closeArray()
	w.end()
	return w.b
}

func fdbEntry(w *writer, names devices, e *netstate.FDBEntry, stats bool) {
	s := sentWriter{w, e.Sent}
	if e.MAC != "" {
		w.str("mac", "", e.MAC, " ")
	}
	if e.Link != 0 {
		w.str("ifname", "dev ", names.name(e.Link), " ")
	}
	if e.Dst.IsValid() {
		w.str("dst", "dst ", hostText(e.Dst), " ")
	}
	if e.VLAN != 0 {
		w.unum("vlan", "vlan ", uint64(e.VLAN), " ")
	}
	s.num(rtnl.NeighPort, "port", "port", uint64(e.Port))
	s.num(rtnl.NeighVNI, "vni", "vni", uint64(e.VNI))
	s.num(rtnl.NeighSrcVNI, "src_vni", "src_vni", uint64(e.SrcVNI))
	switch {
	case !s.has(rtnl.NeighVia):
	case e.ViaNSID != nil:
		w.unum("viaIfIndex", "via ifindex ", uint64(uint32(e.Via)), " ")
	default:
		w.str("viaIf", "via ", names.name(e.Via), " ")
	}
	s.num(rtnl.NeighNexthop, "nhid", "nhid", uint64(e.NexthopID))
	if e.ViaNSID != nil {
		if w.json {
			w.unum("linkNetNsId", "", uint64(uint32(*e.ViaNSID)), "")
		} else {
			w.num("", "link-netnsid ", int64(*e.ViaNSID), " ")
		}
	}
	if stats && s.has(rtnl.NeighCache) {
		w.unum("used", "used ", uint64(e.Used/userHZ), "/")
		w.unum("updated", "", uint64(e.Updated/userHZ), " ")
	}
	fdbFlags(w, e.Flags)
	if e.Master != 0 {
		w.str("master", "master ", names.name(e.Master), " ")
	}
	w.str("state", "", fdbState(w.json, e.State), "\n")
}

func fdbFlags(w *writer, flags uint8) {
	w.openArray("flags")
	for _, f := range [...]struct {
		bit  uint8
		name string
	}{
		{neighSelf, "self"},
		{neighRouter, "router"},
		{neighExternal, "extern_learn"},
		{neighOffload, "offload"},
		{neighMaster, "master"},
		{neighSticky, "sticky"},
	} {
		if flags&f.bit != 0 {
			w.str("", "", f.name, " ")
		}
	}
	w.closeArray()
}

// fdbState names an entry's state; one that was learnt has no word.
func fdbState(isJSON bool, state uint16) string {
	switch {
	case state&statePermanent != 0:
		return "permanent"
	case state&stateNoARP != 0:
		return "static"
	case state&stateStale != 0:
		return "stale"
	case state&stateReachable != 0:
		return ""
	case isJSON:
		return hexText(uint64(state))
	}
	return "state=" + hexText(uint64(state))
}
