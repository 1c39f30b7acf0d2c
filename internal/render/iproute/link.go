package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// Links lists the links, as `ip link` does.
func Links(ns *netstate.Namespace, o Options) []byte {
	l := newLinkListing(ns, o)
	l.link = true
	l.w.openArray("")
	for i := range ns.Links {
		l.w.open("")
		l.head(&ns.Links[i])
		l.w.close()
	}
	l.w.closeArray()
	l.w.end()
	return l.w.b
}

// linkListing writes links, as `ip link` and `ip addr` do.
type linkListing struct {
	w       writer
	o       Options
	ns      *netstate.Namespace
	devices devices
	down    map[int]bool
	// link: it is `ip link`, which says more than `ip addr`.
	link bool
}

func newLinkListing(ns *netstate.Namespace, o Options) *linkListing {
	l := &linkListing{w: writer{json: o.JSON}, o: o, ns: ns, devices: devicesOf(ns), down: map[int]bool{}}
	for i := range ns.Links {
		if !ns.Links[i].Up() {
			l.down[ns.Links[i].Index] = true
		}
	}
	return l
}

// head writes all that is not an IP address.
func (l *linkListing) head(k *netstate.Link) {
	w, s := &l.w, l.sent(k.Sent)
	w.num("ifindex", "", int64(k.Index), ": ")
	parentDown := l.name(k)
	l.flags(k.Flags, parentDown)
	s.num(rtnl.LinkMTU, "mtu", "mtu", uint64(uint32(k.MTU)))
	l.xdpMode(k)
	s.str(rtnl.LinkQdisc, "qdisc", "qdisc", k.Qdisc)
	if k.Master != 0 {
		w.str("master", "master ", l.devices.name(k.Master), " ")
	}
	if s.has(rtnl.LinkState) {
		l.state(k.State)
	}
	if l.link && s.has(rtnl.LinkMode) {
		modes := [...]string{"DEFAULT", "DORMANT"}
		if int(k.Mode) < len(modes) {
			w.str("linkmode", "mode ", modes[k.Mode], " ")
		} else {
			w.num("linkmode_index", "mode ", int64(k.Mode), " ")
		}
	}
	if s.has(rtnl.LinkGroup) {
		w.str("group", "group ", groupName(int32(k.Group)), " ")
	}
	if k.TxQueueLen != 0 {
		w.num("txqlen", "qlen ", int64(int32(k.TxQueueLen)), "")
	}
	if l.o.Family == "" || l.o.Details {
		l.hardware(k)
	}
	l.parentNamespace(k)
	l.protoDown(k)
	if l.o.Details {
		l.details(k)
	}
	if (l.link || l.o.Details) && k.Alias != "" {
		w.str("ifalias", "\n    alias ", k.Alias, "")
	}
	if l.link || l.o.Details {
		l.xdpPrograms(k)
	}
	if l.link && l.o.Stats {
		w.text("\n")
		l.stats(k)
	}
	if l.link || l.o.Details {
		l.virtualFunctions(k)
	}
	l.altNames(k)
	w.text("\n")
}

// name writes a link's name and that of the device below, and reports whether
// that one is down.
func (l *linkListing) name(k *netstate.Link) (parentDown bool) {
	name := k.Name
	switch {
	case !k.Sent.Has(rtnl.LinkParent):
	case k.Parent == 0 && l.w.json:
		l.w.null("link", "")
	case k.Parent == 0:
		name += "@NONE"
	case k.ParentNSID != nil && l.w.json:
		l.w.num("link_index", "", int64(k.Parent), "")
	case k.ParentNSID != nil:
		name += "@if" + strconv.Itoa(k.Parent)
	default:
		parentDown = l.down[k.Parent]
		if l.w.json {
			l.w.str("link", "", l.devices.name(k.Parent), "")
		} else {
			name += "@" + l.devices.name(k.Parent)
		}
	}
	l.w.str("ifname", "", name, ": ")
	return parentDown
}

