package iproute

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

type integer interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32 | ~int
}

// number takes a number, decimal or with 0x. ip writes some numbers with a sign
// that have none, and the other way round.
func number[T integer](p *T) setter {
	return func(s string) error {
		v, err := parseNumber[T](s)
		if err == nil {
			*p = v
		}
		return err
	}
}

func parseNumber[T integer](s string) (T, error) {
	if u, err := strconv.ParseUint(s, 0, 64); err == nil {
		if v := T(u); uint64(v) == u || v < 0 && uint64(uint32(v)) == u {
			return v, nil
		}
		return 0, fmt.Errorf("%s is too large", s)
	}
	i, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", cut(s))
	}
	if v := T(i); int64(v) == i || i < 0 && i >= -1<<31 && uint64(v) == uint64(uint32(i)) {
		return v, nil
	}
	return 0, fmt.Errorf("%s is out of range", s)
}

// bare takes a number in hexadecimal without 0x.
func bare[T integer](p *T) setter {
	return func(s string) error { return number(p)("0x" + s) }
}

// unit takes a number with its unit behind it.
func unit[T integer](p *T, name string) setter {
	return func(s string) error { return number(p)(strings.TrimSuffix(s, name)) }
}

// text takes a word as it is.
func text(p *string) setter {
	return func(s string) error {
		*p = s
		return nil
	}
}

func truth(s string) (bool, error) {
	switch s {
	case "", "on", "true", "1":
		return true, nil
	case "off", "false", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither on nor off", cut(s))
}

// yes takes "on", "true", "1", or a flag that is there, and their opposites.
func yes(p *bool) setter {
	return func(s string) error {
		v, err := truth(s)
		*p = v
		return err
	}
}

// not is yes for a flag that denies.
func not(p *bool) setter {
	return func(s string) error {
		v, err := truth(s)
		*p = !v
		return err
	}
}

// bit sets bits if it is so.
func bit[T integer](p *T, mask T) setter {
	return func(s string) error {
		v, err := truth(s)
		if v {
			*p |= mask
		}
		return err
	}
}

// constant sets a value if it is so.
func constant[T any](p *T, value T) setter {
	return func(string) error {
		*p = value
		return nil
	}
}

// address takes an IP address; "any" is none.
func address(p *netip.Addr) setter {
	return func(s string) error {
		if s == "any" {
			return nil
		}
		a, err := parseAddr(s)
		*p = a
		return err
	}
}

func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is no address", cut(s))
	}
	return a, nil
}

// parsePrefix reads a prefix; an address alone is all of it. Bits beyond the
// length stay.
func parsePrefix(s string) (netip.Prefix, error) {
	host, length, ok := strings.Cut(s, "/")
	a, err := parseAddr(host)
	if err != nil {
		return netip.Prefix{}, err
	}
	bits := a.BitLen()
	if ok {
		if bits, err = strconv.Atoi(length); err != nil || bits < 0 || bits > a.BitLen() {
			return netip.Prefix{}, fmt.Errorf("%q is no length of a prefix", cut(length))
		}
	}
	return netip.PrefixFrom(a, bits), nil
}

// named takes a word of a list, or what is a number.
func named[T integer](p *T, names map[string]T) setter {
	return func(s string) error {
		if v, ok := names[s]; ok {
			*p = v
			return nil
		}
		return number(p)(s)
	}
}

// oneOf takes a word by its place in a list.
func oneOf[T integer](p *T, names ...string) setter {
	return func(s string) error {
		for i, name := range names {
			if name == s {
				*p = T(i)
				return nil
			}
		}
		return number(p)(s)
	}
}

// ticks takes seconds with two digits behind the point as hundredths.
func ticks[T uint32 | uint64](p *T) setter {
	return func(s string) error {
		sec, part, _ := strings.Cut(s, ".")
		v, err := strconv.ParseUint(sec, 10, 32)
		var n uint64
		if err == nil && part != "" {
			n, err = strconv.ParseUint((part + "00")[:2], 10, 32)
		}
		if err != nil {
			return fmt.Errorf("%q are no seconds", cut(s))
		}
		*p = T(v*100 + n)
		return nil
	}
}

// sent makes fields that say what the kernel sent.
type sent struct{ set *netstate.Sent }

// field marks a field as sent with its number.
func (s sent) field(n int, f field) field {
	if set := f.set; set != nil {
		f.set = func(v string) error {
			s.set.Add(uint16(n))
			return set(v)
		}
	}
	if read := f.read; read != nil {
		f.read = func(words *scanner) error {
			s.set.Add(uint16(n))
			return read(words)
		}
	}
	if value := f.value; value != nil {
		f.value = func(v any) error {
			s.set.Add(uint16(n))
			return value(v)
		}
	}
	return f
}

func (s sent) word(n int, name, key string, set setter) field {
	return s.field(n, word(name, key, set))
}

func (s sent) flag(n int, name, key string, set setter) field {
	return s.field(n, flag(name, key, set))
}

// list takes an array of JSON, value by value.
func list(set setter) func(any) error {
	return func(v any) error {
		all, ok := v.([]any)
		if !ok {
			return errors.New("it is no list")
		}
		for _, one := range all {
			s, ok := scalar(one)
			if !ok {
				return errors.New("it is no list of words")
			}
			if err := set(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// nested takes an object of JSON.
func nested(f func() *form) func(any) error {
	return func(v any) error {
		o, ok := v.(object)
		if !ok {
			return errors.New("it is no object")
		}
		inner := f()
		inner.object(o)
		return inner.problem()
	}
}

// cut cuts a word to what a message may hold.
func cut(s string) string { return s[:min(len(s), 40)] }
