package topology

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
)

// FuzzFind damages states and looks for panics, for numbers that lead outside of
// a path, and for an answer that differs when asked twice.
func FuzzFind(f *testing.F) {
	t := &testing.T{}
	b, _ := flannelBed(t)
	seed := func(s *netstate.State) {
		text, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, uint32(0), uint32(0))
		f.Add(text, uint32(7), uint32(12))
	}
	seed(b.state)
	m, p := oneNode(t, "cali1234")
	m.host.route("10.244.1.5 dev cali1234 scope link")
	secondary(m)
	p.link(9, "wg0", "wireguard").WireGuard = &netstate.WireGuard{Port: 1, Peers: []netstate.WireGuardPeer{{}}}
	seed(m.state)
	f.Add([]byte(`{"nodes":[null,{"namespaces":[null,{"host":true}]}],"cluster":{"pods":[{}]}}`), uint32(0), uint32(0))
	f.Fuzz(func(t *testing.T, text []byte, a, b uint32) {
		var s netstate.State
		if json.Unmarshal(damage(text, a, b), &s) != nil {
			return
		}
		m := Find(&s)
		for i := range m.Pods {
			for _, x := range m.Pods[i].Interfaces {
				for n, step := range x.Path {
					if step.After >= n || step.After < -1 || n > 0 && step.After == -1 {
						t.Fatalf("step %d of %s comes after %d", n, m.Pods[i].ID(), step.After)
					}
				}
				if x.Host < 0 || x.Host >= len(x.Path) {
					t.Fatalf("host end is step %d of %d", x.Host, len(x.Path))
				}
			}
		}
		for _, n := range s.Nodes {
			if n == nil || len(n.Namespaces) == 0 || n.Namespaces[0] == nil {
				continue
			}
			for _, node := range []bool{false, true} {
				_, _ = PathFrom(&s, Start{Netns: n.Namespaces[0].Inode, Node: node}) // that it ends, and without a panic
			}
		}
		first, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(Find(&s))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("two answers:\n%s\n%s", first, second)
		}
	})
}

// damage replaces the a-th run of digits by the b-th, so that what refers to one
// thing refers to another and the text stays a state.
func damage(text []byte, a, b uint32) []byte {
	runs := digits(text)
	if len(runs) < 2 {
		return text
	}
	from, to := runs[int(b)%len(runs)], runs[int(a)%len(runs)]
	out := append(bytes.Clone(text[:to[0]]), text[from[0]:from[1]]...)
	return append(out, text[to[1]:]...)
}

func digits(text []byte) [][2]int {
	var out [][2]int
	start := -1
	for i, c := range append(bytes.Clone(text), ' ') {
		switch digit := c >= '0' && c <= '9'; {
		case digit && start < 0:
			start = i
		case !digit && start >= 0:
			out = append(out, [2]int{start, i})
			start = -1
		}
	}
	return out
}

func TestEmpty(t *testing.T) {
	for _, s := range []*netstate.State{nil, {}, {Nodes: []*netstate.Snapshot{nil}}} {
		if m := Find(s); len(m.Nodes)+len(m.Pods) != 0 || m.Nodes == nil || m.Pods == nil {
			t.Errorf("%+v", m)
		}
	}
}
