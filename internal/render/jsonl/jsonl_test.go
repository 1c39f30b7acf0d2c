package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

var update = flag.Bool("update", false, "write the golden files")

func dropped() (*trail.Trail, *trail.Verdict) {
	f := packet.Flow{Proto: packet.ProtoTCP, Src: netip.MustParseAddr("10.244.1.7"), Dst: netip.MustParseAddr("10.96.0.10"), SrcPort: 41822, DstPort: 80}
	after := f
	after.Dst, after.DstPort = netip.MustParseAddr("10.244.2.3"), 8080
	const start = 1_700_000_000_000_000_000
	pod := trail.Point{Node: "node-a", Target: "client", Interface: "eth0", Index: 2, Netns: 17, Kind: "veth", Link: packet.LinkEthernet, MTU: 1450}
	host := trail.Point{Node: "node-a", Interface: "veth1", Netns: 18, Kind: "veth", Link: packet.LinkEthernet}
	t := &trail.Trail{
		Number: 1, Packet: "SYN", Flow: f, Ended: true,
		Observations: []trail.Observation{
			{Time: start, Point: pod, Stage: trail.StageQueue, Dir: trail.Out, Len: 74, Seen: trail.Headers{Flow: f, TTL: 64}, Flight: 9, CPU: 1},
			{Time: start + 6000, Point: host, Stage: trail.StageReceive, Dir: trail.In, Len: 74, Seen: trail.Headers{Flow: f, TTL: 64}, Flight: 9, CPU: 1},
			{
				Time: start + 12_000, Late: true, Point: host, Stage: trail.StageRules, Seen: trail.Headers{Flow: f}, Hook: &trail.Hook{Name: "PREROUTING", Family: "ip"},
				Rules: []trail.Rule{{Family: "ip", Table: "nat", Chain: "KUBE-SEP-X", Number: 2, Kind: trail.RuleMatched, Verdict: "dnat", Owner: "svc <shop/web>"}},
			},
			{Time: start + 21_000, Point: host, Stage: trail.StageRoute, Seen: trail.Headers{Flow: after}, Route: &trail.Route{Table: 254, Dst: after.Dst, In: "veth1", Err: 101}},
			{Time: start + 22_000, Point: host, Stage: trail.StageDrop, Seen: trail.Headers{Flow: after}, Drop: &trail.Drop{Reason: "IP_INNOROUTES", At: "ip_error+0x1"}},
		},
	}
	v := &trail.Verdict{
		Outcome: trail.Dropped, Node: "node-a", Namespace: "node-a", At: "routing decision after PREROUTING", Observation: 4, Reason: "IP_INNOROUTES", Text: "dropped on node-a", Basis: trail.Observed,
		Findings: []trail.Finding{{ID: "no-route", Cause: "there is no route", Basis: trail.Observed, Check: []string{"ip route get 10.244.2.3"}}},
	}
	return t, v
}

func TestGolden(t *testing.T) {
	tr, v := dropped()
	diff := compare.Trails(tr, &trail.Trail{Observations: tr.Observations[:2]})
	for name, write := range map[string]func(*bytes.Buffer) error{
		"trail":         func(b *bytes.Buffer) error { return Trail(b, tr, v, map[string]int64{"node-a": -1500}) },
		"trail-empty":   func(b *bytes.Buffer) error { return Trail(b, &trail.Trail{Packet: "?"}, &trail.Verdict{}, nil) },
		"verdict":       func(b *bytes.Buffer) error { return Verdict(b, v) },
		"verdict-empty": func(b *bytes.Buffer) error { return Verdict(b, &trail.Verdict{}) },
		"session": func(b *bytes.Buffer) error {
			return Session(b, &trail.Session{ArmedIn: 300 * time.Millisecond, Nodes: []string{"node-a"}, Blind: []trail.Blind{{What: "rules", Why: "no nft"}}})
		},
		"diff": func(b *bytes.Buffer) error { return Diff(b, "good.pcapng", "bad.pcapng#2", &diff) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(b.Bytes(), []byte("\n")); n != 1 || b.Bytes()[b.Len()-1] != '\n' {
				t.Errorf("%d lines", n)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, b.Bytes(), "", " "); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), pretty.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// The verdict's members are a promise; all are there in every line.
func TestVerdictMembers(t *testing.T) {
	var b bytes.Buffer
	if err := Verdict(&b, &trail.Verdict{}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kind", "outcome", "node", "namespace", "at", "reason", "rule", "route", "text", "basis", "missed", "findings"} {
		if v, ok := got[name]; !ok || v == nil {
			t.Errorf("%s is %v, %v", name, v, ok)
		}
		delete(got, name)
	}
	if len(got) != 0 {
		t.Errorf("and %v", got)
	}
	if m, ok := got["missed"].(map[string]any); ok && len(m) != 0 {
		t.Errorf("missed %v", m)
	}
}

// A step is an observation: none of its members gets lost, and its point is
// not said again.
func TestStepMembers(t *testing.T) {
	tr, v := dropped()
	var b bytes.Buffer
	if err := Trail(&b, tr, v, nil); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Hops []struct {
			Node, Namespace string
			Steps           []map[string]any
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Hops) != 2 || got.Hops[0].Namespace != "client" || got.Hops[1].Namespace != "node-a" || len(got.Hops[1].Steps) != 4 {
		t.Fatalf("%+v", got.Hops)
	}
	for i, s := range got.Hops[1].Steps {
		want, err := json.Marshal(tr.Observations[i+1])
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]any
		if err := json.Unmarshal(want, &all); err != nil {
			t.Fatal(err)
		}
		for name := range all {
			if _, ok := s[name]; ok == (name == "point") {
				t.Errorf("step %d: %s is there: %v", i, name, ok)
			}
		}
	}
}

type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteError(t *testing.T) {
	tr, v := dropped()
	if err := Trail(full{}, tr, v, nil); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
	if err := Verdict(full{}, v); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
}
