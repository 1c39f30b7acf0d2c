package ask

import (
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Rule is one policy rule (`ip rule`).
type Rule struct {
	// Priority orders the rules: the lowest is asked first.
	Priority uint32
	// Not turns the selector around.
	Not bool

	// The selector: a rule matches what agrees with all that is given.

	// Src and Dst are invalid for all.
	Src, Dst netip.Prefix
	TOS      uint8
	// Mark is compared under Mask; valid iff Mask is not 0.
	Mark, Mask uint32
	// In and Out are devices; "lo" as In is a packet of the namespace's own.
	In, Out string
	// NoIn and NoOut say that the device does not exist at present: the rule
	// never matches.
	NoIn, NoOut bool
	// L3mdev matches packets of a VRF, and leads to its table.
	L3mdev bool
	// UIDFirst to UIDLast are senders; valid iff HasUID.
	UIDFirst, UIDLast uint32
	HasUID            bool
	// Proto is valid iff not 0.
	Proto              packet.Proto
	SrcPorts, DstPorts Ports
	// TunnelID is valid iff not 0.
	TunnelID uint64
	// DSCP is compared under DSCPMask; valid iff that is not 0.
	DSCP, DSCPMask uint8
	// FlowLabel is IPv6's; valid iff FlowLabelMask is not 0.
	FlowLabel, FlowLabelMask uint32

	// Action is what to do with a packet that matches.
	Action Action
	// Table to look in; valid iff Action is ActionTable and not L3mdev.
	Table uint32
	// SuppressPrefix refuses a route whose prefix is this long or shorter;
	// valid iff not negative. SuppressGroup refuses one that leaves by a device
	// of this group; valid iff not negative.
	SuppressPrefix, SuppressGroup int
	// Goto is the priority of the rule to go on with; valid iff Action is
	// ActionGoto. Nowhere is true if there is none at present.
	Goto    uint32
	Nowhere bool
	// Protocol is who made it (RTPROT_).
	Protocol uint8
	// Unknown are attributes that this program does not know: whether the rule
	// matches is then not certain.
	Unknown []uint16

	isIPv6 bool
	realms uint32
}

// Ports is a range of ports, or a value under a mask; valid iff Last is not
// 0.
type Ports struct {
	First, Last uint16
	// Mask is for a rule of one value; 0 and 0xffff compare all of it.
	Mask uint16
}

// has reports whether a port is in the range.
func (p Ports) has(port uint16) bool {
	if p.Mask != 0 && p.First == p.Last {
		return (p.First^port)&p.Mask == 0
	}
	return p.First <= port && port <= p.Last
}

func (p Ports) words(name string) []string {
	switch {
	case p.Last == 0:
		return nil
	case p.First != p.Last:
		return []string{name, strconv.Itoa(int(p.First)) + "-" + strconv.Itoa(int(p.Last))}
	case p.Mask != 0 && p.Mask != 0xffff:
		return []string{name, hexText(uint64(p.First)) + "/" + hexText(uint64(p.Mask))}
	}
	return []string{name, strconv.Itoa(int(p.First))}
}

// Action of a rule: FR_ACT_ of linux/fib_rules.h.
type Action uint8

// The actions.
const (
	ActionTable       Action = 1 // look in the table
	ActionGoto        Action = 2 // go on with the rule of another priority
	ActionNop         Action = 3 // go on with the next rule
	ActionBlackhole   Action = 6 // drop in silence: EINVAL
	ActionUnreachable Action = 7 // refuse: ENETUNREACH
	ActionProhibit    Action = 8 // refuse: EACCES
)

// String is the rule as `ip rule` prints it, without its priority: "from
// 10.1.2.3 lookup 100".
func (r Rule) String() string {
	var w words
	if r.Not {
		w.add("not")
	}
	w.add("from", "all")
	if r.Src.IsValid() {
		w[len(w)-1] = rulePrefix(r.Src)
	}
	if r.Dst.IsValid() {
		w.add("to", rulePrefix(r.Dst))
	}
	r.addSelector(&w)
	r.addAction(&w)
	return w.String()
}

func (r Rule) addSelector(w *words) {
	if r.TOS != 0 {
		w.add("tos", hex8(r.TOS))
	}
	switch r.Mask {
	case 0:
	case 1<<32 - 1:
		w.add("fwmark", hexText(uint64(r.Mark)))
	default:
		w.add("fwmark", hexText(uint64(r.Mark))+"/"+hexText(uint64(r.Mask)))
	}
	for _, d := range []struct {
		word, device string
		gone         bool
	}{{"iif", r.In, r.NoIn}, {"oif", r.Out, r.NoOut}} {
		if d.device != "" {
			w.add(d.word, d.device)
		}
		if d.gone {
			w.add("[detached]")
		}
	}
	if r.L3mdev {
		w.add("lookup", "[l3mdev-table]")
	}
	if r.HasUID {
		w.add("uidrange", number(r.UIDFirst)+"-"+number(r.UIDLast))
	}
	if r.Proto != 0 {
		w.add("ipproto", protoName(r.Proto))
	}
	w.add(r.SrcPorts.words("sport")...)
	w.add(r.DstPorts.words("dport")...)
	if r.TunnelID != 0 {
		w.add("tun_id", strconv.FormatUint(r.TunnelID, 10))
	}
}

func (r Rule) addAction(w *words) {
	if r.Table != 0 {
		w.add("lookup", trail.TableName(r.Table))
		if r.SuppressPrefix >= 0 {
			w.add("suppress_prefixlength", strconv.Itoa(r.SuppressPrefix))
		}
		if r.SuppressGroup >= 0 {
			w.add("suppress_ifgroup", strconv.Itoa(r.SuppressGroup))
		}
	}
	if r.realms != 0 {
		w.add("realms", realmText(r.realms))
	}
	switch r.Action {
	case ActionTable:
	case ActionGoto:
		w.add("goto", number(r.Goto))
		if r.Nowhere {
			w.add("[unresolved]")
		}
	case ActionNop:
		w.add("nop")
	default:
		w.add(routeType(uint8(r.Action)))
	}
	if r.Protocol != 0 && r.Protocol != 2 { // RTPROT_KERNEL
		w.add("proto", protocolName(r.Protocol))
	}
	switch r.DSCPMask {
	case 0:
	case 0x3f:
		w.add("dscp", strconv.Itoa(int(r.DSCP)))
	default:
		w.add("dscp", hexText(uint64(r.DSCP))+"/"+hexText(uint64(r.DSCPMask)))
	}
	if r.FlowLabelMask != 0 {
		label := hexText(uint64(r.FlowLabel))
		if r.FlowLabelMask != 0xfffff {
			label += "/" + hexText(uint64(r.FlowLabelMask))
		}
		w.add("flowlabel", label)
	}
}

// rulePrefix writes a prefix; one of length 0 as iproute2 does.
func rulePrefix(p netip.Prefix) string {
	switch {
	case p.Bits() == 0:
		return "0/0"
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// hexText is C's %#x: zero has no prefix.
func hexText(v uint64) string {
	if v == 0 {
		return "0"
	}
	return "0x" + strconv.FormatUint(v, 16)
}

func number(v uint32) string { return strconv.FormatUint(uint64(v), 10) }