// flags writes IFF_* of linux/if.h.
func (l *linkListing) flags(flags uint32, parentDown bool) {
	const up, running = 1, 1 << 6
	names := [...]struct {
		bit  uint32
		name string
	}{
		{1 << 3, "LOOPBACK"},
		{1 << 1, "BROADCAST"},
		{1 << 4, "POINTOPOINT"},
		{1 << 12, "MULTICAST"},
		{1 << 7, "NOARP"},
		{1 << 9, "ALLMULTI"},
		{1 << 8, "PROMISC"},
		{1 << 10, "MASTER"},
		{1 << 11, "SLAVE"},
		{1 << 2, "DEBUG"},
		{1 << 15, "DYNAMIC"},
		{1 << 14, "AUTOMEDIA"},
		{1 << 13, "PORTSEL"},
		{1 << 5, "NOTRAILERS"},
		{up, "UP"},
		{1 << 16, "LOWER_UP"},
		{1 << 17, "DORMANT"},
		{1 << 18, "ECHO"},
	}
	l.w.openArray("flags")
	l.w.text("<")
	comma := ""
	put := func(name string) {
		l.w.str("", comma, name, "")
		comma = ","
	}
	if flags&up != 0 && flags&running == 0 {
		put("NO-CARRIER")
	}
	flags &^= running
	for _, n := range names {
		if flags&n.bit != 0 {
			put(n.name)
			flags &^= n.bit
		}
	}
	if flags != 0 {
		put(strconv.FormatUint(uint64(flags), 16))
	}
	if parentDown {
		l.w.str("", ",", "M-DOWN", "")
	}
	l.w.closeArray()
	l.w.text("> ")
}

// state writes IF_OPER_* of linux/if.h.
func (l *linkListing) state(state uint8) {
	names := [...]string{"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"}
	switch {
	case int(state) < len(names):
		l.w.str("operstate", "state ", names[state], " ")
	case l.w.json:
		l.w.num("operstate_index", "", int64(state), "")
	default:
		l.w.text("state " + hexText(uint64(state)))
	}
}

// hardware writes the link's own addresses.
func (l *linkListing) hardware(k *netstate.Link) {
	w := &l.w
	w.str("link_type", "\n    link/", hardwareName(k.Type), " ")
	if k.Address != "" {
		w.str("address", "", k.Address, "")
	}
	if k.Broadcast != "" {
		l.broadcast(k.Flags, k.Broadcast)
	}
	if k.Permanent != "" && k.Permanent != k.Address {
		w.str("permaddr", " permaddr ", k.Permanent, "")
	}
}

func (l *linkListing) broadcast(flags uint32, addr string) {
	const pointToPoint = 1 << 4 // IFF_POINTOPOINT
	word := " brd "
	if flags&pointToPoint != 0 {
		l.w.boolean("link_pointtopoint", "", true)
		word = " peer "
	}
	l.w.str("broadcast", word, addr, "")
}

// parentNamespace writes where the device below is.
func (l *linkListing) parentNamespace(k *netstate.Link) {
	if k.ParentNSID == nil {
		return
	}
	id := *k.ParentNSID
	if l.w.json {
		l.w.num("link_netnsid", "", int64(id), "")
		return
	}
	switch name := l.o.netnsName(id); {
	case id < 0:
		l.w.text(" link-netnsid unknown")
	case name != "":
		l.w.text(" link-netns " + name)
	default:
		l.w.num("", " link-netnsid ", int64(id), "")
	}
}

// protoDown writes that a program keeps the link down, and which bits say why.
func (l *linkListing) protoDown(k *netstate.Link) {
	if !k.ProtoDown {
		return
	}
	l.w.boolean("proto_down", " protodown on ", true)
	if k.ProtoDownReason == 0 {
		return
	}
	l.w.openArray("proto_down_reason")
	l.w.text("protodown_reason <")
	comma := ""
	for bit := range 32 {
		if k.ProtoDownReason&(1<<bit) != 0 {
			l.w.str("", comma, strconv.Itoa(bit), "")
			comma = ","
		}
	}
	l.w.closeArray()
	l.w.text(">")
}

func (l *linkListing) altNames(k *netstate.Link) {
	if !k.Sent.Has(rtnl.LinkProps) {
		return
	}
	l.w.openArray("altnames")
	for _, name := range k.AltNames {
		l.w.str("", "\n    altname ", name, "")
	}
	l.w.closeArray()
}
