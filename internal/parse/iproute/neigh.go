package iproute

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// Flags and states of neighbours (NTF_*, NUD_* of linux/neighbour.h).
const (
	neighSelf     = 1 << 1
	neighMaster   = 1 << 2
	neighProxy    = 1 << 3
	neighExternal = 1 << 4
	neighOffload  = 1 << 5
	neighSticky   = 1 << 6
	neighRouter   = 1 << 7

	neighManaged = 1 << 0 // NTF_EXT_MANAGED

	stateReachable = 0x02
	stateStale     = 0x04
	stateNoARP     = 0x40
	statePermanent = 0x80
)

// userHZ is in how many parts of a second the kernel counts (USER_HZ).
const userHZ = 100

// neighStates are NUD_* by bit.
var neighStates = [...]string{"INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT"}

// neighText reads a line of `ip neigh`.
func (x *space) neighText(line string) (netstate.Neighbour, error) {
	s := scan(line)
	n := netstate.Neighbour{}
	err := address(&n.IP)(s.next())
	f := newForm(x.neighFields(&n))
	f.failed("address", err)
	f.text(s)
	return n, f.problem()
}

// neighObject reads an entry of `ip -j neigh`.
func (x *space) neighObject(o object) (netstate.Neighbour, error) {
	n := netstate.Neighbour{}
	f := newForm(x.neighFields(&n))
	f.object(o)
	if !n.IP.IsValid() {
		f.failed("dst", errors.New("it has none"))
	}
	return n, f.problem()
}

func (x *space) neighFields(n *netstate.Neighbour) []field {
	s := sent{&n.Sent}
	state := func(name string) error {
		for bit, known := range neighStates {
			if name == known {
				n.State |= 1 << bit
				return nil
			}
		}
		return fmt.Errorf("unknown state %s", cut(name))
	}
	all := []field{
		word("", "dst", address(&n.IP)),
		word("dev", "dev", x.device(&n.Link)),
		s.word(rtnl.NeighMAC, "lladdr", "lladdr", text(&n.MAC)),
		flag("router", "router", bit(&n.Flags, neighRouter)),
		flag("proxy", "proxy", bit(&n.Flags, neighProxy)),
		flag("managed", "managed", bit(&n.ExtFlags, neighManaged)),
		flag("extern_learn", "extern_learn", bit(&n.Flags, neighExternal)),
		flag("offload", "offload", bit(&n.Flags, neighOffload)),
		s.word(rtnl.NeighCache, "ref", "refcnt", number(&n.Refs)),
		s.field(rtnl.NeighCache, field{word: "used", key: "used", set: age(&n.Used), read: func(words *scanner) error {
			all := words.next()
			if cut, ok := strings.CutSuffix(all, "probes"); ok { // ip writes no space there
				all, words.words = cut, append([]string{"probes"}, words.words...)
			}
			return ages(all, &n.Used, &n.Confirmed, &n.Updated)
		}}),
		word("", "confirmed", age(&n.Confirmed)),
		word("", "updated", age(&n.Updated)),
		s.word(rtnl.NeighProbes, "probes", "probes", number(&n.Probes)),
		{key: "state", value: list(state)},
		word("proto", "protocol", protocol(&n.Protocol)),
	}
	for _, name := range neighStates {
		all = append(all, flag(name, "", func(string) error { return state(name) }))
	}
	return all
}

// age takes seconds as clock ticks.
func age(p *uint32) setter {
	return func(s string) error {
		v, err := parseNumber[uint32](s)
		*p = v * userHZ
		return err
	}
}

// ages reads several ages: "used 1/2/3".
func ages(s string, to ...*uint32) error {
	all := strings.Split(s, "/")
	if len(all) != len(to) {
		return fmt.Errorf("%q are not %d ages", cut(s), len(to))
	}
	for i, one := range all {
		if err := age(to[i])(one); err != nil {
			return err
		}
	}
	return nil
}

