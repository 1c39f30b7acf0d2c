package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Addresses lists the links with their addresses, as `ip addr` does; with a
// family as `ip -4 addr` and `ip -6 addr`: those links alone that have any.
func Addresses(ns *netstate.Namespace, o Options) []byte {
	l := newLinkListing(ns, o)
	of := map[int][]*netstate.Address{}
	for i := range ns.Addresses {
		if a := &ns.Addresses[i]; o.Family == "" || o.Family == familyOf(a) {
			of[a.Link] = append(of[a.Link], a)
		}
	}
	l.w.openArray("")
	for i := range ns.Links {
		k := &ns.Links[i]
		if o.Family != "" && len(of[k.Index]) == 0 {
			continue
		}
		l.w.open("")
		l.head(k)
		l.w.openArray("addr_info")
		for _, a := range of[k.Index] {
			l.w.open("")
			l.address(a)
			l.w.close()
		}
		l.w.closeArray()
		if o.Stats {
			l.stats(k)
			l.w.text("\n")
		}
		l.w.close()
	}
	l.w.closeArray()
	l.w.end()
	return l.w.b
}

func familyOf(a *netstate.Address) string {
	if a.Prefix.Addr().Is4() {
		return "inet"
	}
	return "inet6"
}

func (l *linkListing) address(a *netstate.Address) {
	w := &l.w
	w.str("family", "    ", familyOf(a), " ")
	w.str("local", "", hostText(a.Prefix.Addr()), "")
	if a.Peer.IsValid() {
		w.str("address", " peer ", hostText(a.Peer.Addr()), "")
	}
	w.num("prefixlen", "/", int64(a.Prefix.Bits()), " ")
	if a.Metric != 0 {
		w.unum("metric", "metric ", uint64(a.Metric), " ")
	}
	if a.Broadcast.IsValid() {
		w.str("broadcast", "brd ", hostText(a.Broadcast), " ")
	}
	if a.Anycast.IsValid() {
		w.str("anycast", "any ", hostText(a.Anycast), " ")
	}
	w.str("scope", "scope ", scopeName(a.Scope), " ")
	l.addressFlags(a)
	if a.Label != "" {
		w.str("label", "", a.Label, "")
	}
	l.lifetime("valid_life_time", "\n       valid_lft ", a.Valid, false)
	const deprecated = 0x20 // IFA_F_DEPRECATED
	l.lifetime("preferred_life_time", " preferred_lft ", a.Preferred, a.Flags&deprecated != 0)
	w.text("\n")
}

// lifetime writes what is left of a life in seconds. That of a deprecated
// address may be over since a while.
func (l *linkListing) lifetime(key, word string, sec uint32, signed bool) {
	const forever = 1<<32 - 1
	switch {
	case sec == forever && !l.w.json:
		l.w.text(word + "forever")
	case signed && sec != forever:
		l.w.num(key, word, int64(int32(sec)), "sec")
	default:
		l.w.unum(key, word, uint64(sec), "sec")
	}
}

// addressFlags writes IFA_F_* of linux/if_addr.h.
func (l *linkListing) addressFlags(a *netstate.Address) {
	const secondary, permanent = 0x01, 0x80
	names := [...]struct {
		bit  uint32
		name string
	}{
		{secondary, "secondary"},
		{0x02, "nodad"},
		{0x04, "optimistic"},
		{0x08, "dadfailed"},
		{0x10, "home"},
		{0x20, "deprecated"},
		{0x40, "tentative"},
		{permanent, ""},
		{0x100, "mngtmpaddr"},
		{0x200, "noprefixroute"},
		{0x400, "autojoin"},
		{0x800, "stable-privacy"},
	}
	w, flags := &l.w, a.Flags
	for _, n := range names {
		switch {
		case n.bit == permanent:
			w.yes("dynamic", "dynamic ", flags&permanent == 0)
		case flags&n.bit == 0:
		case n.bit == secondary && a.Prefix.Addr().Is6():
			w.boolean("temporary", "temporary ", true)
		default:
			w.boolean(n.name, n.name+" ", true)
		}
		flags &^= n.bit
	}
	if flags != 0 {
		rest := strconv.FormatUint(uint64(flags), 16) // more than two digits, all of them
		w.str("ifa_flags", "flags ", rest, " ")
	}
}
