package text

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// dice makes any trail at all: what a probe should never send must not break
// the screen.
type dice struct{ *rand.Rand }

func one[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

func (d dice) name() string {
	switch d.IntN(6) {
	case 0:
		return ""
	case 1:
		return strings.Repeat(one(d, "x", "long ", "長", "\x1b[2J", "\n"), d.IntN(150))
	}
	return one(d, "eth0", "node-a", "KUBE-SVC-ZP4VABCDEF234567", "cni0", "vethe281cd54", "nginx", "PREROUTING", "FORWARD", "nat", "filter", "drop", "accept", "fragment 0+1424", "reassembled")
}

func (d dice) addr() netip.Addr {
	return one(d, netip.Addr{}, netip.MustParseAddr("10.244.1.7"), netip.MustParseAddr("fd00:10:244:2:aaaa:bbbb:cccc:dddd"), netip.MustParseAddr("10.96.0.10"))
}

func (d dice) flow() packet.Flow {
	return packet.Flow{Proto: one(d, packet.ProtoTCP, packet.ProtoUDP, packet.ProtoICMP, packet.Proto(99)), Src: d.addr(), Dst: d.addr(), SrcPort: uint16(d.IntN(3)), DstPort: uint16(d.IntN(3)), ID: uint16(d.IntN(2))}
}

func (d dice) headers() trail.Headers {
	h := trail.Headers{Flow: d.flow(), DstMAC: d.name(), TTL: uint8(d.IntN(2))}
	for range d.IntN(3) {
		h.Tunnels = append(h.Tunnels, trail.Tunnel{Kind: one(d, "VXLAN", "IPIP"), ID: uint32(d.IntN(2)), HasID: d.IntN(2) == 0, Flow: d.flow()})
	}
	return h
}

func (d dice) rules() []trail.Rule {
	var out []trail.Rule
	for range d.IntN(8) {
		out = append(out, trail.Rule{
			Table: one(d, "nat", "filter", "raw", "pktrail", d.name()), Chain: one(d, "a", "b", "c", d.name()), Number: d.IntN(3), Handle: uint64(d.IntN(3)),
			Kind: one(d, trail.RuleMatched, trail.RuleMatched, trail.RulePolicy, trail.RuleReturn), To: one(d, "a", "b", "c", ""),
			Verdict: one(d, "", "accept", "drop", "jump", "goto", "return", "dnat", "masquerade", "continue", d.name()), Text: d.name(), Comment: d.name(), Owner: d.name(),
		})
	}
	return out
}

var stages = []trail.Stage{
	"", trail.StageCapture, trail.StageReceive, trail.StageHook, trail.StageRules, trail.StageRoute, trail.StageNeighbour, trail.StageQueue, trail.StageTransmit,
	trail.StageRefuse, trail.StageDrop, trail.StageConsume, trail.StageDeliver, trail.StageSocketFull, trail.StageRetransmit, "new",
}

func maybe[T any](d dice, v T) *T {
	if d.IntN(3) == 0 {
		return nil
	}
	return &v
}

func (d dice) observation() trail.Observation {
	o := trail.Observation{
		Time: one(d, 0, 1, d.Int64()), Late: d.IntN(4) == 0, Stage: one(d, stages...), Dir: trail.Direction(d.IntN(3)), Len: d.IntN(9000), Seen: d.headers(),
		Point: trail.Point{Node: one(d, "node-a", "node-b", d.name()), Target: one(d, "", "web", d.name()), Interface: d.name(), Kind: one(d, "", "bridge", "vxlan", "veth")},
		Mark:  uint32(d.IntN(2)), Merged: d.IntN(3), Copy: max(0, d.IntN(6)-3), CPU: d.IntN(2), Flight: uint64(d.IntN(2)), Rules: d.rules(),
	}
	o.Hook = maybe(d, trail.Hook{Name: d.name(), Priority: d.IntN(100)})
	o.Route = maybe(d, trail.Route{Table: uint32(d.IntN(256)), Dst: d.addr(), Device: d.name(), In: d.name(), Gateway: d.addr(), Err: one(d, 0, 0, 11, 18, 77), ReversePath: d.IntN(3) == 0})
	o.Neighbour = maybe(d, trail.Neighbour{Addr: d.addr(), Device: d.name(), State: d.name(), Parked: d.IntN(2) == 0})
	o.Transmit = maybe(d, trail.Transmit{Code: d.IntN(2)})
	o.Refusal = maybe(d, trail.Refusal{Kind: one(d, "icmp", "reset"), Reason: d.name(), Text: d.name()})
	o.Drop = maybe(d, trail.Drop{Reason: d.name(), At: d.name(), Hook: d.name(), Stack: []string{d.name()}})
	o.Socket = maybe(d, trail.Socket{Process: d.name(), PID: d.IntN(2)})
	o.Conntrack = maybe(d, trail.Conntrack{State: one(d, "new", "invalid"), Reply: d.IntN(2) == 0})
	o.Answers = []trail.Answer{{Question: d.name(), Text: d.name()}}[:d.IntN(2)]
	o.Settings = []trail.Setting{{Name: d.name(), Value: d.name()}}[:d.IntN(2)]
	o.Changes = []string{d.name()}[:d.IntN(2)]
	return o
}

func (d dice) trail() *trail.Trail {
	t := &trail.Trail{Packet: d.name(), Flow: d.flow(), AnswerTo: d.IntN(2)}
	for range d.IntN(30) {
		t.Observations = append(t.Observations, d.observation())
	}
	return t
}

func (d dice) verdict(n int) trail.Verdict {
	v := trail.Verdict{
		Outcome: one(d, trail.Delivered, trail.Dropped, trail.Lost, trail.Parked, trail.Rejected, trail.Unknown, ""), Node: one(d, "node-a", "", d.name()), Namespace: d.name(), At: d.name(),
		Observation: d.IntN(n+3) - 1, Reason: d.name(), Rule: d.name(), Route: d.name(), Text: d.name(), Basis: one(d, trail.Observed, trail.Inferred, ""),
	}
	for range d.IntN(3) {
		v.Findings = append(v.Findings, trail.Finding{Cause: d.name(), Why: d.name(), Evidence: []trail.Evidence{{Text: d.name(), Basis: trail.Observed}}, Check: []string{d.name()}, Fix: []string{d.name()}})
	}
	return v
}

func (d dice) fold() Fold {
	t := d.trail()
	return Fold{Trail: t, Count: d.IntN(4), Verdict: d.verdict(len(t.Observations))}
}

// Any trail whatever is shown in lines that fit, and any two compare.
func TestRandomTrails(t *testing.T) {
	for seed := range uint64(300) {
		d := dice{rand.New(rand.NewPCG(seed, 1))}
		r := &TraceResult{Session: maybe(d, trail.Session{Nodes: []string{d.name()}, Blind: []trail.Blind{{What: d.name(), Why: d.name()}}}), Verdict: d.verdict(5), Offsets: map[string]int64{"node-b": d.Int64()}}
		if r.Session != nil {
			r.Session.Conversation = maybe(d, trail.Conversation{Result: one(d, trail.ResultAnswered, trail.ResultICMP, "x"), Error: d.name(), RTT: d.Int64()})
		}
		for range d.IntN(4) {
			f := d.fold()
			f.Answer = maybe(d, d.fold())
			r.Folds = append(r.Folds, f)
		}
		o := TraceOptions{Verbose: d.IntN(2) == 0, Style: Style{Colour: d.IntN(2) == 0, Width: one(d, 0, 20, 60, 80, 300)}}
		var b bytes.Buffer
		if err := Trace(&b, r, o); err != nil {
			t.Fatal(err)
		}
		narrowTo(t, b.String(), o.Style.columns())
		good, bad := d.trail(), d.trail()
		diff := compare.Trails(good, bad)
		b.Reset()
		if err := Diff(&b, &diff, DiffOptions{Style: o.Style, Good: d.name(), Bad: d.name(), All: o.Verbose}); err != nil {
			t.Fatal(err)
		}
		narrowTo(t, b.String(), o.Style.columns())
		if same := compare.Trails(good, good); len(same.Differences) != 0 {
			t.Errorf("a trail differs from itself: %+v", same.Differences)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
