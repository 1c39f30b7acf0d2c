package iproute

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// encapTypes are LWTUNNEL_ENCAP_* of linux/lwtunnel.h.
var encapTypes = map[string]uint16{
	"mpls": 1, "ip": 2, "ila": 3, "ip6": 4, "seg6": 5, "bpf": 6, "seg6local": 7, "rpl": 8, "ioam6": 9, "xfrm": 10,
}

const encapMPLS = 1

// seg6Actions are SEG6_LOCAL_ACTION_* of linux/seg6_local.h.
var seg6Actions = map[string]uint32{
	"End": 1, "End.X": 2, "End.T": 3, "End.DX2": 4, "End.DX6": 5, "End.DX4": 6, "End.DT6": 7, "End.DT4": 8, "End.B6": 9,
	"End.B6.Encaps": 10, "End.BM": 11, "End.S": 12, "End.AS": 13, "End.AM": 14, "End.BPF": 15, "End.DT46": 16,
}

// encap takes the type of a lightweight tunnel; what it says of itself follows.
func (x *space) encap(h *netstate.Hop, f *form) setter {
	return func(s string) error {
		typ, ok := encapTypes[s]
		if !ok {
			return fmt.Errorf("%q is no known tunnel", cut(s))
		}
		e := &netstate.Encap{Type: typ}
		h.Encap = e
		f.push(x.encapFields(e, s))
		return nil
	}
}

func (x *space) encapFields(e *netstate.Encap, kind string) []field {
	unknown := field{word: "[unknown", key: "unknown", read: unknownAttr(&e.Raw), value: unknownAttrs(&e.Raw)}
	switch kind {
	case "mpls":
		// In text the labels stand alone.
		return []field{{word: "", key: "dst", set: labels(&e.Labels)}, word("ttl", "ttl", optional(&e.TTL)), unknown}
	case "ip":
		return append(tunnelFields(e, "ttl", "tos"), unknown)
	case "ip6":
		return append(tunnelFields(e, "hoplimit", "tc"), unknown)
	case "seg6":
		return append(segmentFields(e), word("mode", "mode", oneOf(&e.Mode, "inline", "encap", "l2encap", "encap.red", "l2encap.red")), unknown)
	case "bpf":
		return []field{program("in", &e.In, e), program("out", &e.Out, e), program("xmit", &e.Xmit, e), word("", "headroom", number(&e.Headroom)), unknown}
	case "seg6local":
		e.Local = &netstate.Seg6Local{}
		return x.seg6LocalFields(e)
	case "xfrm":
		return []field{word("if_id", "if_id", number(&e.IfID)), word("link_dev", "link_dev", x.device(&e.Underlay)), unknown}
	}
	return []field{unknown}
}

func tunnelFields(e *netstate.Encap, ttl, tos string) []field {
	return []field{
		word("id", "id", number(&e.ID)), word("src", "src", address(&e.Src)), word("dst", "dst", address(&e.Dst)),
		word(ttl, ttl, optional(&e.TTL)), word(tos, tos, named(&e.TOS, fields)),
		flag("key", "key", bit(&e.Flags, 4)), flag("csum", "csum", bit(&e.Flags, 1)), flag("seq", "seq", bit(&e.Flags, 8)),
	}
}

func optional[T integer](p **T) setter {
	return func(s string) error {
		v := new(T)
		*p = v
		return number(v)(s)
	}
}

// segmentFields read "segs 2 [ fd00::1 fd00::2 ] hmac BEEF".
func segmentFields(e *netstate.Encap) []field {
	one := func(s string) error {
		a, err := parseAddr(s)
		e.Segments = append(e.Segments, a)
		return err
	}
	return []field{
		{word: "segs", key: "segs", value: list(one), read: func(s *scanner) error {
			s.next() // how many
			if !s.skip("[") {
				return errors.New("no list of segments")
			}
			for w := s.next(); w != "]"; w = s.next() {
				if err := one(w); err != nil {
					return err
				}
			}
			return nil
		}},
		{word: "hmac", key: "hmac", set: number(&e.HMACKey), read: func(s *scanner) error { return bare(&e.HMACKey)(s.next()) }},
	}
}

// program is the name of a BPF program; one may have none. The headroom stands
// behind the last of them as a bare number.
func program(name string, p **string, e *netstate.Encap) field {
	return field{
		word: name, key: name,
		set: func(s string) error {
			if s == "<unknown>" {
				s = ""
			}
			*p = &s
			return nil
		},
		read: func(s *scanner) error {
			v := ""
			switch s.peek() {
			case "in", "out", "xmit", "via", "dev", "":
			default:
				v = s.next()
			}
			*p = &v
			if isDigits(s.peek()) {
				return number(&e.Headroom)(s.next())
			}
			return nil
		},
	}
}

func (x *space) seg6LocalFields(e *netstate.Encap) []field {
	s := e.Local
	counted := func(any) error {
		s.Counters = true
		return nil
	}
	return append(segmentFields(e),
		word("action", "action", func(v string) error {
			if strings.HasPrefix(v, "<") {
				return nil // no name, no number
			}
			return named(&s.Action, seg6Actions)(v)
		}),
		field{key: "srh", value: nested(func() *form { return newForm(segmentFields(e)) })},
		word("table", "table", x.table(&s.Table)), word("vrftable", "vrftable", x.table(&s.VRFTable)),
		word("nh4", "nh4", address(&s.Next4)), word("nh6", "nh6", address(&s.Next6)),
		word("iif", "iif", x.device(&s.Input)), word("oif", "oif", x.device(&s.Output)),
		program("endpoint", &s.Program, e),
		field{word: "flavors", key: "flavors", set: s6Flavors(s), value: list(s6Flavors(s))},
		word("lblen", "lblen", number(&s.BlockBits)), word("nflen", "nflen", number(&s.NodeBits)),
		field{key: "stats64", value: counted},
		field{word: "[unknown", key: "unknown", read: unknownAttr(&s.Raw), value: unknownAttrs(&s.Raw)})
}

// s6Flavors takes names of flavors with commas between them.
func s6Flavors(s *netstate.Seg6Local) setter {
	return func(v string) error {
		if s.Flavors == nil {
			s.Flavors = new(uint32)
		}
		for name := range strings.SplitSeq(v, ",") {
			bit, ok := map[string]int{"psp": 1, "usp": 2, "usd": 3, "next-csid": 4}[name]
			if !ok {
				return fmt.Errorf("unknown flavor %s", strconv.Quote(cut(name)))
			}
			*s.Flavors |= 1 << bit
		}
		return nil
	}
}
