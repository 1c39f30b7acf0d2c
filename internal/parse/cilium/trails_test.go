package cilium

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/correlate"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

// recording is what a monitor of one node printed.
type recording struct{ file, node string }

// trails are those of recordings that are read one after the other, without
// what the nodes say to the API server.
func trails(t *testing.T, recordings ...recording) []trail.Trail {
	t.Helper()
	tr := &correlate.Trails{}
	for _, r := range recordings {
		items, bad := all(t, New(bytes.NewReader(input(t, "in/"+r.file)), Options{Node: r.node}))
		if len(bad) > 0 {
			t.Errorf("%s: %v", r.file, bad)
		}
		for _, it := range items {
			if s := it.Sighting; s != nil {
				tr.See(sighting(s))
			}
		}
	}
	return slices.DeleteFunc(tr.All(), func(x trail.Trail) bool { return strings.Contains(x.Flow.String(), "10.90.0.1:") })
}

func sighting(s *parse.Sighting) *correlate.Sighting {
	return &correlate.Sighting{Boot: s.Boot, At: s.At, Frame: s.Frame, Key: s.Key, Seen: s.Seen, Also: s.Also}
}

// ways are trails as text: what the packet is and answers, and a line for each
// observation.
func ways(all []trail.Trail) string {
	var b strings.Builder
	for i := range all {
		x := &all[i]
		fmt.Fprintf(&b, "%s  %s", x.Packet, x.Flow)
		if x.AnswerTo != 0 {
			fmt.Fprintf(&b, "  answers %s %s", all[x.AnswerTo-1].Packet, all[x.AnswerTo-1].Flow)
		}
		if x.Repeats != 0 {
			b.WriteString("  sent again")
		}
		b.WriteByte('\n')
		for j := range x.Observations {
			o := &x.Observations[j]
			fmt.Fprintf(&b, "  %s %s: %s", o.Point.Node, o.Stage, o.Words())
			if o.Point.Interface != "" {
				b.WriteString(", " + o.Point.Interface)
			}
			if len(o.Changes) > 0 {
				b.WriteString("  [" + strings.Join(o.Changes, "; ") + "]")
			}
			if o.Time != 0 || o.Late {
				b.WriteString("  has a time")
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// numbered trails refer to each other by number: All numbers them as it gives
// them, and what was left out stood there too.
func case2(t *testing.T, name string, first, second recording) string {
	t.Helper()
	one, two := ways(relabel(trails(t, first, second))), ways(relabel(trails(t, second, first)))
	if d := cmp.Diff(sorted(one), sorted(two)); d != "" {
		t.Errorf("%s: the order of the files counts (-one +other):\n%s", name, d)
	}
	golden(t, "trails-"+name, one)
	return one
}

// relabel renumbers trails by where they stand.
func relabel(all []trail.Trail) []trail.Trail {
	at := map[int]int{}
	for i := range all {
		at[all[i].Number] = i + 1
	}
	for i := range all {
		x := &all[i]
		x.Number, x.AnswerTo, x.Repeats = i+1, at[x.AnswerTo], at[x.Repeats]
	}
	return all
}

func sorted(text string) []string {
	out := strings.Split(strings.ReplaceAll(text, "\n  ", "\v"), "\n")
	slices.Sort(out)
	return out
}

// A healthy ping from a pod to the outside, with another one of the same
// addresses beside it.
func TestTrailsArticle(t *testing.T) {
	all := relabel(trails(t, recording{"article-ping-ok.jsonl", "node1"}))
	golden(t, "trails-article", ways(all))
	if len(all) != 3 {
		t.Fatalf("%d trails, want the request, its reply and another echo", len(all))
	}
	points := func(x *trail.Trail) (out []string) {
		for i := range x.Observations {
			out = append(out, x.Observations[i].Datapath.Place())
		}
		return out
	}
	request, reply, other := &all[0], &all[1], &all[2]
	if d := cmp.Diff([]string{"from-endpoint 1177", "to-stack", "to-network"}, points(request)); d != "" {
		t.Error(d)
	}
	if c := request.Observations[2].Changes; !slices.Contains(c, "SNAT 171.0.1.83 -> 10.10.40.11") {
		t.Errorf("masquerade is not told: %q", c)
	}
	if d := cmp.Diff([]string{"from-network", "to-endpoint 1177"}, points(reply)); d != "" {
		t.Error(d)
	}
	if reply.AnswerTo != 1 || reply.Flow.ID != 52535 || reply.Observations[1].Point.Interface != "lxc27709feb57e9" {
		t.Errorf("the reply is %+v", reply)
	}
	if other.AnswerTo != 0 || other.Flow.ID != 10339 || len(other.Observations) != 1 || other.Observations[0].Datapath.Point != "from-host" {
		t.Errorf("the other echo is %+v", other)
	}
}

// Pings from pod to pod on two nodes: each packet is one trail over both, and
// each reply answers its request.
func TestTrailsBothNodes(t *testing.T) {
	text := case2(t, "a", recording{"a-node1.monitor.jsonl", "node1"}, recording{"a-node2.monitor.jsonl", "node2"})
	if n := strings.Count(text, "ICMP echo request, id 50"); n != 6 { // 3 trails, 3 answers to them
		t.Errorf("%d mentions of the requests:\n%s", n, text)
	}
}

func TestTrailsExternal(t *testing.T) {
	case2(t, "b", recording{"b-node1.monitor.jsonl", "node1"}, recording{"b-node2.monitor.jsonl", "node2"})
}

// The reply comes back to the node and ends there, without a drop.
func TestTrailsMisrouted(t *testing.T) {
	case2(t, "c", recording{"c-node1.monitor.jsonl", "node1"}, recording{"c-node2.monitor.jsonl", "node2"})
	found := 0
	for _, x := range trails(t, recording{"c-node1.monitor.jsonl", "node1"}) {
		if !strings.HasPrefix(x.Packet, "ICMP echo reply") {
			continue
		}
		found++
		if last := x.Observations[len(x.Observations)-1]; last.Datapath.Point != "from-network" || len(x.Observations) != 1 || x.AnswerTo == 0 {
			t.Errorf("a reply ends at %s, answers %d", last.Datapath.Point, x.AnswerTo)
		}
	}
	if found != 3 {
		t.Errorf("%d replies", found)
	}
}

// A policy denies on the node that receives: its decision and the drop are of
// the packet that the other node sent.
func TestTrailsDenied(t *testing.T) {
	case2(t, "d1", recording{"d1-node1.monitor.jsonl", "node1"}, recording{"d1-node2.monitor.jsonl", "node2"})
	denied := 0
	for _, x := range trails(t, recording{"d1-node1.monitor.jsonl", "node1"}, recording{"d1-node2.monitor.jsonl", "node2"}) {
		last := x.Observations[len(x.Observations)-1]
		if last.Drop == nil || last.Point.Node != "node2" {
			continue
		}
		denied++
		before := x.Observations[len(x.Observations)-2]
		if before.Policy == nil || before.Policy.Action != "deny" || x.Observations[0].Point.Node != "node1" {
			t.Errorf("%s", ways([]trail.Trail{x}))
		}
	}
	if denied != 5 {
		t.Errorf("%d packets were denied", denied)
	}
}

// Lines of -v have no number of a packet: those of one node are joined in the
// order of the file, and those of two nodes are not.
func TestTrailsText(t *testing.T) {
	for _, c := range []string{"a", "b", "c", "d1"} {
		all := trails(t, recording{c + "-node1.monitor-v.txt", "node1"})
		golden(t, "trails-text-"+c, ways(relabel(all)))
	}
	one := trails(t, recording{"a-node1.monitor-v.txt", "node1"})
	if both := trails(t, recording{"a-node1.monitor-v.txt", "node1"}, recording{"a-node1.monitor-v.txt", "node2"}); len(both) != 2*len(one) {
		t.Errorf("%d trails, of two nodes %d", len(one), len(both))
	}
}

// A packet that is not told again on its way does not become the next one.
func TestTrailsTextLoss(t *testing.T) {
	const from, to = "<- endpoint 1 flow 0x0 , identity 7->unknown state unknown ifindex 0 orig-ip 0.0.0.0: 10.0.0.1 -> 10.0.0.2 icmp EchoRequest\n",
		"-> stack flow 0x0 , identity 7->2 state new ifindex 0 orig-ip 0.0.0.0: 10.0.0.1 -> 10.0.0.2 icmp EchoRequest\n"
	tr := &correlate.Trails{}
	items, _ := all(t, New(strings.NewReader(from+from+to), Options{Node: "n"}))
	for _, it := range items {
		tr.See(sighting(it.Sighting))
	}
	got := tr.All()
	if len(got) != 2 || len(got[0].Observations) != 1 || len(got[1].Observations) != 2 {
		t.Errorf("%s", ways(got))
	}
	if got[0].Packet != "ICMP echo request" || got[0].Flow.Proto != packet.ProtoICMP {
		t.Errorf("%+v", got[0])
	}
}
