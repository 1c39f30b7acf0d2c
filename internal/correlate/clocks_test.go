package correlate

import (
	"math/rand/v2"
	"testing"
)

// Clocks that run apart are followed, a minute or two behind at most, and those
// that are reached by way of others are known too.
func TestDriftingClocks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var c clocks
	a, b, d := c.of("boot-a", "a"), c.of("boot-b", "b"), c.of("boot-d", "d")
	const step, drift = 1_000_000_000, 50_000 // each second; 50 ppm
	for i := range int64(600) {
		now := start + i*step
		ahead := 2_000_000 + i*drift // of b over a
		there, back := 100_000+r.Int64N(400_000), 120_000+r.Int64N(400_000)
		c.sample(a, b, now, now+there+ahead)
		c.sample(b, a, now+ahead, now+back)
		c.sample(b, d, now+ahead, now+ahead+there-7_000_000) // d is 7 ms behind b
		c.sample(d, b, now+ahead-7_000_000, now+ahead+back)
		if i < 10 {
			continue
		}
		got := c.offsets()
		for node, want := range map[string]int64{"b": ahead, "d": ahead - 7_000_000} {
			if off := got[node].Nanoseconds - want; max(off, -off) > 120*drift/2+50_000 {
				t.Fatalf("after %d s %s is %d ns off", i, node, off)
			}
		}
		if len(got) != 2 || got["d"].Error < got["b"].Error {
			t.Fatalf("%+v", got)
		}
	}
}

// The reference may be any node; all nodes of one kernel have its offset.
func TestReference(t *testing.T) {
	c := clocks{reference: "b2"}
	a := c.of("boot-a", "a")
	b := c.of("boot-b", "b1")
	if c.of("boot-b", "b2") != b {
		t.Fatal("two clocks for one boot id")
	}
	c.of("boot-c", "c") // nothing is known of it
	c.sample(a, b, 1000, 6000)
	c.sample(b, a, 6000, 3000)
	if got := c.offsets(); len(got) != 1 || got["a"] != (Offset{Nanoseconds: -4000, Error: 1000, Samples: 2}) {
		t.Errorf("%+v", got)
	}
}

// What packets' times differ by anyway is no difference of clocks, unless one
// came before it left.
func TestNoiseIsNoOffset(t *testing.T) {
	for _, x := range []struct{ there, back, want int64 }{
		{12_000, 10_000, 0},
		{99_000, 1_000, 0},
		{110_000, 9_000, 50_500},
		{15_000, -5_000, 10_000},
		{-1_000, 20_000, -10_500},
	} {
		var c clocks
		a, b := c.of("boot-a", "a"), c.of("boot-b", "b")
		c.sample(a, b, start, start+x.there)
		c.sample(b, a, start, start+x.back)
		if got := c.offsets()["b"]; got.Nanoseconds != x.want {
			t.Errorf("%d there, %d back: %+v", x.there, x.back, got)
		}
	}
}
