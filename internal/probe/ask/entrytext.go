package ask

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// String is the route as `ip route` prints it, in one line with single
// spaces; without what goes into a lightweight tunnel (encap).
func (e Entry) String() string {
	var w words
	if e.Type != typeUnicast {
		w.add(e.TypeName())
	}
	w.add(prefixText(e.Dst))
	if e.Src.IsValid() {
		w.add("from", prefixText(e.Src))
	}
	if e.Nexthop != 0 {
		w.add("nhid", strconv.FormatUint(uint64(e.Nexthop), 10))
	}
	if e.TOS != 0 {
		w.add("tos", hex8(e.TOS))
	}
	if !e.multipath && len(e.Hops) == 1 {
		e.Hops[0].addTo(&w, e.isIPv6)
	}
	if e.Table != 0 && e.Table != tableMain {
		w.add("table", trail.TableName(e.Table))
	}
	if e.Flags&flagCloned == 0 {
		if e.Protocol != 3 { // RTPROT_BOOT is what `ip route add` leaves
			w.add("proto", protocolName(e.Protocol))
		}
		if e.Scope != 0 {
			w.add("scope", scopeName(e.Scope))
		}
	}
	if e.PrefSrc.IsValid() {
		w.add("src", e.PrefSrc.String())
	}
	if e.hasMetric {
		w.add("metric", strconv.FormatUint(uint64(e.Metric), 10))
	}
	addFlags(&w, e.Flags)
	e.addRest(&w)
	return w.String()
}

// addRest adds what mostly answers have.
func (e Entry) addRest(w *words) {
	switch {
	case e.mark >= 16:
		w.add("mark", "0x"+strconv.FormatUint(uint64(e.mark), 16))
	case e.mark != 0:
		w.add("mark", strconv.FormatUint(uint64(e.mark), 10))
	}
	if e.flowReal != 0 {
		if e.flowReal>>16 == 0 { // `ip route` has a word of its own for one, `ip rule` has not
			w.add("realm", realmText(e.flowReal))
		} else {
			w.add("realms", realmText(e.flowReal))
		}
	}
	if e.hasUID {
		w.add("uid", strconv.FormatUint(uint64(e.uid), 10))
	}
	if e.Flags&flagCloned != 0 && !e.isIPv6 {
		w.add("cache")
		if s := cacheFlags(e.Flags &^ 0xffff); s != "" {
			w.add(s)
		}
	}
	if e.expires != 0 {
		w.add("expires", strconv.Itoa(int(e.expires)/userHZ)+"sec")
	}
	if e.errno != 0 {
		w.add("error", strconv.FormatUint(uint64(uint32(e.errno)), 10))
	}
	var lock uint32
	for _, m := range e.metrics {
		if m.kind == 1 { // RTAX_LOCK: bits of those that the path does not change
			lock = m.value
			continue
		}
		m.addTo(w, lock>>m.kind&1 != 0)
	}
	if e.in != 0 {
		w.add("iif", e.inName)
	}
	if e.hasPref {
		w.add("pref", prefName(e.pref))
	}
	if e.multipath {
		for _, h := range e.Hops {
			w.add("nexthop")
			h.addGateway(w, e.isIPv6)
			w.add("dev", h.Device, "weight", strconv.Itoa(h.Weight))
			addFlags(w, h.Flags)
		}
	}
}

// userHZ is USER_HZ, in which the kernel tells times to programs; 100 on all
// machines that Go runs on.
const userHZ = 100

func (h Hop) addTo(w *words, isIPv6 bool) {
	h.addGateway(w, isIPv6)
	if h.Index != 0 {
		w.add("dev", h.Device)
	}
}

func (h Hop) addGateway(w *words, isIPv6 bool) {
	switch {
	case !h.Gateway.IsValid():
	case h.Gateway.Is6() && !isIPv6:
		w.add("via", "inet6", h.Gateway.String())
	default:
		w.add("via", h.Gateway.String())
	}
}

func addFlags(w *words, flags uint32) {
	for _, f := range []struct {
		bit  uint32
		name string
	}{
		{flagDead, "dead"},
		{flagOnLink, "onlink"},
		{2, "pervasive"},
		{8, "offload"},
		{64, "trap"},
		{0x100, "notify"},
		{flagLinkDown, "linkdown"},
		{32, "unresolved"},
		{0x4000, "rt_offload"},
		{0x8000, "rt_trap"},
		{0x20000000, "rt_offload_failed"},
	} {
		if flags&f.bit != 0 {
			w.add(f.name)
		}
	}
}

// cacheFlags are the bits of RTCF_ (linux/in_route.h).
func cacheFlags(flags uint32) string {
	var names []string
	for _, f := range []struct {
		bit  uint32
		name string
	}{
		{0x80000000, "local"},
		{0x40000000, "reject"},
		{0x20000000, "mc"},
		{0x10000000, "brd"},
		{0x08000000, "dst-nat"},
		{0x00800000, "src-nat"},
		{0x00400000, "masq"},
		{0x00020000, "dst-direct"},
		{0x04000000, "src-direct"},
		{0x00040000, "redirected"},
		{0x01000000, "redirect"},
		{0x00200000, "fastroute"},
		{0x00010000, "notify"},
		{0x00080000, "proxy"},
	} {
		if flags&f.bit != 0 {
			flags &^= f.bit
			names = append(names, f.name)
		}
	}
	if flags != 0 {
		names = append(names, strconv.FormatUint(uint64(flags), 16))
	}
	if len(names) == 0 {
		return ""
	}
	return "<" + strings.Join(names, ",") + ">"
}

// addTo writes a metric (RTAX_ of linux/rtnetlink.h).
func (m metric) addTo(w *words, locked bool) {
	names := [...]string{
		2: "mtu", 3: "window", 4: "rtt", 5: "rttvar", 6: "ssthresh", 7: "cwnd", 8: "advmss", 9: "reordering",
		10: "hoplimit", 11: "initcwnd", 12: "features", 13: "rto_min", 14: "initrwnd", 15: "quickack",
		16: "congctl", 17: "fastopen_no_cookie",
	}
	switch {
	case m.kind < 2 || m.kind == 10 && m.value == 1<<32-1:
		return
	case int(m.kind) < len(names):
		w.add(names[m.kind])
	default:
		w.add("metric", strconv.Itoa(int(m.kind)))
	}
	if locked {
		w.add("lock")
	}
	v := m.value
	switch m.kind {
	case 4, 5, 13: // kept in eighths, quarters and whole milliseconds
		v /= map[uint16]uint32{4: 8, 5: 4, 13: 1}[m.kind]
		if v >= 1000 {
			w.add(fmt.Sprintf("%gs", float64(v)/1e3))
		} else {
			w.add(strconv.FormatUint(uint64(v), 10) + "ms")
		}
	case 16:
		w.add(m.text)
	default:
		w.add(strconv.FormatUint(uint64(v), 10))
	}
}

func prefName(p uint8) string {
	switch p { // RFC 4191, two bits
	case 0:
		return "medium"
	case 1:
		return "high"
	case 3:
		return "low"
	}
	return strconv.Itoa(int(p))
}

func prefixText(p netip.Prefix) string {
	switch {
	case !p.IsValid() || p.Bits() == 0:
		return "default"
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// realmText is FROM/TO, or TO alone.
func realmText(v uint32) string {
	to := strconv.FormatUint(uint64(v&0xffff), 10)
	if from := v >> 16; from != 0 {
		to = strconv.FormatUint(uint64(from), 10) + "/" + to
	}
	return to
}
