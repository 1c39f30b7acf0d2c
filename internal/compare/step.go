package compare

import (
	"fmt"
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
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Place is as a person calls it: "eth0 out", "filter FORWARD", "route".
	Place string `json:"place"`
	Facts []Fact `json:"facts,omitempty"`
	// Observation is the index of the first one in its trail.
	Observation int `json:"observation"`
	// key is what steps are aligned by.
	key string
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
	}
	if n := len(r.out); n > 0 && len(carried) > 0 {
		r.out[n-1].Facts = append(r.out[n-1].Facts, carried...)
	}
	if o.Conntrack != nil && (o.Conntrack.State == "invalid" || o.Conntrack.State == "untracked") && len(r.out) > 0 {
		r.add(plain(KindConntrack, "conntrack "+o.Conntrack.State))
	}
}

// add puts a fact at the last step, once.
func (r *reader) add(f Fact) {
	s := &r.out[len(r.out)-1]
	for _, have := range s.Facts {
		if have == f {
			return
		}
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
	owner, kind := o.Point.Target, "pod"
	if owner == "" {
		owner, kind = "host", "host"
	}
	key = strconv.Itoa(n) + "/" + kind + "/" + key
	if k := len(r.out); k > 0 && r.out[k-1].key == key {
		return &r.out[k-1]
	}
	r.out = append(r.out, Step{Node: o.Point.Node, Namespace: owner, Place: place, Observation: i, key: key})
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

func (r *reader) rules(i int, o *trail.Observation) {
	for _, w := range Walks(o.Rules) {
		last, decided := Decision(w)
		if !decided && (last.Kind != trail.RuleMatched || last.Verdict != "") {
			continue
		}
		hook := w[0].Chain
		if o.Hook != nil && o.Hook.Name != "" {
			hook = o.Hook.Name
		}
		r.open(i, o, last.Table+" "+hook, "rules/"+last.Table+"/"+hook)
		r.add(Fact{Kind: KindRule, Value: Label(&last) + " " + strings.ToUpper(last.Verdict), same: sameRule(&last)})
	}
}

// Label names a rule by chain and place: "KUBE-FORWARD 3", "svc handle 5",
// "FORWARD policy".
func Label(r *trail.Rule) string {
	switch {
	case r.Kind == trail.RulePolicy:
		return r.Chain + " policy"
	case r.Kind == trail.RuleReturn:
		return r.Chain + " return"
	case r.Number > 0:
		return r.Chain + " " + strconv.Itoa(r.Number)
	case r.Handle > 0:
		return r.Chain + " handle " + strconv.FormatUint(r.Handle, 10)
	}
	return r.Chain
}

// sameRule tells rules apart by their text; their numbers differ from node to
// node, and count where there is no text.
func sameRule(r *trail.Rule) string {
	what := rule(r.Text)
	if r.Text == "" && chain(r.Chain) == r.Chain {
		what = Label(r)
	}
	return chain(r.Chain) + " " + string(r.Kind) + " " + what + " " + r.Verdict
}

func (r *reader) route(i int, o *trail.Observation) {
	q := o.Route
	if q == nil || q.Err == eagain && !r.last(i) {
		return
	}
	place := "route"
	if q.ReversePath {
		place = "route back"
	}
	s := r.open(i, o, place, place)
	if len(s.Facts) > 0 && s.Observation != i { // asked again: the last answer counts
		s.Facts = nil
	}
	r.add(plain(KindTable, "table "+trail.TableName(q.Table)))
	if q.Err != 0 {
		r.add(plain(KindRoute, "error "+strconv.Itoa(q.Err)))
		return
	}
	if q.Type != "" && q.Type != "unicast" {
		r.add(plain(KindRoute, q.Type))
	}
	if q.Prefix.IsValid() {
		r.add(Fact{Kind: KindRoute, Value: q.Prefix.String(), exact: q.Prefix.String()})
	}
	if q.Device != "" {
		r.add(Fact{Kind: KindDevice, Value: "dev " + q.Device, same: device(q.Device)})
	}
	gateway := Fact{Kind: KindGateway, Value: "on link", same: "on link", exact: "on link"}
	if q.Gateway.IsValid() && !q.Gateway.IsUnspecified() {
		gateway = Fact{Kind: KindGateway, Value: "via " + q.Gateway.String(), same: "via", exact: q.Gateway.String()}
	}
	r.add(gateway)
}

// last says whether no other lookup follows in this namespace.
func (r *reader) last(i int) bool {
	here := &r.t.Observations[i].Point
	for _, o := range r.t.Observations[i+1:] {
		if o.Point.Node == here.Node && o.Point.Target == here.Target && o.Stage == trail.StageRoute {
			return false
		}
	}
	return true
}

const eagain = 11 // asm-generic/errno-base.h

func plain(k Kind, v string) Fact { return Fact{Kind: k, Value: v, same: v} }
