package iproute

import (
	"errors"
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate"
)

// hopFields are those of one way. f is the form that they are in: a tunnel's
// own fields are put above them.
func (x *space) hopFields(h *netstate.Hop, f *form) []field {
	return []field{
		{word: "via", key: "via", read: func(s *scanner) error { return via(h, f, s) }, value: nested(func() *form {
			f.crossed = true
			return newForm([]field{word("", "family", func(string) error { return nil }), word("", "host", address(&h.Gateway))})
		})},
		word("", "gateway", address(&h.Gateway)),
		word("dev", "dev", x.device(&h.Link)),
		{word: "as", read: func(s *scanner) error {
			s.skip("to")
			return labels(&h.Labels)(s.next())
		}},
		word("", "to", labels(&h.Labels)),
		{word: "encap", key: "encap", set: x.encap(h, f), read: func(s *scanner) error {
			err := x.encap(h, f)(s.next())
			if err == nil && h.Encap.Type == encapMPLS {
				err = labels(&h.Encap.Labels)(s.next())
			}
			return err
		}},
	}
}

// via reads a router: "via 10.0.0.1", "via inet6 fe80::1".
func via(h *netstate.Hop, f *form, s *scanner) error {
	w := s.next()
	if w == "inet" || w == "inet6" {
		f.crossed = true
		w = s.next()
	}
	return address(&h.Gateway)(w)
}

// wayText reads one of several ways of a route. It is called with the words
// behind "nexthop".
func (x *space) wayText(r *routeForm, s *scanner) error {
	h, f := x.newWay()
	f.text(s)
	r.Hops = append(r.Hops, *h)
	return f.problem()
}

// ways reads all ways from JSON.
func (x *space) ways(r *routeForm) func(any) error {
	return func(v any) error {
		all, ok := v.([]any)
		if !ok {
			return errors.New("it is no list")
		}
		for _, one := range all {
			o, ok := one.(object)
			if !ok {
				return errors.New("it is no list of objects")
			}
			h, f := x.newWay()
			f.object(o)
			r.Hops = append(r.Hops, *h)
			if err := f.problem(); err != nil {
				return err
			}
		}
		return nil
	}
}

func (x *space) newWay() (*netstate.Hop, *form) {
	h := &netstate.Hop{Weight: 1}
	f := newForm(nil)
	hopFlag := func(name string) error {
		bits, ok := routeFlags[name]
		if !ok || bits > 1<<8-1 {
			return fmt.Errorf("unknown flag %s", cut(name))
		}
		h.Flags |= uint8(bits)
		return nil
	}
	f.groups[0] = append(x.hopFields(h, f),
		word("weight", "weight", number(&h.Weight)),
		word("realm", "", realms(&h.Realm)),
		field{word: "realms", key: "flow", set: realms(&h.Realm), value: flowOf(&h.Realm)},
		field{key: "flags", value: list(hopFlag)})
	for name := range routeFlags {
		f.groups[0] = append(f.groups[0], flag(name, "", func(string) error { return hopFlag(name) }))
	}
	return h, f
}
