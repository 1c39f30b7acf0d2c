package iproute

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// Flags of links, IFF_* of linux/if.h.
const (
	linkUp      = 1
	linkRunning = 1 << 6
)

var linkFlags = map[string]uint32{
	"UP": linkUp, "BROADCAST": 1 << 1, "DEBUG": 1 << 2, "LOOPBACK": 1 << 3, "POINTOPOINT": 1 << 4, "NOTRAILERS": 1 << 5, "NOARP": 1 << 7,
	"PROMISC": 1 << 8, "ALLMULTI": 1 << 9, "MASTER": 1 << 10, "SLAVE": 1 << 11, "MULTICAST": 1 << 12, "PORTSEL": 1 << 13,
	"AUTOMEDIA": 1 << 14, "DYNAMIC": 1 << 15, "LOWER_UP": 1 << 16, "DORMANT": 1 << 17, "ECHO": 1 << 18,
}

// linkForm is a link while it is read: its lines follow each other.
type linkForm struct {
	*netstate.Link
	x    *space
	form *form
	// address is the last one, whose times are still to come.
	address *addressForm
	// stats is the direction whose numbers the next line has, with their names.
	stats []string
	// addressed is true if it is of `ip addr`.
	addressed bool
	// passed are lines of which nothing is kept.
	passed int
	noted  []error
}

// linkText reads a link's first line: "2: eth0@if3: <UP> mtu 1500 ...".
func (x *space) linkText(line string) (*linkForm, error) {
	number, rest, _ := strings.Cut(line, ": ")
	name, rest, ok := strings.Cut(rest, ": <")
	flags, rest, ok2 := strings.Cut(rest, ">")
	index, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || !ok || !ok2 || index <= 0 || index > 1<<31-1 {
		return nil, errors.New("no line of a link")
	}
	name, parent, hasParent := strings.Cut(name, "@")
	k := &linkForm{Link: x.link(index, name), x: x}
	if hasParent {
		k.Sent.Add(rtnl.LinkParent)
		if parent != "NONE" {
			k.Parent = x.deviceIndex(parent)
		}
	}
	k.form = newForm(k.fields())
	k.flags(strings.Split(flags, ","))
	k.form.text(scan(rest))
	return k, nil
}

// linkObject reads an entry of `ip -j link` or `ip -j addr`.
func (x *space) linkObject(o object) (*linkForm, error) {
	index, _ := scalar(o.find("ifindex"))
	name, _ := scalar(o.find("ifname"))
	i, err := strconv.Atoi(index)
	if err != nil || i <= 0 || i > 1<<31-1 || name == "" {
		return nil, errors.New("no object of a link")
	}
	k := &linkForm{Link: x.link(i, name), x: x, addressed: o.has("addr_info")}
	k.form = newForm(k.fields())
	k.form.object(o)
	return k, nil
}

// flags takes the names of IFF_*. That a link runs has none: that it does not
// has one.
func (k *linkForm) flags(names []string) {
	k.Flags = 0
	carrier := true
	for _, name := range names {
		switch bits, ok := linkFlags[name]; {
		case ok:
			k.Flags |= bits
		case name == "NO-CARRIER":
			carrier = false
		case name == "M-DOWN", name == "":
		default:
			k.form.failed("flags", bareBits(&k.Flags)(name))
		}
	}
	if k.Flags&linkUp != 0 && carrier {
		k.Flags |= linkRunning
	}
}

// fields are those of the first line, and of the lines below it.
func (k *linkForm) fields() []field {
	x, s := k.x, sent{&k.Sent}
	ignored := func(string) error { return nil }
	all := []field{
		word("", "ifindex", ignored), word("", "ifname", ignored),
		s.word(rtnl.LinkParent, "", "link", x.device(&k.Parent)),
		s.word(rtnl.LinkParent, "", "link_index", number(&k.Parent)),
		{key: "flags", value: k.flagsOf},
		s.word(rtnl.LinkMTU, "mtu", "mtu", number(&k.MTU)),
		s.word(rtnl.LinkQdisc, "qdisc", "qdisc", text(&k.Qdisc)),
		s.word(rtnl.LinkMaster, "master", "master", x.device(&k.Master)),
		s.word(rtnl.LinkState, "state", "operstate", oneOf(&k.State, "UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")),
		s.word(rtnl.LinkState, "", "operstate_index", number(&k.State)),
		s.word(rtnl.LinkMode, "mode", "linkmode", oneOf(&k.Mode, "DEFAULT", "DORMANT")),
		s.word(rtnl.LinkMode, "", "linkmode_index", number(&k.Mode)),
		s.word(rtnl.LinkGroup, "group", "group", group(&k.Group)),
		s.word(rtnl.LinkTxQueueLen, "qlen", "txqlen", number(&k.TxQueueLen)),
		word("", "link_type", hardwareType(&k.Type)),
		s.word(rtnl.LinkAddress, "", "address", text(&k.Address)),
		flag("", "link_pointtopoint", ignored),
		s.word(rtnl.LinkBroadcast, "brd", "broadcast", text(&k.Broadcast)),
		s.word(rtnl.LinkBroadcast, "peer", "", text(&k.Broadcast)),
		s.word(rtnl.LinkPermanent, "permaddr", "permaddr", text(&k.Permanent)),
		s.word(rtnl.LinkParentNSID, "link-netnsid", "link_netnsid", k.parentNSID),
		s.word(rtnl.LinkParentNSID, "link-netns", "link_netns", x.netns(&k.ParentNSID)),
		word("new-netnsid", "new_netnsid", ignored), word("new-ifindex", "new_ifindex", ignored),
		s.word(rtnl.LinkProtoDown, "protodown", "proto_down", yes(&k.ProtoDown)),
		s.field(rtnl.LinkDownReason, field{word: "protodown_reason", key: "proto_down_reason", set: k.downReason, value: list(k.downReason)}),
		s.word(rtnl.LinkAlias, "", "ifalias", text(&k.Alias)),
		s.field(rtnl.LinkProps, field{key: "altnames", value: list(k.altName)}),
		{key: "addr_info", value: k.addresses},
		{key: "stats64", value: nested(func() *form { return newForm(k.statsFields()) })},
		{key: "stats", value: nested(func() *form { return newForm(k.statsFields()) })},
		{key: "vfinfo_list", value: func(any) error {
			k.passed++
			return nil
		}},
	}
	return append(append(all, k.xdpFields()...), k.detailFields()...)
}

