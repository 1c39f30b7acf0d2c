package nftrace

import (
	"strings"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

// begin is the first message of a packet in a chain of table t.
func begin(id uint32, chain string, ipID byte) *step {
	n := append([]byte{0x45, 0, 0, 40, 0, ipID}, make([]byte, 14)...)
	return &step{family: nfprotoIPv4, table: "t", chain: chain, handle: 1, kind: traceRule, id: id, network: n, iif: 2, verdict: verdictJump, hasVerdict: true, to: "u"}
}

func next(id uint32, chain string, verdict int32) *step {
	return &step{family: nfprotoIPv4, table: "t", chain: chain, handle: 2, kind: traceRule, id: id, verdict: verdict, hasVerdict: true}
}

func policy(id uint32, chain string) *step {
	return &step{family: nfprotoIPv4, table: "t", chain: chain, kind: tracePolicy, id: id, verdict: verdictAccept, hasVerdict: true}
}

// chains is "IP id: chain chain" of each group.
func chains(groups []*group) string {
	var all []string
	for _, g := range groups {
		s := string('0'+g.data[5]) + ":"
		for _, r := range g.rules {
			s += " " + r.Chain
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

func TestGroups(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []*step
		want  string
	}{
		{"one", []*step{begin(7, "a", 1), next(7, "u", verdictContinue), policy(7, "a")}, "1: a u a"},
		{"two packets on two CPUs", []*step{begin(7, "a", 1), begin(8, "a", 2), next(7, "u", verdictContinue), next(8, "u", verdictAccept), policy(7, "a")}, "2: a u, 1: a u a"},
		{"next hook", []*step{begin(7, "a", 1), begin(7, "b", 1), policy(7, "b")}, "1: a, 1: b b"},
		{"the same id again", []*step{begin(7, "a", 1), begin(7, "a", 2), policy(7, "a")}, "1: a, 2: a a"},
		{"accept in a base chain, then the next", []*step{begin(7, "a", 1), next(7, "a", verdictAccept), begin(7, "b", 1), policy(7, "b")}, "1: a a, 1: b b"},
		{"jump and return", []*step{begin(7, "a", 1), next(7, "u", verdictReturn), next(7, "a", verdictGoto), next(7, "v", verdictDrop)}, "1: a u a v"},
	} {
		g := newGrouper("pktrail-1-0")
		for i, s := range c.steps {
			g.add(s, int64(i))
		}
		if got := chains(g.ready); got != c.want || len(g.open) != 0 || g.headless != 0 {
			t.Errorf("%s: %s, want %s; %d open, %d headless", c.name, got, c.want, len(g.open), g.headless)
		}
	}
}

// After silence a group is handed on; what comes later has its headers.
func TestSilence(t *testing.T) {
	g := newGrouper("pktrail-1-0")
	g.add(begin(7, "a", 1), 0)
	g.add(next(7, "u", verdictContinue), 5*ms)
	if due := g.expire(24 * ms); due != 25*ms || len(g.ready) != 0 {
		t.Errorf("due %d, %d ready", due, len(g.ready))
	}
	if due := g.expire(25 * ms); due != 1005*ms || chains(g.ready) != "1: a u" {
		t.Errorf("due %d, %s", due, chains(g.ready))
	}
	g.add(policy(7, "a"), 100*ms)
	if chains(g.ready) != "1: a u, 1: a" || g.ready[1].start != 100*ms {
		t.Errorf("%s, from %d", chains(g.ready), g.ready[1].start)
	}
	g.add(begin(8, "a", 2), 0)
	g.expire(20 * ms)
	if due := g.expire(1000 * ms); due != 0 || len(g.open) != 0 {
		t.Errorf("due %d, %d open", due, len(g.open))
	}
	g.add(policy(8, "a"), 2000*ms)
	if g.headless != 1 {
		t.Errorf("%d headless", g.headless)
	}
}

// What never ends is bounded.
func TestManyGroups(t *testing.T) {
	g := newGrouper("pktrail-1-0")
	for i := range uint32(3 * maxGroup) {
		g.add(begin(i, "a", 1), 0)
		if len(g.open) > maxGroup {
			t.Fatalf("%d open", len(g.open))
		}
	}
	g.flush()
	if len(g.ready) != 3*maxGroup {
		t.Errorf("%d groups", len(g.ready))
	}
}

// Our own table's messages count marks; those of another pktrail are left
// out too.
func TestOwnTable(t *testing.T) {
	g := newGrouper("pktrail-1-0")
	for _, s := range []struct {
		table, chain string
		handle       uint64
	}{{"pktrail-1-0", markChain, 4}, {"pktrail-1-0", insideChain, 5}, {"pktrail-1-0", markChain, 0}, {"pktrail-1-0", outputChain, 6}, {"pktrail-2-0", markChain, 4}} {
		m := begin(7, s.chain, 1)
		m.table, m.handle = s.table, s.handle
		g.add(m, 0)
	}
	if g.marked != 2 || len(g.open)+len(g.ready) != 0 || g.headless != 0 {
		t.Errorf("%+v", g)
	}
}
