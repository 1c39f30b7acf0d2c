package iproute

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// nexthopText reads a line of `ip nexthop`.
func (x *space) nexthopText(s *scanner) (netstate.Nexthop, error) {
	n, f := x.newNexthop()
	f.text(s)
	return finishNexthop(n, f)
}

// nexthopObject reads an entry of `ip -j nexthop`.
func (x *space) nexthopObject(o object) (netstate.Nexthop, error) {
	n, f := x.newNexthop()
	f.object(o)
	return finishNexthop(n, f)
}

// nexthopInfo reads what `ip -d route` says of a route's nexthop object.
func (x *space) nexthopInfo(s *scanner) error {
	n, err := x.nexthopText(s)
	x.addNexthop(n)
	return err
}

func (x *space) nexthopInfoOf(v any) error {
	o, ok := v.(object)
	if !ok {
		return errors.New("it is no object")
	}
	n, err := x.nexthopObject(o)
	x.addNexthop(n)
	return err
}

func (x *space) newNexthop() (*netstate.Nexthop, *form) {
	n := &netstate.Nexthop{Hop: &netstate.Hop{}}
	f := newForm(nil)
	resilient := func() *netstate.Resilient {
		if n.Resilient == nil {
			n.Resilient = &netstate.Resilient{}
		}
		return n.Resilient
	}
	seconds := func(word string, set func(v uint64)) field {
		return field{word: word, key: word, set: func(s string) error {
			var v uint64
			err := ticks(&v)(s)
			set(v)
			return err
		}}
	}
	settings := []field{
		word("buckets", "buckets", func(s string) error { return number(&resilient().Buckets)(s) }),
		seconds("idle_timer", func(v uint64) { resilient().IdleTimer = uint32(v) }),
		seconds("unbalanced_timer", func(v uint64) { resilient().UnbalancedTimer = uint32(v) }),
		seconds("unbalanced_time", func(v uint64) { resilient().Unbalanced = v }),
	}
	nexthopFlag := func(name string) error {
		bits, ok := routeFlags[name]
		if !ok {
			return fmt.Errorf("unknown flag %s", cut(name))
		}
		n.Flags |= bits
		n.Hop.Flags |= uint8(bits)
		return nil
	}
	all := append(x.hopFields(n.Hop, f), settings...)
	all = append(all,
		word("id", "id", number(&n.ID)),
		field{word: "group", key: "group", set: shares(n), value: sharesOf(n)},
		word("type", "type", oneOf(&n.GroupType, "mpath", "resilient")),
		field{key: "resilient_args", value: nested(func() *form { return newForm(settings) })},
		word("scope", "scope", named(&n.Scope, scopes)),
		flag("blackhole", "blackhole", yes(&n.Blackhole)),
		word("proto", "protocol", protocol(&n.Protocol)),
		field{key: "flags", value: list(nexthopFlag)},
		flag("fdb", "fdb", yes(&n.FDB)))
	for name := range routeFlags {
		all = append(all, flag(name, "", func(string) error { return nexthopFlag(name) }))
	}
	f.groups[0] = all
	return n, f
}

// shares takes a group: "1,2/3" is object 1 with weight 2, and object 3.
func shares(n *netstate.Nexthop) setter {
	return func(s string) error {
		for one := range strings.SplitSeq(s, "/") {
			id, weight, ok := strings.Cut(one, ",")
			share := netstate.NexthopShare{Weight: 1}
			err := number(&share.ID)(id)
			if err == nil && ok {
				err = number(&share.Weight)(weight)
			}
			if err != nil {
				return err
			}
			n.Group = append(n.Group, share)
		}
		return nil
	}
}

func sharesOf(n *netstate.Nexthop) func(any) error {
	return func(v any) error {
		all, ok := v.([]any)
		if !ok {
			return errors.New("it is no list")
		}
		for _, one := range all {
			share := netstate.NexthopShare{Weight: 1}
			o, ok := one.(object)
			if !ok {
				return errors.New("it is no list of objects")
			}
			f := newForm([]field{word("", "id", number(&share.ID)), word("", "weight", number(&share.Weight))})
			f.object(o)
			if err := f.problem(); err != nil {
				return err
			}
			n.Group = append(n.Group, share)
		}
		return nil
	}
}

func finishNexthop(n *netstate.Nexthop, f *form) (netstate.Nexthop, error) {
	h := n.Hop
	n.Family = familyOf(h.Gateway)
	if n.Group != nil || n.Blackhole || h.Link == 0 && h.Encap == nil && !h.Gateway.IsValid() {
		n.Hop = nil
	}
	for _, word := range f.unknown {
		n.Raw = append(n.Raw, netstate.Attr{Data: []byte(word)})
	}
	if n.ID == 0 {
		f.failed("id", errors.New("it has none"))
	}
	return *n, f.problem()
}

// addNexthop adds an object unless it is there.
func (x *space) addNexthop(n netstate.Nexthop) {
	for i := range x.ns.Nexthops {
		if x.ns.Nexthops[i].ID == n.ID {
			return
		}
	}
	x.ns.Nexthops = append(x.ns.Nexthops, n)
}
