package compare

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Kind says what a fact, or a difference, is about.
type Kind string

// The kinds.
const (
	KindRule      Kind = "rule"
	KindTable     Kind = "table"
	KindDevice    Kind = "device"
	KindGateway   Kind = "gateway"
	KindRoute     Kind = "route" // its prefix, type or error
	KindMark      Kind = "mark"
	KindNAT       Kind = "nat"
	KindTunnel    Kind = "tunnel"
	KindMAC       Kind = "mac"
	KindConntrack Kind = "conntrack"
	KindOutcome   Kind = "outcome"
	KindPlace     Kind = "place" // only one of the two was there
)

// Fact is one thing that was decided or seen at a step.
type Fact struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"`
	// same is what is compared: Value without what stands for one instance.
	same string
	// exact is compared in its place where both packets go to one address.
	exact string
}

// Step is one place on a packet's way.
type Step struct {
	Node string `json:"node,omitempty"`
	// Namespace is its owner: a target, or the node again.
	Namespace string `json:"namespace,omitempty"`
	// Place is as a person calls it: "eth0 out", "filter FORWARD", "route".
	Place string `json:"place"`
	Facts []Fact `json:"facts,omitempty"`
	// Observation is the index of the first one in its trail.
	Observation int `json:"observation"`
	// key is what steps are aligned by.
	key string
	// soft is true for what the kernel may or may not do with the same packet,
	// by what it has in its caches: that only one has it is no difference.
	soft bool
	// dst is what a route was looked up for; failed is true if there is none.
	dst    netip.Addr
	failed bool
	// translates is true for rules of NAT.
	translates bool
}

// steps reads a trail. skip names the stages to leave out.
func steps(t *trail.Trail, skip map[trail.Stage]bool) []Step {
	r := reader{t: t, nodes: map[string]int{}}
	for i := range t.Observations {
		if o := &t.Observations[i]; !skip[o.Stage] && o.Copy <= 1 {
			r.observe(i, o)
		}
	}
	return r.out
}

type reader struct {
	t     *trail.Trail
	nodes map[string]int // in the order of the way
	out   []Step
	seen  *trail.Headers
	mark  uint32
	done  bool // delivered: what follows is the stack clearing up
}

func (r *reader) observe(i int, o *trail.Observation) {
	switch o.Stage {
	case trail.StageHook, trail.StageConsume, trail.StageRetransmit:
		return // which of them are seen depends on what was armed
	}
	var carried []Fact
	if o.Seen.Flow.Src.IsValid() {
		if r.seen != nil {
			carried = changed(r.seen, &o.Seen)
		}
		r.seen = &o.Seen
	}
	if o.Mark != r.mark && o.Seen.Flow.Src.IsValid() {
		r.mark = o.Mark
		carried = append(carried, plain(KindMark, fmt.Sprintf("mark %#x", o.Mark)))
	}
	switch o.Stage {
	case trail.StageRules:
		r.rules(i, o)
	case trail.StageRoute:
		r.route(i, o)
	case trail.StageCapture, trail.StageReceive, trail.StageQueue:
		r.device(i, o)
	case trail.StageNeighbour, trail.StageTransmit, trail.StageRefuse, trail.StageDrop, trail.StageSocketFull, trail.StageDeliver:
		r.end(i, o)
	case trail.StageDatapath:
		r.datapath(i, o)
	case trail.StagePolicy:
		if o.Policy != nil {
			r.open(i, o, "policy", "policy")
			r.add(plain(KindRule, o.Policy.Words()))
		}
	}
	for _, f := range carried {
		if at := r.cause(f); at >= 0 {
			r.out[at].Facts = append(r.out[at].Facts, f)
		}
	}
	if o.Conntrack != nil && (o.Conntrack.State == "invalid" || o.Conntrack.State == "untracked") && len(r.out) > 0 {
		r.add(plain(KindConntrack, "conntrack "+o.Conntrack.State))
	}
}

// cause is the step that a change belongs to: a translation to the rule that
// made it, anything else to where it was seen first. It is -1 without steps.
func (r *reader) cause(f Fact) int {
	last := len(r.out) - 1
	if f.Kind != KindNAT || last < 0 {
		return last
	}
	for i := last; i >= 0 && r.out[i].Node == r.out[last].Node && r.out[i].Namespace == r.out[last].Namespace; i-- {
		if r.out[i].translates && !r.out[i].has(KindNAT) {
			return i
		}
	}
	return last
}

func (s *Step) has(k Kind) bool {
	return slices.ContainsFunc(s.Facts, func(f Fact) bool { return f.Kind == k })
}

// add puts a fact at the last step, once.
func (r *reader) add(f Fact) {
	s := &r.out[len(r.out)-1]
	if slices.Contains(s.Facts, f) {
		return
	}
	s.Facts = append(s.Facts, f)
}

// open begins a step, unless it is the one before once more.
func (r *reader) open(i int, o *trail.Observation, place, key string) *Step {
	n, ok := r.nodes[o.Point.Node]
	if !ok {
		n = len(r.nodes)
		r.nodes[o.Point.Node] = n
	}
	kind := "pod"
	if o.Point.Target == "" {
		kind = "host"
	}
	key = strconv.Itoa(n) + "/" + kind + "/" + key
	if k := len(r.out); k > 0 && r.out[k-1].key == key {
		return &r.out[k-1]
	}
	r.out = append(r.out, Step{Node: o.Point.Node, Namespace: o.Point.Owner(), Place: place, Observation: i, key: key})
	return &r.out[len(r.out)-1]
}

func (r *reader) device(i int, o *trail.Observation) {
	dir := strings.ToLower(o.Dir.String())
	if o.Dir == trail.DirUnknown {
		dir = map[trail.Stage]string{trail.StageReceive: "in", trail.StageQueue: "out"}[o.Stage]
	}
	c := class(&o.Point)
	r.open(i, o, strings.TrimSpace(o.Point.Interface+" "+dir), dir+"/"+c)
	f := Fact{Kind: KindDevice, Value: o.Point.Interface, same: device(o.Point.Interface)}
	if c == "host end" {
		f.same = c
	}
	r.add(f)
	if m := o.Seen.DstMAC; m != "" && dir == "out" && len(o.Seen.Tunnels) == 0 && o.Point.Node != "" {
		r.add(Fact{Kind: KindMAC, Value: "to " + m, exact: m})
	}
}

// datapath takes a point of Cilium's. The numbers of endpoints, and the names
// of their devices, are other ones on each node and with each pod.
func (r *reader) datapath(i int, o *trail.Observation) {
	if o.Datapath == nil {
		return
	}
	r.open(i, o, o.Datapath.Place(), "datapath/"+o.Datapath.Point)
	if o.Point.Interface != "" {
		r.add(Fact{Kind: KindDevice, Value: o.Point.Interface, same: device(o.Point.Interface)})
	}
}
