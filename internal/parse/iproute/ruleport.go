package iproute

import (
	"errors"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// portFields are those of a range of ports, or of one under a mask.
func portFields(name string, p **netstate.PortRange, mask *uint16) []field {
	at := func() *netstate.PortRange {
		if *p == nil {
			*p = &netstate.PortRange{}
		}
		return *p
	}
	one := func(s string) error {
		err := number(&at().First)(s)
		at().Last = at().First
		return err
	}
	return []field{
		word(name, name, func(s string) error {
			if first, last, ok := strings.Cut(s, "-"); ok {
				return errors.Join(number(&at().First)(first), number(&at().Last)(last))
			}
			if port, bits, ok := strings.Cut(s, "/"); ok {
				return errors.Join(one(port), number(mask)(bits))
			}
			return one(s)
		}),
		word("", name+"_start", func(s string) error { return number(&at().First)(s) }),
		word("", name+"_end", func(s string) error { return number(&at().Last)(s) }),
		word("", name+"_mask", number(mask)),
	}
}

// unknownAttr reads "[unknown attribute 7]", as pktrail itself writes what it
// does not understand.
func unknownAttr(to *[]netstate.Attr) func(*scanner) error {
	return func(s *scanner) error {
		if !s.skip("attribute") {
			return errors.New("not as pktrail writes it")
		}
		a := netstate.Attr{}
		err := number(&a.Type)(strings.TrimSuffix(s.next(), "]"))
		*to = append(*to, a)
		return err
	}
}

func unknownAttrs(to *[]netstate.Attr) func(any) error {
	return list(func(s string) error {
		a := netstate.Attr{}
		err := number(&a.Type)(s)
		*to = append(*to, a)
		return err
	})
}
