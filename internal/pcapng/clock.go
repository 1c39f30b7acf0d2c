package pcapng

import (
	"math"
	"math/bits"
)

// Resolution is the unit of an interface's time stamps (if_tsresol). The zero
// value is "not given", which means microseconds.
type Resolution uint16

// The common resolutions.
const (
	Microseconds Resolution = resolutionGiven | 6
	Nanoseconds  Resolution = resolutionGiven | 9
)

const (
	resolutionGiven  = 0x100
	resolutionBinary = 0x80
)

// Decimal is a unit of 10^-n seconds, n in 0..127.
func Decimal(n int) Resolution { return resolutionGiven | Resolution(n&0x7f) }

// Binary is a unit of 2^-n seconds, n in 0..127.
func Binary(n int) Resolution { return Decimal(n) | resolutionBinary }

// clock turns an interface's ticks into nanoseconds since 1970.
type clock struct {
	binary bool
	exp    uint   // of 2 or 10
	unit   uint64 // 10^exp where exp <= 19, else 10^(exp-9), or 0 where all times are below 1 ns
	offset int64  // seconds (if_tsoffset)
	nano   bool   // the short way: ticks are nanoseconds since 1970
}

func newClock(r Resolution, offset int64) clock {
	if r == 0 {
		r = Microseconds
	}
	c := clock{binary: r&resolutionBinary != 0, exp: uint(r & 0x7f), offset: offset}
	c.nano = !c.binary && c.exp == 9 && offset == 0
	if !c.binary {
		n := c.exp
		if n > 19 {
			n -= 9
		}
		if n <= 19 {
			c.unit = 1
			for range n {
				c.unit *= 10
			}
		}
	}
	return c
}

// time never overflows: what lies outside of int64 nanoseconds becomes the
// nearest end of its range (years 1677 to 2262).
func (c *clock) time(ticks uint64) int64 {
	if c.nano && ticks <= math.MaxInt64 {
		return int64(ticks)
	}
	sec, nsec := c.parts(ticks)
	// sec + offset, in 128 bits by sign.
	var neg bool
	switch {
	case c.offset >= 0:
		sum, carry := bits.Add64(sec, uint64(c.offset), 0)
		if carry != 0 {
			return math.MaxInt64
		}
		sec = sum
	case sec >= -uint64(c.offset):
		sec -= -uint64(c.offset)
	default:
		neg, sec = true, -uint64(c.offset)-sec
	}
	hi, lo := bits.Mul64(sec, 1e9)
	if neg { // -(sec*1e9) + nsec, and sec >= 1
		if hi != 0 || lo-nsec > 1<<63 {
			return math.MinInt64
		}
		return int64(-(lo - nsec))
	}
	lo, carry := bits.Add64(lo, nsec, 0)
	if hi != 0 || carry != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(lo)
}

// parts are whole seconds and the nanoseconds below, rounded down.
func (c *clock) parts(ticks uint64) (sec, nsec uint64) {
	switch {
	case c.binary && c.exp < 64:
		rem := ticks & (1<<c.exp - 1)
		hi, lo := bits.Mul64(rem, 1e9)
		return ticks >> c.exp, hi<<(64-c.exp) | lo>>c.exp
	case c.binary:
		hi, _ := bits.Mul64(ticks, 1e9)
		return 0, hi >> (c.exp - 64)
	case c.exp <= 19:
		hi, lo := bits.Mul64(ticks%c.unit, 1e9)
		nsec, _ = bits.Div64(hi, lo, c.unit)
		return ticks / c.unit, nsec
	case c.unit != 0: // 10^20 ticks a second and more: below a second
		return 0, ticks / c.unit
	}
	return 0, 0
}
