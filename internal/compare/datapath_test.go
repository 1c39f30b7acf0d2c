package compare

import (
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

// Points of Cilium's are steps: the numbers of endpoints are no difference, and
// what policies decide is one.
func TestDatapath(t *testing.T) {
	way := func(endpoint uint32, device string, points ...string) *trail.Trail {
		x := &trail.Trail{Packet: "ICMP echo reply"}
		for _, p := range points {
			o := trail.Observation{Stage: trail.StageDatapath, Point: trail.Point{Node: "node1"}, Datapath: &trail.Datapath{Point: p, Endpoint: endpoint}}
			switch p {
			case "to-endpoint":
				o.Point.Interface = device
			case "allow", "deny":
				o.Stage, o.Policy, o.Datapath.Point = trail.StagePolicy, &trail.Policy{Action: p, Direction: trail.In}, ""
			}
			x.Observations = append(x.Observations, o)
		}
		return x
	}
	good := way(798, "lxc7cc2c70fcb86", "from-network", "from-host", "to-endpoint")
	if d := Trails(good, way(799, "lxc44e03c1f02f6", "from-network", "from-host", "to-endpoint")); len(d.Differences) != 0 {
		t.Errorf("another pod is a difference: %+v", d.Differences)
	}
	d := Trails(good, way(798, "lxc7cc2c70fcb86", "from-network"))
	if len(d.Differences) == 0 || d.Differences[0].Kind != KindPlace || d.Differences[0].Place != "from-host" {
		t.Errorf("the first difference is %+v", d.Differences)
	}
	d = Trails(way(1, "lxc1", "from-overlay", "allow", "to-endpoint"), way(1, "lxc1", "from-overlay", "deny"))
	if len(d.Differences) == 0 || d.Differences[0].Place != "policy" || d.Differences[0].Bad != "ingress denied" {
		t.Errorf("the first difference is %+v", d.Differences)
	}
}
