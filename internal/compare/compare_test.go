package compare

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func flow(src, dst string) packet.Flow {
	a, b := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return packet.Flow{Proto: packet.ProtoTCP, Src: a.Addr(), Dst: b.Addr(), SrcPort: a.Port(), DstPort: b.Port()}
}

// base is a way from a pod to another node's, short and with one of all kinds.
func base() *trail.Trail {
	f := flow("10.244.1.7:41822", "10.96.0.10:80")
	after := flow("10.244.1.7:41822", "10.244.2.3:8080")
	in := func(node, target, ifc, kind string, s trail.Stage, fl packet.Flow) trail.Observation {
		return trail.Observation{Stage: s, Point: trail.Point{Node: node, Target: target, Interface: ifc, Kind: kind}, Seen: trail.Headers{Flow: fl}}
	}
	t := &trail.Trail{Packet: "SYN", Flow: f}
	add := func(o trail.Observation, change func(*trail.Observation)) {
		if change != nil {
			change(&o)
		}
		t.Observations = append(t.Observations, o)
	}
	add(in("n1", "client", "eth0", "veth", trail.StageQueue, f), nil)
	add(in("n1", "", "vethaa11bb22", "veth", trail.StageReceive, f), nil)
	add(in("n1", "", "cni0", "bridge", trail.StageRules, f), func(o *trail.Observation) {
		o.Hook = &trail.Hook{Name: "PREROUTING"}
		o.Rules = []trail.Rule{{Table: "nat", Chain: "KUBE-SEP-OR6JABCDEF234567", Number: 2, Kind: trail.RuleMatched, Verdict: "dnat"}}
	})
	add(in("n1", "", "flannel.1", "vxlan", trail.StageRoute, after), func(o *trail.Observation) {
		o.Route = &trail.Route{Table: 254, In: "cni0", Dst: after.Dst, Device: "flannel.1", Gateway: netip.MustParseAddr("10.244.2.0")}
	})
	add(in("n1", "", "", "", trail.StageRules, after), func(o *trail.Observation) {
		o.Hook = &trail.Hook{Name: "FORWARD"}
		o.Rules = []trail.Rule{{Table: "filter", Chain: "FORWARD", Number: 1, Kind: trail.RuleMatched, Verdict: "accept"}}
	})
	add(in("n1", "", "flannel.1", "vxlan", trail.StageQueue, after), nil)
	add(in("n1", "", "eth0", "", trail.StageQueue, after), func(o *trail.Observation) {
		o.Seen.Tunnels = []trail.Tunnel{{Kind: "VXLAN", ID: 1, HasID: true, Flow: flow("10.99.0.11:5000", "10.99.0.12:8472")}}
	})
	add(in("n2", "", "eth0", "", trail.StageReceive, after), func(o *trail.Observation) {
		o.Seen.Tunnels = t.Observations[6].Seen.Tunnels
	})
	add(in("n2", "", "vethcc33dd44", "veth", trail.StageQueue, after), nil)
	add(in("n2", "web", "eth0", "veth", trail.StageReceive, after), nil)
	add(in("n2", "web", "eth0", "veth", trail.StageDeliver, after), func(o *trail.Observation) { o.Socket = &trail.Socket{Process: "nginx"} })
	return t
}

