package iproute

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

const addressPermanent = 0x80 // IFA_F_PERMANENT

// addressFlags are IFA_F_* of linux/if_addr.h.
var addressFlags = map[string]uint32{
	"secondary": 0x01, "temporary": 0x01, "nodad": 0x02, "optimistic": 0x04, "dadfailed": 0x08, "home": 0x10, "deprecated": 0x20,
	"tentative": 0x40, "mngtmpaddr": 0x100, "noprefixroute": 0x200, "autojoin": 0x400, "stable-privacy": 0x800,
}

// addressForm is an address while it is read.
type addressForm struct {
	netstate.Address
	local, peer netip.Addr
	length      string
	form        *form
}

func (x *space) newAddress(link int) *addressForm {
	a := &addressForm{Address: netstate.Address{Link: link, Flags: addressPermanent}}
	all := []field{
		word("", "family", func(string) error { return nil }),
		word("", "local", address(&a.local)),
		word("peer", "address", a.far),
		word("", "prefixlen", text(&a.length)),
		word("metric", "metric", number(&a.Metric)),
		word("brd", "broadcast", address(&a.Broadcast)),
		word("any", "anycast", address(&a.Anycast)),
		word("scope", "scope", named(&a.Scope, scopes)),
		word("proto", "protocol", named(&a.Protocol, addressProtocols)),
		flag("dynamic", "dynamic", func(s string) error {
			v, err := truth(s)
			if v {
				a.Flags &^= addressPermanent
			}
			return err
		}),
		word("flags", "ifa_flags", bareBits(&a.Flags)),
		word("", "label", text(&a.Label)),
		word("valid_lft", "valid_life_time", lifetime(&a.Valid)),
		word("preferred_lft", "preferred_life_time", lifetime(&a.Preferred)),
	}
	for name, bits := range addressFlags {
		all = append(all, flag(name, name, bit(&a.Flags, bits)))
	}
	a.form = newForm(all)
	return a
}

// addressText reads the first line of an address, without "inet". Its times
// follow in a line of their own.
func (x *space) addressText(link int, s *scanner) *addressForm {
	a := x.newAddress(link)
	host, length, ok := strings.Cut(s.next(), "/")
	a.form.failed("address", address(&a.local)(host))
	if ok {
		a.length = length
	}
	a.form.text(s)
	return a
}

func (a *addressForm) far(s string) error {
	host, length, ok := strings.Cut(s, "/")
	if ok {
		a.length = length
	}
	return address(&a.peer)(host)
}

// finish puts together what stands in several fields.
func (a *addressForm) finish() (netstate.Address, error) {
	f := a.form
	// The label is a bare word at the end.
	if n := len(f.unknown); n == 1 && a.Label == "" && a.local.Is4() {
		a.Label, f.unknown = f.unknown[0], nil
	}
	bits := a.local.BitLen()
	if a.length != "" {
		v, err := strconv.Atoi(a.length)
		if err != nil || v < 0 || v > bits {
			f.failed("length", fmt.Errorf("%q is no length of a prefix", cut(a.length)))
			v = bits
		}
		bits = v
	}
	if !a.local.IsValid() {
		f.failed("address", errors.New("it has none"))
		return a.Address, f.problem()
	}
	a.Prefix = netip.PrefixFrom(a.local, bits)
	if a.peer.IsValid() {
		a.Peer = netip.PrefixFrom(a.peer, bits)
	}
	return a.Address, f.problem()
}

// lifetime takes seconds; "forever" is the largest number.
func lifetime(p *uint32) setter {
	return func(s string) error {
		if s == "forever" {
			*p = 1<<32 - 1
			return nil
		}
		return unit(p, "sec")(s)
	}
}

// bareBits adds bits that are written in hexadecimal without 0x.
func bareBits(p *uint32) setter {
	return func(s string) error {
		var v uint32
		err := bare(&v)(s)
		*p |= v
		return err
	}
}
