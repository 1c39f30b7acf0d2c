package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

func (l *linkListing) vlan(x *netstate.VLAN) {
	w, s := &l.w, l.sent(x.Sent)
	if !s.has(rtnl.VLANID) {
		return
	}
	protocol := "802.1q" // of kernels that do not say
	if s.has(rtnl.VLANProtocol) {
		protocol = vlanProtocol(x.Protocol)
	}
	w.str("protocol", "protocol ", protocol, " ")
	w.unum("id", "id ", uint64(x.ID), " ")
	if s.has(rtnl.VLANFlags) {
		l.vlanFlags(x.Flags)
	}
	if s.has(rtnl.VLANIngress) {
		l.priorities("ingress_qos", "ingress-qos-map", x.Ingress)
	}
	if s.has(rtnl.VLANEgress) {
		l.priorities("egress_qos", "egress-qos-map", x.Egress)
	}
}

// vlanFlags writes VLAN_FLAG_* of linux/if_vlan.h.
func (l *linkListing) vlanFlags(flags uint32) {
	l.w.openArray("flags")
	l.w.text("<")
	comma := ""
	for _, f := range [...]struct {
		bit  uint32
		name string
	}{{1, "REORDER_HDR"}, {2, "GVRP"}, {8, "MVRP"}, {4, "LOOSE_BINDING"}, {16, "BRIDGE_BINDING"}} {
		if flags&f.bit != 0 {
			l.w.str("", comma, f.name, "")
			comma = ","
			flags &^= f.bit
		}
	}
	if flags != 0 {
		l.w.str("", comma, strconv.FormatUint(uint64(flags), 16), "")
	}
	l.w.closeArray()
	l.w.text("> ")
}

func (l *linkListing) priorities(key, word string, all []netstate.QoS) {
	l.w.openArray(key)
	l.w.text("\n      " + word + " { ")
	for _, q := range all {
		l.w.open("")
		l.w.unum("from", "", uint64(q.From), ":")
		l.w.unum("to", "", uint64(q.To), " ")
		l.w.close()
	}
	l.w.closeArray()
	l.w.text("} ")
}

func (l *linkListing) macvlan(x *netstate.MACVLAN) {
	const noPromisc, noDst = 1, 2 // MACVLAN_FLAG_*
	w, s := &l.w, l.sent(x.Sent)
	if !s.has(rtnl.MACVLANMode) {
		return
	}
	w.str("mode", "mode ", x.Mode, " ")
	w.yes("nopromisc", "nopromisc ", x.Flags&noPromisc != 0)
	w.yes("nodst", "nodst ", x.Flags&noDst != 0)
	s.num(rtnl.MACVLANQueue, "bcqueuelen", "bcqueuelen", uint64(x.Queue))
	s.num(rtnl.MACVLANQueueUsed, "usedbcqueuelen", "usedbcqueuelen", uint64(x.QueueUsed))
	if x.Mode != "source" || !s.has(rtnl.MACVLANCount) {
		return
	}
	w.num("macaddr_count", "remotes (", int64(int32(x.Count)), ") ")
	if s.has(rtnl.MACVLANMACs) {
		w.openArray("macaddr_data")
		for _, mac := range x.MACs {
			w.str("", "", mac, " ")
		}
		w.closeArray()
	}
}

func (l *linkListing) ipvlan(x *netstate.IPVLAN) {
	if x.Mode != "" {
		l.w.str("mode", " mode ", x.Mode, " ")
	}
	if x.Flag != "" {
		l.w.boolean(x.Flag, x.Flag+" ", true)
	}
}

func (l *linkListing) tun(x *netstate.Tun) {
	w, s := &l.w, l.sent(x.Sent)
	s.str(rtnl.TunType, "type", "type", x.Mode)
	s.onOff(rtnl.TunPacketInfo, "pi", "pi", x.PacketInfo)
	s.onOff(rtnl.TunVnetHeader, "vnet_hdr", "vnet_hdr", x.VnetHeader)
	if x.MultiQueue {
		w.boolean("multi_queue", "multi_queue ", true)
		s.num(rtnl.TunQueues, "numqueues", "numqueues", uint64(x.Queues))
		s.num(rtnl.TunDisabled, "numdisabled", "numdisabled", uint64(x.Disabled))
	} else {
		w.boolean("multi_queue", "", false)
	}
	s.onOff(rtnl.TunPersist, "persist", "persist", x.Persist)
	l.owner(s.has(rtnl.TunOwner), "user", x.Owner)
	l.owner(s.has(rtnl.TunGroup), "group", x.Group)
}

// owner writes who may open a device. Only root has the same name and number
// on all machines.
func (l *linkListing) owner(known bool, key string, id uint32) {
	switch {
	case !known:
	case id == 0:
		l.w.str(key, key+" ", "root", " ")
	default:
		l.w.unum(key, key+" ", uint64(id), " ")
	}
}
