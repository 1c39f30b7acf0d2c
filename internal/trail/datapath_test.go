package trail

import "testing"

func TestDatapathWords(t *testing.T) {
	for _, c := range []struct {
		o    Observation
		want string
	}{
		{Observation{Stage: StageDatapath, Datapath: &Datapath{Point: "to-endpoint", Endpoint: 1177, Source: Identity{Number: 2, Name: "world"}, Destination: Identity{Number: 50600}}}, "to-endpoint 1177, identity 2 (world) to 50600"},
		{Observation{Stage: StageDatapath, Datapath: &Datapath{Point: "to-network", Endpoint: 125, Encrypted: true, ProxyPort: 15001}}, "to-network, proxy port 15001, encrypted"},
		{Observation{Stage: StageDatapath, Datapath: &Datapath{Point: "to-stack", Destination: Identity{Name: "shop/web"}}}, "to-stack, to identity shop/web"},
		{Observation{Stage: StagePolicy, Datapath: &Datapath{}, Policy: &Policy{Action: "deny", Direction: In, Match: "none"}}, "ingress denied, nothing allows it"},
		{Observation{Stage: StagePolicy, Policy: &Policy{Action: "allow", Direction: Out, Match: "L3-L4", Names: []string{"shop/web", "shop/all"}}}, "egress allowed by shop/web, shop/all (L3-L4)"},
		{Observation{Stage: StagePolicy, Policy: &Policy{Action: "deny", Direction: In, Match: "none", Names: []string{"shop/no"}}}, "ingress denied by shop/no"},
		{Observation{Stage: StagePolicy, Policy: &Policy{Action: "redirect"}}, "redirected to a proxy"},
		{Observation{Stage: StagePolicy, Policy: &Policy{Action: "audit", Direction: In}}, "ingress would be denied, let through by audit mode"},
		{Observation{Stage: StageDrop, Drop: &Drop{Reason: "Policy denied", At: "bpf_lxc.c:2410"}, Datapath: &Datapath{Endpoint: 3498}}, "dropped: Policy denied at bpf_lxc.c:2410"},
	} {
		if got := c.o.Words(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// What a point of Cilium's adds is in the stream.
func TestDatapathJSON(t *testing.T) {
	same(t, Observation{Stage: StageDatapath, Datapath: &Datapath{Point: "to-endpoint", Endpoint: 1177, Source: Identity{Number: 2, Name: "world"}}},
		`{"stage":"datapath","datapath":{"point":"to-endpoint","endpoint":1177,"source":{"number":2,"name":"world"}}}`)
	same(t, Observation{Stage: StagePolicy, Policy: &Policy{Action: "deny", Direction: In, Match: "none", Names: []string{"shop/web"}}},
		`{"stage":"policy","policy":{"action":"deny","direction":"in","match":"none","names":["shop/web"]}}`)
}
