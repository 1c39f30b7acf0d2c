package iproute

import (
	"encoding/binary"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// virtualFunctions writes those of a network card.
func (l *linkListing) virtualFunctions(k *netstate.Link) {
	if !k.Sent.Has(rtnl.LinkVFs) || !k.Sent.Has(rtnl.LinkNumVFs) {
		return
	}
	l.w.openArray("vfinfo_list")
	for i := range k.VFs {
		l.w.open("")
		l.virtualFunction(k, &k.VFs[i])
		l.w.close()
	}
	l.w.closeArray()
}

func (l *linkListing) virtualFunction(k *netstate.Link, f *netstate.VF) {
	w, s := &l.w, l.sent(f.Sent)
	w.text("\n    ")
	w.num("vf", "vf ", int64(f.VF), " ")
	w.str("link_type", "    link/", hardwareName(k.Type), " ")
	w.str("address", "", f.MAC, "")
	if s.has(rtnl.VFBroadcast) {
		l.broadcast(k.Flags, f.Broadcast)
	}
	l.vfVLANs(f)
	if f.TxRate != 0 {
		w.unum("tx_rate", ", tx rate ", uint64(f.TxRate), " (Mbps)")
	}
	if s.has(rtnl.VFRate) {
		l.vfRate(f)
	}
	l.vfSwitch("spoofchk", ", spoof checking ", f.SpoofCheck)
	if s.has(rtnl.VFNodeGUID) {
		w.str("node guid", ", NODE_GUID ", guid(f.NodeGUID), "")
	}
	if s.has(rtnl.VFPortGUID) {
		w.str("port guid", ", PORT_GUID ", guid(f.PortGUID), "")
	}
	if s.has(rtnl.VFState) {
		states := [...]string{"auto", "enable", "disable"}
		w.str("link_state", ", link-state ", states[min(f.State, 2)], "")
	}
	l.vfSwitch("trust", ", trust ", f.Trust)
	l.vfSwitch("query_rss_en", ", query_rss ", f.RSSQuery)
	if l.o.Stats && s.has(rtnl.VFStats) {
		l.vfStats(&f.Stats)
	}
}

// vfSwitch writes what is on, off, or not known.
func (l *linkListing) vfSwitch(key, text string, v uint32) {
	const unknown = 1<<32 - 1
	switch v {
	case unknown:
	case 0:
		l.w.boolean(key, text+"off", false)
	default:
		l.w.boolean(key, text+"on", true)
	}
}

func (l *linkListing) vfVLANs(f *netstate.VF) {
	one := func(vlan, qos uint32) {
		if vlan != 0 {
			l.w.num("vlan", ", vlan ", int64(vlan), "")
		}
		if qos != 0 {
			l.w.num("qos", ", qos ", int64(qos), "")
		}
	}
	if !f.Sent.Has(rtnl.VFVLANs) {
		one(f.VLAN, f.QoS)
		return
	}
	const usual = 0x8100 // ETH_P_8021Q
	l.w.openArray("vlan_list")
	for _, v := range f.VLANs {
		l.w.open("")
		one(v.VLAN, v.QoS)
		if v.Protocol != 0 && v.Protocol != usual {
			l.w.str("protocol", ", vlan protocol ", vlanProtocol(v.Protocol), "")
		}
		l.w.close()
	}
	l.w.closeArray()
}

func (l *linkListing) vfRate(f *netstate.VF) {
	w := &l.w
	w.open("rate")
	if w.json || f.MaxTxRate != 0 {
		w.unum("max_tx", ", max_tx_rate ", uint64(f.MaxTxRate), "Mbps")
	}
	if w.json || f.MinTxRate != 0 {
		w.unum("min_tx", ", min_tx_rate ", uint64(f.MinTxRate), "Mbps")
	}
	w.close()
}

func (l *linkListing) vfStats(s *netstate.VFStats) {
	w := &l.w
	if !w.json {
		l.vfStatsText(s)
		return
	}
	put := func(key string, v uint64) { w.unum(key, "", v, "") }
	w.open("stats")
	w.open("rx")
	put("bytes", s.RxBytes)
	put("packets", s.RxPackets)
	put("multicast", s.Multicast)
	put("broadcast", s.Broadcast)
	if s.Sent.Has(rtnl.VFStatsRxDropped) {
		put("dropped", s.RxDropped)
	}
	w.close()
	w.open("tx")
	put("tx_bytes", s.TxBytes)
	put("tx_packets", s.TxPackets)
	if s.Sent.Has(rtnl.VFStatsTxDropped) {
		put("dropped", s.TxDropped)
	}
	w.close()
	w.close()
}

func (l *linkListing) vfStatsText(s *netstate.VFStats) {
	w := &l.w
	cell := func(width int, v uint64) { w.text(pad(number64(v), width) + " ") }
	w.text("\n    RX: bytes  packets  mcast   bcast ")
	if s.Sent.Has(rtnl.VFStatsRxDropped) {
		w.text("  dropped ")
	}
	w.text("\n    ")
	cell(10, s.RxBytes)
	cell(8, s.RxPackets)
	cell(7, s.Multicast)
	cell(7, s.Broadcast)
	if s.Sent.Has(rtnl.VFStatsRxDropped) {
		cell(8, s.RxDropped)
	}
	w.text("\n    TX: bytes  packets ")
	if s.Sent.Has(rtnl.VFStatsTxDropped) {
		w.text("  dropped ")
	}
	w.text("\n    ")
	cell(10, s.TxBytes)
	cell(8, s.TxPackets)
	if s.Sent.Has(rtnl.VFStatsTxDropped) {
		cell(8, s.TxDropped)
	}
}

// guid writes InfiniBand's as an address of eight bytes.
func guid(v uint64) string {
	var all []string
	for _, c := range binary.BigEndian.AppendUint64(nil, v) {
		all = append(all, hexDigits(c))
	}
	return strings.Join(all, ":")
}