func (k *linkForm) flagsOf(v any) error {
	var names []string
	err := list(func(s string) error {
		names = append(names, s)
		return nil
	})(v)
	k.flags(names)
	return err
}

func (k *linkForm) downReason(s string) error {
	for one := range strings.SplitSeq(strings.Trim(s, "<>"), ",") {
		if bit, err := strconv.Atoi(one); err == nil && bit >= 0 && bit < 32 {
			k.ProtoDownReason |= 1 << bit
		}
	}
	return nil
}

// parentNSID takes the id of the namespace of the device below, unless text has
// named that already.
func (k *linkForm) parentNSID(s string) error {
	if id := k.ParentNSID; id != nil && *id >= firstNet {
		return nil
	}
	return nsid(&k.ParentNSID)(s)
}

func (k *linkForm) altName(s string) error {
	if !slices.Contains(k.AltNames, s) {
		k.AltNames = append(k.AltNames, s)
	}
	return nil
}

// more reads one of the lines below a link's first one.
func (k *linkForm) more(line string) {
	s := scan(strings.ReplaceAll(line, ">", "> ")) // between a reason and what follows ip writes nothing
	switch first := s.peek(); {
	case k.stats != nil:
		k.statsLine(s)
	case strings.HasPrefix(first, "link/"):
		k.hardware(s)
	case first == "inet" || first == "inet6":
		k.endAddress()
		s.next()
		k.addressed = true
		k.address = k.x.addressText(k.Index, s)
	case first == "valid_lft" && k.address != nil:
		k.address.form.text(s)
	case first == "alias":
		k.Sent.Add(rtnl.LinkAlias)
		k.Alias = strings.TrimPrefix(strings.TrimSpace(line), "alias ")
	case first == "altname":
		s.next()
		k.Sent.Add(rtnl.LinkProps)
		k.form.failed("altname", k.altName(s.next()))
	case first == "vf":
		k.passed++
	case strings.HasPrefix(first, "prog/xdp"):
		k.form.failed(first, k.program(s))
	case (first == "RX:" || first == "TX:") && strings.Contains(line, "bytes"):
		k.stats = s.words
	case first == "RX" || first == "TX": // `ip -s -s`: errors in detail
		k.stats = []string{"", ""}
	default:
		k.detail(s)
	}
}

// hardware reads "link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff ...".
func (k *linkForm) hardware(s *scanner) {
	k.form.failed("link type", hardwareType(&k.Type)(strings.TrimPrefix(s.next(), "link/")))
	if next := s.peek(); next != "" && !k.form.knows(next) {
		k.Sent.Add(rtnl.LinkAddress)
		k.Address = s.next()
	}
	k.detail(s)
}

func (k *linkForm) endAddress() {
	if k.address == nil {
		return
	}
	a, err := k.address.finish()
	if err != nil {
		k.noted = append(k.noted, err)
	}
	if a.Prefix.IsValid() {
		k.x.ns.Addresses = append(k.x.ns.Addresses, a)
	}
	k.address = nil
}

// addresses reads those of a link from JSON.
func (k *linkForm) addresses(v any) error {
	all, ok := v.([]any)
	if !ok {
		return errors.New("it is no list")
	}
	for _, one := range all {
		o, ok := one.(object)
		if !ok {
			return errors.New("it is no list of objects")
		}
		if len(o) == 0 { // one that was filtered out
			continue
		}
		k.address = k.x.newAddress(k.Index)
		k.address.form.object(o)
		k.endAddress()
	}
	return nil
}

// finish is called when the link's last line was read.
func (k *linkForm) finish() []error {
	k.endAddress()
	if err := k.form.problem(); err != nil {
		k.noted = append(k.noted, fmt.Errorf("link %s: %w", k.Name, err))
	}
	return k.noted
}
