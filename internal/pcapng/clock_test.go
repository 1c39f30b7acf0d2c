package pcapng

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exact is the time by arithmetic without limits, rounded down below a second
// and held within int64.
func exact(r Resolution, offset int64, ticks uint64) int64 {
	base, exp := big.NewInt(10), big.NewInt(int64(r&0x7f))
	if r&resolutionBinary != 0 {
		base = big.NewInt(2)
	}
	unit := new(big.Int).Exp(base, exp, nil)
	ns := new(big.Int).SetUint64(ticks)
	ns.Mul(ns, big.NewInt(1e9)).Div(ns, unit)
	ns.Add(ns, new(big.Int).Mul(big.NewInt(offset), big.NewInt(1e9)))
	switch {
	case ns.Cmp(big.NewInt(math.MaxInt64)) > 0:
		return math.MaxInt64
	case ns.Cmp(big.NewInt(math.MinInt64)) < 0:
		return math.MinInt64
	}
	return ns.Int64()
}

func TestClock(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 128 {
		for _, r := range []Resolution{Decimal(n), Binary(n)} {
			ticks := []uint64{0, 1, 999, 1 << 31, 1 << 62, 1 << 63, math.MaxUint64, math.MaxInt64, 1700000000_123456789, 1700000000_123456}
			offsets := []int64{0, 1, -1, 3600, -3600, math.MaxInt64, math.MinInt64, -9223372036, -9223372037, 9223372036, -1700000000}
			for range 20 {
				ticks = append(ticks, rnd.Uint64()>>rnd.IntN(64))
				offsets = append(offsets, int64(rnd.Uint64())>>rnd.IntN(64))
			}
			for _, off := range offsets {
				c := newClock(r, off)
				for _, v := range ticks {
					if got, want := c.time(v), exact(r, off, v); got != want {
						t.Fatalf("resolution %#x, offset %d, ticks %d: got %d, want %d", r, off, v, got, want)
					}
				}
			}
		}
	}
	if c := newClock(0, 0); c.time(5) != 5000 {
		t.Error("the default is not microseconds")
	}
}