// fdbText reads a line of `bridge fdb`.
func (x *space) fdbText(line string) (netstate.FDBEntry, error) {
	s := scan(line)
	e := netstate.FDBEntry{MAC: s.next()}
	f := newForm(x.fdbFields(&e))
	f.text(s)
	return finishFDB(e, f)
}

// fdbObject reads an entry of `bridge -j fdb`.
func (x *space) fdbObject(o object) (netstate.FDBEntry, error) {
	e := netstate.FDBEntry{}
	f := newForm(x.fdbFields(&e))
	f.object(o)
	return finishFDB(e, f)
}

func finishFDB(e netstate.FDBEntry, f *form) (netstate.FDBEntry, error) {
	if e.State == 0 {
		e.State = stateReachable // which has no word
	}
	return e, f.problem()
}

// fdbFlags are NTF_* by name; that of "master" has a word of its own.
var fdbFlags = map[string]uint8{
	"self": neighSelf, "router": neighRouter, "extern_learn": neighExternal, "offload": neighOffload, "master": neighMaster,
	"sticky": neighSticky,
}

func (x *space) fdbFields(e *netstate.FDBEntry) []field {
	s := sent{&e.Sent}
	setFlag := func(name string) error {
		bits, ok := fdbFlags[name]
		if !ok {
			return fmt.Errorf("unknown flag %s", cut(name))
		}
		e.Flags |= bits
		return nil
	}
	all := []field{
		word("", "mac", text(&e.MAC)),
		word("dev", "ifname", x.device(&e.Link)),
		s.word(rtnl.NeighDst, "dst", "dst", address(&e.Dst)),
		s.word(rtnl.NeighVLAN, "vlan", "vlan", number(&e.VLAN)),
		s.word(rtnl.NeighPort, "port", "port", number(&e.Port)),
		s.word(rtnl.NeighVNI, "vni", "vni", number(&e.VNI)),
		s.word(rtnl.NeighSrcVNI, "src_vni", "src_vni", number(&e.SrcVNI)),
		s.field(rtnl.NeighVia, field{word: "via", key: "viaIf", set: x.device(&e.Via), read: func(words *scanner) error {
			if words.skip("ifindex") {
				return number(&e.Via)(words.next())
			}
			return x.device(&e.Via)(words.next())
		}}),
		s.word(rtnl.NeighVia, "", "viaIfIndex", number(&e.Via)),
		word("link-netnsid", "linkNetNsId", nsid(&e.ViaNSID)),
		s.word(rtnl.NeighNexthop, "nhid", "nhid", number(&e.NexthopID)),
		s.field(rtnl.NeighCache, field{word: "used", key: "used", set: age(&e.Used), read: func(words *scanner) error {
			return ages(words.next(), &e.Used, &e.Updated)
		}}),
		word("", "updated", age(&e.Updated)),
		{key: "flags", value: list(setFlag)},
		{word: "master", key: "master", set: x.device(&e.Master), read: func(words *scanner) error {
			if words.skip("master") {
				e.Flags |= neighMaster
			}
			return x.device(&e.Master)(words.next())
		}},
		word("", "state", fdbState(&e.State)),
	}
	for name := range fdbFlags {
		if name != "master" {
			all = append(all, flag(name, "", func(string) error { return setFlag(name) }))
		}
	}
	for _, name := range [...]string{"permanent", "static", "stale"} {
		all = append(all, flag(name, "", func(string) error { return fdbState(&e.State)(name) }))
	}
	return all
}

// fdbState takes the state of an entry.
func fdbState(p *uint16) setter {
	return func(s string) error {
		switch s {
		case "permanent":
			*p = statePermanent
		case "static":
			*p = stateNoARP
		case "stale":
			*p = stateStale
		case "":
			*p = stateReachable
		default:
			return number(p)(s)
		}
		return nil
	}
}
