package text

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/trail"
)

// elsewhere is the delivered way with other names: another client, another
// backend, other ports and interfaces, and its numbers in chains.
func elsewhere() *way {
	w := delivered()
	w.t.Flow.SrcPort = 50000
	for i := range w.t.Observations {
		o := &w.t.Observations[i]
		o.Time += int64(i) * 1000
		o.Seen.Flow.SrcPort = 50000
		switch o.Point.Interface {
		case "vethe281cd54":
			o.Point.Interface = "veth11223344"
		case "veth0a16da94":
			o.Point.Interface = "veth55667788"
		}
		rules := append([]trail.Rule(nil), o.Rules...)
		for k := range rules {
			rules[k].Number++
			if rules[k].Chain == sepChain {
				rules[k].Chain = "KUBE-SEP-QQQQABCDEF234567"
				rules[k].Text = "-A KUBE-SEP-QQQQABCDEF234567 -p tcp -m tcp -j DNAT --to-destination 10.244.2.9:8080"
			}
		}
		o.Rules = rules
	}
	return w
}

// wrongTable is the delivered way, but a rule sends the packet to another
// table on node-b.
func wrongTable() *way {
	w := toService()
	w.in("node-b", "").rx(97, "eth0").unwrap().rx(118, "flannel.1/vxlan")
	w.route(120, via(100, "10.244.2.0/24", "10.99.0.254", "eth1", "flannel.1")).tx(129, "eth1")
	return w
}

func TestDiffGolden(t *testing.T) {
	good := delivered()
	dropped := policyDropped().Folds[0].Trail
	noRules := delivered()
	for i := 0; i < len(noRules.t.Observations); i++ {
		if noRules.t.Observations[i].Stage == trail.StageRules {
			noRules.t.Observations = append(noRules.t.Observations[:i], noRules.t.Observations[i+1:]...)
			i--
		}
	}
	for name, bad := range map[string]*trail.Trail{
		"same": &elsewhere().t, "dropped": dropped, "table": &wrongTable().t, "no-rules": &noRules.t, "empty": {},
		"parked": arpParked().Folds[0].Trail,
	} {
		d := compare.Trails(&good.t, bad)
		for suffix, o := range map[string]DiffOptions{"": {}, "-all": {All: true}, "-colour": {Style: Style{Colour: true}}} {
			t.Run(name+suffix, func(t *testing.T) {
				o.Good, o.Bad = "good.pcapng", "bad.pcapng#2"
				var b bytes.Buffer
				if err := Diff(&b, &d, o); err != nil {
					t.Fatal(err)
				}
				narrow(t, b.String())
				golden(t, filepath.Join("diff", name+suffix+".txt"), b.String())
			})
		}
	}
}