// Each case changes one thing of the base, and names what must come first.
func TestFirstDifference(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*trail.Trail)
		want   Difference
	}{
		"table": {
			func(t *trail.Trail) { t.Observations[3].Route.Table = 100 },
			Difference{Kind: KindTable, Node: "n1", Namespace: "n1", Place: "route", Good: "table main", Bad: "table 100"},
		},
		"device": {
			func(t *trail.Trail) { t.Observations[3].Route.Device = "eth1" },
			Difference{Kind: KindDevice, Node: "n1", Namespace: "n1", Place: "route", Good: "dev flannel.1", Bad: "dev eth1"},
		},
		"gateway": {
			func(t *trail.Trail) { t.Observations[3].Route.Gateway = netip.MustParseAddr("10.244.9.0") },
			Difference{Kind: KindGateway, Node: "n1", Namespace: "n1", Place: "route", Good: "via 10.244.2.0", Bad: "via 10.244.9.0"},
		},
		"no route": {
			func(t *trail.Trail) {
				t.Observations[3].Route.Err, t.Observations[3].Route.Gateway = 101, netip.Addr{}
			},
			Difference{Kind: KindRoute, Node: "n1", Namespace: "n1", Place: "route", Bad: "no route (error 101, network is unreachable)"},
		},
		"rule": {
			func(t *trail.Trail) { t.Observations[4].Rules[0].Verdict = "drop" },
			Difference{Kind: KindRule, Node: "n1", Namespace: "n1", Place: "filter FORWARD", Good: "FORWARD 1 ACCEPT", Bad: "FORWARD 1 DROP"},
		},
		"mark": {
			func(t *trail.Trail) {
				for i := 4; i < 9; i++ {
					t.Observations[i].Mark = 0x4000
				}
			},
			Difference{Kind: KindMark, Node: "n1", Namespace: "n1", Place: "filter FORWARD", Bad: "mark 0x4000"},
		},
		"no NAT": {
			func(t *trail.Trail) {
				for i := range t.Observations {
					t.Observations[i].Seen.Flow = t.Flow
				}
			},
			Difference{Kind: KindNAT, Node: "n1", Namespace: "n1", Place: "nat PREROUTING", Good: "DNAT to 10.244.2.3:8080"},
		},
		"tunnel": {
			func(t *trail.Trail) {
				for i := 6; i < 8; i++ {
					t.Observations[i].Seen.Tunnels = []trail.Tunnel{{Kind: "VXLAN", ID: 2, HasID: true, Flow: t.Observations[i].Seen.Tunnels[0].Flow}}
				}
			},
			Difference{Kind: KindTunnel, Node: "n1", Namespace: "n1", Place: "eth0 out", Good: "VXLAN 1 to 10.99.0.12", Bad: "VXLAN 2 to 10.99.0.12"},
		},
		"VTEP": {
			func(t *trail.Trail) {
				for i := 6; i < 8; i++ {
					t.Observations[i].Seen.Tunnels = []trail.Tunnel{{Kind: "VXLAN", ID: 1, HasID: true, Flow: flow("10.99.0.11:5000", "10.99.0.13:8472")}}
				}
			},
			Difference{Kind: KindTunnel, Node: "n1", Namespace: "n1", Place: "eth0 out", Good: "VXLAN 1 to 10.99.0.12", Bad: "VXLAN 1 to 10.99.0.13"},
		},
		"dropped": {
			func(t *trail.Trail) {
				t.Observations = append(t.Observations[:9], trail.Observation{
					Stage: trail.StageDrop, Point: trail.Point{Node: "n2"}, Drop: &trail.Drop{Reason: "NETFILTER_DROP", Hook: "FORWARD"},
				})
			},
			Difference{Kind: KindPlace, Node: "n2", Namespace: "n2", Place: "netfilter FORWARD", Bad: "dropped NETFILTER_DROP", Steps: 1},
		},
		"refused": {
			func(t *trail.Trail) {
				last := &t.Observations[10]
				last.Stage, last.Refusal = trail.StageRefuse, &trail.Refusal{Kind: "reset"}
			},
			Difference{Kind: KindOutcome, Node: "n2", Namespace: "web", Place: "end", Good: "delivered to nginx", Bad: "answered by reset"},
		},
		"invalid": {
			func(t *trail.Trail) { t.Observations[5].Conntrack = &trail.Conntrack{State: "invalid"} },
			Difference{Kind: KindConntrack, Node: "n1", Namespace: "n1", Place: "flannel.1 out", Bad: "conntrack invalid"},
		},
		"one more place": {
			func(t *trail.Trail) {
				extra := t.Observations[9]
				extra.Point.Interface, extra.Point.Target, extra.Point.Node = "ifb0", "", "n2"
				t.Observations = append(t.Observations[:9:9], append([]trail.Observation{extra}, t.Observations[9:]...)...)
			},
			Difference{Kind: KindPlace, Node: "n2", Namespace: "n2", Place: "ifb0 in", Bad: "ifb0 in", Steps: 1},
		},
	} {
		bad := base()
		c.change(bad)
		d := Trails(base(), bad)
		if len(d.Differences) == 0 {
			t.Errorf("%s: no difference", name)
			continue
		}
		got := d.Differences[0]
		got.Row = 0
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What stands for one instance is no difference.
func TestSame(t *testing.T) {
	for name, change := range map[string]func(*trail.Trail){
		"nothing": func(*trail.Trail) {},
		"times": func(t *trail.Trail) {
			for i := range t.Observations {
				t.Observations[i].Time = int64(i) * 77
			}
		},
		"ports and ids": func(t *trail.Trail) {
			for i := range t.Observations {
				t.Observations[i].Seen.Flow.SrcPort = 50000
				t.Observations[i].Flight, t.Observations[i].CPU, t.Observations[i].Len = 9, 2, 1400
			}
		},
		"another backend": func(t *trail.Trail) {
			for i := 3; i < len(t.Observations); i++ {
				t.Observations[i].Seen.Flow.Dst = netip.MustParseAddr("10.244.2.9")
			}
			t.Observations[2].Rules[0].Chain = "KUBE-SEP-QQQQABCDEF234567"
			t.Observations[2].Rules[0].Number = 1
		},
		"rules heard of later": func(t *trail.Trail) {
			o := t.Observations
			o[1], o[2] = o[2], o[1]
		},
		"a prefix that was not asked for": func(t *trail.Trail) {
			t.Observations[3].Route.Prefix = netip.MustParsePrefix("10.244.2.0/24")
		},
		"veths": func(t *trail.Trail) {
			t.Observations[1].Point.Interface, t.Observations[8].Point.Interface = "veth00000001", "cali60337b1a8c1"
		},
		"hooks, ends and cached lookups": func(t *trail.Trail) {
			hook := t.Observations[3]
			hook.Stage, hook.Route, hook.Hook = trail.StageHook, nil, &trail.Hook{Name: "PREROUTING", Priority: -300}
			local := t.Observations[9]
			local.Stage, local.Route = trail.StageRoute, &trail.Route{Table: 254, In: "eth0", Device: "eth0"}
			done := t.Observations[10]
			done.Stage, done.Drop = trail.StageDrop, &trail.Drop{Reason: "NOT_SPECIFIED", Socket: true}
			all := append([]trail.Observation{}, t.Observations[:3]...)
			all = append(append(all, hook), t.Observations[3:10]...)
			t.Observations = append(append(all, local), t.Observations[10], done)
		},
	} {
		bad := base()
		change(bad)
		for _, d := range []Diff{Trails(base(), bad), Trails(bad, base())} {
			if len(d.Differences) != 0 {
				t.Errorf("%s: %+v", name, d.Differences)
			}
		}
	}
}

// A recording without rules says nothing about rules.
func TestLeftOut(t *testing.T) {
	bad := base()
	bad.Observations = append(bad.Observations[:2:2], append([]trail.Observation{bad.Observations[3]}, bad.Observations[5:]...)...)
	d := Trails(base(), bad)
	if diff := cmp.Diff([]string{"netfilter rules (only in good)"}, d.LeftOut); diff != "" || len(d.Differences) != 0 {
		t.Errorf("%s%+v", diff, d.Differences)
	}
	d = Trails(bad, base())
	if diff := cmp.Diff([]string{"netfilter rules (only in bad)"}, d.LeftOut); diff != "" || len(d.Differences) != 0 {
		t.Errorf("%s%+v", diff, d.Differences)
	}
}

func TestEmpty(t *testing.T) {
	d := Trails(&trail.Trail{}, &trail.Trail{})
	if len(d.Rows) != 0 || len(d.Differences) != 0 {
		t.Errorf("%+v", d)
	}
	d = Trails(base(), &trail.Trail{})
	if len(d.Differences) != 1 || d.Differences[0].Steps != len(d.Rows) {
		t.Errorf("%+v", d.Differences)
	}
	b, err := json.Marshal(Trails(base(), base()))
	if err != nil || !strings.Contains(string(b), `"differences":[]`) {
		t.Errorf("%s, %v", b, err)
	}
}

// Long trails are aligned in bounded time and memory.
func TestLong(t *testing.T) {
	long := &trail.Trail{}
	for i := range 20_000 {
		long.Observations = append(long.Observations, trail.Observation{Stage: trail.StageReceive, Point: trail.Point{Node: "n", Interface: string(rune('a' + i%7))}})
	}
	other := &trail.Trail{Observations: append([]trail.Observation{}, long.Observations[3:]...)}
	if d := Trails(long, other); len(d.Rows) < 20_000 {
		t.Errorf("%d rows", len(d.Rows))
	}
}

func TestPath(t *testing.T) {
	r := func(chain string, n int, verdict, to string) trail.Rule {
		return trail.Rule{Table: "nat", Chain: chain, Number: n, Kind: trail.RuleMatched, Verdict: verdict, To: to}
	}
	end := func(chain string) trail.Rule { return trail.Rule{Table: "nat", Chain: chain, Kind: trail.RuleReturn} }
	policy := trail.Rule{Table: "nat", Chain: "PRE", Kind: trail.RulePolicy, Verdict: "accept"}
	for name, c := range map[string]struct {
		walk    []trail.Rule
		want    string
		decided bool
	}{
		"straight":        {[]trail.Rule{r("PRE", 1, "jump", "A"), r("A", 2, "jump", "B"), r("B", 3, "dnat", "")}, "PRE 1, A 2, B 3", true},
		"side chain":      {[]trail.Rule{r("PRE", 1, "jump", "A"), r("A", 1, "jump", "M"), r("M", 1, "continue", ""), end("M"), r("A", 2, "jump", "B"), r("B", 1, "drop", "")}, "PRE 1, A 2, B 1", true},
		"silent return":   {[]trail.Rule{r("PRE", 1, "jump", "A"), r("A", 1, "jump", "M"), r("M", 1, "continue", ""), r("PRE", 2, "jump", "B"), r("B", 1, "accept", "")}, "PRE 2, B 1", true},
		"returned":        {[]trail.Rule{r("PRE", 1, "jump", "A"), r("A", 1, "return", ""), policy}, "PRE policy", false},
		"legacy":          {[]trail.Rule{r("PRE", 1, "", ""), r("A", 1, "", ""), end("A"), r("PRE", 2, "", ""), r("B", 4, "", "")}, "PRE 2, B 4", false},
		"all came back":   {[]trail.Rule{r("PRE", 1, "jump", "A"), end("A"), end("PRE")}, "", false},
		"no return shown": {[]trail.Rule{r("PRE", 1, "jump", "A"), r("A", 1, "jump", "B"), r("B", 1, "continue", ""), r("C", 1, "drop", "")}, "PRE 1, A 1, B 1, C 1", true},
	} {
		var labels []string
		for _, p := range Path(c.walk) {
			labels = append(labels, Label(&p))
		}
		if got := strings.Join(labels, ", "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if _, ok := Decision(c.walk); ok != c.decided {
			t.Errorf("%s: decided %v", name, ok)
		}
	}
}

func TestWalks(t *testing.T) {
	rules := []trail.Rule{
		{Table: "raw", Chain: "PRE", Kind: trail.RulePolicy, Verdict: "accept"},
		{Table: "nat", Chain: "PRE", Number: 1, Kind: trail.RuleMatched, Verdict: "accept"},
		{Table: "nat", Chain: "PRE2", Number: 1, Kind: trail.RuleMatched, Verdict: "jump", To: "X"},
		{Table: "nat", Chain: "X", Kind: trail.RuleReturn},
	}
	var sizes []int
	for _, w := range Walks(rules) {
		sizes = append(sizes, len(w))
	}
	if diff := cmp.Diff([]int{1, 1, 2}, sizes); diff != "" {
		t.Error(diff)
	}
	if Walks(nil) != nil {
		t.Error("walks of nothing")
	}
}
