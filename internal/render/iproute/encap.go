package iproute

import (
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// encap writes a lightweight tunnel of a route or nexthop.
func (l *routeListing) encap(e *netstate.Encap) {
	names := [...]string{
		1: "mpls", 2: "ip", 3: "ila", 4: "ip6", 5: "seg6", 6: "bpf", 7: "seg6local", 8: "rpl", 9: "ioam6", 10: "xfrm",
	}
	name := "unknown"
	if int(e.Type) < len(names) && names[e.Type] != "" {
		name = names[e.Type]
	}
	w := &l.w
	w.str("encap", " encap ", name, " ")
	switch name {
	case "mpls":
		w.str("dst", " ", labelsText(e.Labels), " ")
		if e.TTL != nil {
			w.num("ttl", "ttl ", int64(*e.TTL), " ")
		}
	case "ip":
		l.tunnel(e, "ttl", "tos")
	case "ip6":
		l.tunnel(e, "hoplimit", "tc")
	case "seg6":
		w.str("mode", "mode ", seg6Mode(e.Mode), " ")
		l.segments(e)
	case "bpf":
		l.program("in", e.In)
		l.program("out", e.Out)
		l.program("xmit", e.Xmit)
		if e.Headroom != 0 {
			w.unum("headroom", " ", uint64(e.Headroom), " ")
		}
	case "seg6local":
		l.seg6Local(e)
	case "xfrm":
		w.unum("if_id", "if_id ", uint64(e.IfID), " ")
		if e.Underlay != 0 {
			w.str("link_dev", "link_dev ", l.devices.name(e.Underlay), " ")
		}
	}
	l.unknown(e.Raw)
}

// unknown names attributes that are not understood, so that nobody takes the
// line for the whole truth.
func (l *routeListing) unknown(raw []netstate.Attr) {
	if len(raw) == 0 {
		return
	}
	l.w.openArray("unknown")
	for _, a := range raw {
		l.w.num("", "[unknown attribute ", int64(a.Type), "] ")
	}
	l.w.closeArray()
}

// tunnel writes what IP tunnels have, with their names for the two bytes of the
// outer header.
func (l *routeListing) tunnel(e *netstate.Encap, ttl, tos string) {
	w := &l.w
	w.unum("id", "id ", e.ID, " ")
	if e.Src.IsValid() {
		w.str("src", "src ", hostText(e.Src), " ")
	}
	if e.Dst.IsValid() {
		w.str("dst", "dst ", hostText(e.Dst), " ")
	}
	if e.TTL != nil {
		w.num(ttl, ttl+" ", int64(*e.TTL), " ")
	}
	w.num(tos, tos+" ", int64(e.TOS), " ")
	for _, f := range [...]struct {
		bit  uint16
		name string
	}{{4, "key"}, {1, "csum"}, {8, "seq"}} {
		if e.Flags&f.bit != 0 {
			w.boolean(f.name, f.name+" ", true)
		}
	}
}

// seg6Mode names SEG6_IPTUN_MODE_* of linux/seg6_iptunnel.h.
func seg6Mode(mode int32) string {
	names := [...]string{"inline", "encap", "l2encap", "encap.red", "l2encap.red"}
	if mode >= 0 && int(mode) < len(names) {
		return names[mode]
	}
	return "<unknown>"
}

// segments writes where a packet goes by segment routing.
func (l *routeListing) segments(e *netstate.Encap) {
	w := &l.w
	w.openArray("segs")
	w.text("segs " + strconv.Itoa(len(e.Segments)) + " [ ")
	for _, a := range e.Segments {
		w.str("", "", hostText(a), " ")
	}
	w.text("] ")
	w.closeArray()
	if e.HMACKey == 0 {
		return
	}
	if l.o.JSON {
		w.hex("hmac", "", uint64(e.HMACKey), "")
		return
	}
	w.text("hmac " + strings.ToUpper(strconv.FormatUint(uint64(e.HMACKey), 16)) + " ")
}

// program writes the name of a BPF program.
func (l *routeListing) program(key string, name *string) {
	switch {
	case name == nil:
	case *name != "":
		l.w.str(key, key+" ", *name, " ")
	case l.o.JSON:
		l.w.str(key, "", "<unknown>", "")
	default:
		l.w.text(key + " ")
	}
}

// seg6Local writes what is done with a packet at its segment.
func (l *routeListing) seg6Local(e *netstate.Encap) {
	names := [...]string{
		"<unknown>", "End", "End.X", "End.T", "End.DX2", "End.DX6", "End.DX4", "End.DT6", "End.DT4", "End.B6",
		"End.B6.Encaps", "End.BM", "End.S", "End.AS", "End.AM", "End.BPF", "End.DT46",
	}
	w, s := &l.w, e.Local
	if s == nil {
		return
	}
	name := "<invalid>"
	if int(s.Action) < len(names) {
		name = names[s.Action]
	}
	w.str("action", "action ", name, " ")
	if e.Segments != nil {
		w.open("srh")
		l.segments(e)
		w.close()
	}
	if s.Table != 0 {
		w.str("table", "table ", tableName(s.Table), " ")
	}
	if s.VRFTable != 0 {
		w.str("vrftable", "vrftable ", tableName(s.VRFTable), " ")
	}
	if s.Next4.IsValid() {
		w.str("nh4", "nh4 ", hostText(s.Next4), " ")
	}
	if s.Next6.IsValid() {
		w.str("nh6", "nh6 ", hostText(s.Next6), " ")
	}
	if s.Input != 0 {
		w.str("iif", "iif ", l.devices.name(s.Input), " ")
	}
	if s.Output != 0 {
		w.str("oif", "oif ", l.devices.name(s.Output), " ")
	}
	l.program("endpoint", s.Program)
	l.flavors(s)
	l.unknown(s.Raw)
}

// flavors writes what changes an action (RFC 8986, section 4.16).
func (l *routeListing) flavors(s *netstate.Seg6Local) {
	names := [...]string{1: "psp", 2: "usp", 3: "usd", 4: "next-csid"}
	w := &l.w
	if s.Flavors != nil {
		w.openArray("flavors")
		w.text("flavors ")
		pre := ""
		for bit, name := range names {
			if name != "" && *s.Flavors&(1<<bit) != 0 {
				w.str("", pre, name, "")
				pre = ","
			}
		}
		w.text(" ")
		w.closeArray()
	}
	if s.BlockBits != 0 {
		w.num("lblen", "lblen ", int64(s.BlockBits), " ")
	}
	if s.NodeBits != 0 {
		w.num("nflen", "nflen ", int64(s.NodeBits), " ")
	}
}
