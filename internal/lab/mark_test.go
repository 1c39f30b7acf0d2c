package lab

import "testing"

func TestMark(t *testing.T) {
	for _, f := range Flavours() {
		m := newMark(Options{f, 10, 10, "abcdefghijkl"}, true)
		m.Ready = true
		s := m.String()
		if len(s) > 255 { // linux/if.h, IFALIASZ with its final 0
			t.Errorf("%d bytes: %s", len(s), s)
		}
		if got, err := parseMark(s); err != nil || got != m {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
}

func TestParseMarkRefuses(t *testing.T) {
	for _, s := range []string{
		"", "uplink to rack 4", "{}", "null", "[]",
		`{"pktrailLab":"a","v":2,"flavour":"flannel","nodes":2,"pods":2}`,
		`{"pktrailLab":"a","v":1,"nodes":2,"pods":2}`,
		`{"pktrailLab":"a","v":1,"flavour":"flannel","nodes":2000000000,"pods":2}`,
		`{"pktrailLab":"a","v":1,"flavour":"flannel","nodes":-1,"pods":2}`,
		`{"pktrailLab":"../a","v":1,"flavour":"flannel","nodes":1,"pods":2}`,
		`{"pktrailLab":"a","v":1,"flavour":"flannel","nodes":1,"pods":2} x`,
	} {
		if m, err := parseMark(s); err == nil {
			t.Errorf("%q: accepted as %+v", s, m)
		}
	}
}

func TestLabOf(t *testing.T) {
	for in, want := range map[string]string{
		"pkl-outside": "pkl", "pkl-node1": "pkl", "pkl-node12-pod100": "pkl", "a1-node1": "a1",
		"pkl": "", "pkl-": "", "pkl-node": "", "pkl-node1-": "", "pkl-node1-pod": "", "pkl-pod1": "",
		"pkl-node1-node1": "", "a-b-node1": "", "-node1": "", "PKL-node1": "", "cni-5f0e1c": "",
		"pkl-node1-pod1x": "", "pkl-outside2": "", "abcdefghijklm-node1": "",
	} {
		if got, ok := labOf(in); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
}

// FuzzParseMark: whatever an alias says, a mark that is accepted makes a
// plan within the limits and survives a round trip.
func FuzzParseMark(f *testing.F) {
	f.Add(newMark(Options{Flannel, 2, 2, "pkl"}, true).String())
	f.Add(newMark(Options{IPvlan, 16, 16, "a"}, false).String())
	f.Add(`{"pktrailLab":"a","v":1,"flavour":"ptp","nodes":1,"pods":1,"ready":true}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMark(s)
		if err != nil {
			return
		}
		l := plan(m.options(), m.IPv6)
		if len(l.Pods) > MaxTotalPods || len(l.Nodes) > MaxNodes {
			t.Errorf("%d nodes, %d pods", len(l.Nodes), len(l.Pods))
		}
		if again, err := parseMark(m.String()); err != nil || again != m {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}
