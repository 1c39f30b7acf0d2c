package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/agent/follow"
	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/kube/place"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// Limits of a trace on a cluster.
const (
	// mostArmed bounds on how many nodes a trace arms agents.
	mostArmed = find.DefaultMaxNodes
	// afterwards is how long other nodes go on when the first one has ended: what
	// is on its way comes in.
	afterwards = 300 * time.Millisecond
)

// leg is one agent's part of a trace: what a packet does on its node.
type leg struct {
	post
	request follow.Request
	// main is the leg that sends the probe, or from which packets are counted.
	main bool
}

// clusterTrace is a trace by agents.
type clusterTrace struct {
	*trace
	crew     *crew
	src, dst clusterEnd
	merge    *record.Merge // nil without an Output

	begun time.Time

	heardMu  sync.Mutex
	sessions []trail.Session
}

// runCluster traces on a cluster.
func (t *trace) runCluster(out *recording) (TraceResult, error) {
	k := &clusterTrace{trace: t, begun: time.Now()}
	t.gather.several = true
	legs, err := k.prepare()
	if err != nil {
		return TraceResult{}, explain(errors.Join(err, out.Close()))
	}
	posts := make([]post, len(legs))
	for i := range legs {
		posts[i] = legs[i].post
	}
	k.crew.reuse(t.ctx, posts)
	if t.events.Placing != nil {
		t.event(func() { t.events.Placing(k.crew.plan(posts)) })
	}
	if out != nil {
		k.merge = record.NewMerge(out, screenHold, 0)
	}
	stop := t.report()
	err = k.runLegs(legs)
	stop()
	if k.merge != nil {
		err = errors.Join(err, k.merge.Close())
	}
	err = errors.Join(err, out.Close())
	if !t.armed {
		if _, ok := errors.AsType[Interrupted](context.Cause(t.ctx)); ok {
			return TraceResult{EndedBy: ended(t.ctx)}, nil
		}
		return TraceResult{}, explain(err)
	}
	r := t.gather.result()
	r.EndedBy = t.endedBy()
	return r, explain(err)
}

// event tells something; one at a time.
func (t *trace) event(fn func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fn()
}

// prepare finds both ends, and shares the way between them out to nodes.
func (k *clusterTrace) prepare() ([]leg, error) {
	o := k.options
	crew, err := openCrew(o.Cluster, []string{o.Request.Source, o.Request.Destination}, o.Request.Filter, o.Request.Duration)
	if err != nil {
		return nil, err
	}
	k.crew, crew.note = crew, k.note
	var asked sync.WaitGroup
	asked.Go(func() { crew.placing.User = crew.cluster.User(k.ctx) })
	k.src, err = crew.resolve(k.ctx, o.Request.Source, 0)
	if err == nil {
		k.dst, err = crew.resolve(k.ctx, o.Request.Destination, o.Request.Port)
	}
	asked.Wait()
	if err != nil {
		return nil, err
	}
	if k.src.service != nil {
		return nil, Usage("name a pod as the source, and the service as the destination", fmt.Errorf("%s is a service: nothing sets out from it", k.src.Name))
	}
	k.gather.ends = &[2]trail.End{k.src.End, k.dst.End}
	return k.legs()
}

// legs are the agents' parts: the source's node first, then those of the pods
// that may be reached.
func (k *clusterTrace) legs() ([]leg, error) {
	var out []leg
	if node := k.src.on(); node != "" {
		l, err := k.leg(node, nil)
		if err != nil {
			return nil, err
		}
		l.main = true
		out = append(out, l)
	}
	var skipped []string
	for _, p := range k.dst.pods {
		if p.Node == "" || slices.ContainsFunc(out, func(l leg) bool { return l.label == p.Node && l.main }) {
			continue
		}
		fresh := !slices.ContainsFunc(out, func(l leg) bool { return l.label == p.Node })
		if fresh && distinct(out) >= mostArmed {
			skipped = append(skipped, p.Node)
			continue
		}
		l, err := k.leg(p.Node, p)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	if node := k.dst.node; node != nil && (len(out) == 0 || out[0].label != node.Name) {
		l, err := k.leg(node.Name, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	for _, node := range skipped {
		k.blind(node, fmt.Sprintf("not armed: more than %d nodes", mostArmed))
	}
	if len(out) == 0 {
		return nil, &Error{Err: fmt.Errorf("%s and %s: %w", k.src.Name, k.dst.Name, errNoEnd), Hint: "name a pod, a node or a service as one of them"}
	}
	if !out[0].main {
		out[0].main = true
		if k.options.Request.Probe.Proto != "" {
			return nil, Usage("name the source as a pod or node", fmt.Errorf("a probe is sent from inside of the cluster, and %s is not there", k.src.Name))
		}
	}
	return out, k.check(out[0].request)
}

func distinct(legs []leg) int {
	var nodes []string
	for i := range legs {
		if !slices.Contains(nodes, legs[i].label) {
			nodes = append(nodes, legs[i].label)
		}
	}
	return len(nodes)
}

// check refuses what the agents would.
func (k *clusterTrace) check(q follow.Request) error {
	err := q.Check()
	if h, ok := errors.AsType[hinter](err); ok {
		return Usage(h.Hint(), err)
	}
	return err
}

// on is the node that an end is on; empty if it is on none of the cluster's.
func (e *clusterEnd) on() string {
	switch {
	case e.node != nil:
		return e.node.Name
	case e.service == nil && len(e.pods) > 0:
		return e.pods[0].Node
	}
	return ""
}

// leg is the part of one node: of the source's, or of that of a pod that the
// destination stands for.
func (k *clusterTrace) leg(node string, to *find.Pod) (leg, error) {
	n := k.crew.found.Node(node)
	l := leg{post: post{label: node, node: n, way: place.MethodNode}}
	if n != nil {
		if err := n.Refuse(); err != nil {
			return l, err
		}
	}
	if m := k.crew.options.method(); m != place.MethodAuto && m != place.MethodNode {
		return l, Usage("leave --method out: a trace needs the nodes", fmt.Errorf("--method %s sees the inside of a pod only", m))
	}
	l.request = k.options.Request
	q := &l.request
	q.Port = 0
	var err error
	if q.Source, err = k.src.text(node, k.src.Port); err != nil {
		return l, err
	}
	if to != nil {
		e := clusterEnd{End: trail.End{Name: to.Name, Addrs: to.IPs}, pods: []*find.Pod{to}}
		q.Destination, err = e.text(node, k.dst.portAt(to))
		if from := k.src.on(); from != "" && from != node {
			q.Also = k.crew.addresses(from)
		}
	} else {
		q.Destination, err = k.dst.text(node, k.dst.Port)
	}
	if node != k.src.on() {
		q.Probe = follow.Probe{}
	}
	q.Names = k.names(node)
	return l, err
}

// addresses are a node's, to which packets of its pods may be masqueraded.
func (c *crew) addresses(node string) []netip.Addr {
	if n := c.found.Node(node); n != nil {
		return n.Addresses
	}
	return nil
}

// names are the pods on a node that are known.
func (k *clusterTrace) names(node string) []string {
	var out []string
	for _, p := range slices.Concat(k.src.pods, k.dst.pods) {
		if p.Node == node && !p.HostNetwork && !slices.Contains(out, kubeTarget(p)) {
			out = append(out, kubeTarget(p))
		}
	}
	return out
}

// blind says that a node is not watched.
func (k *clusterTrace) blind(node, why string) {
	k.gather.hide(trail.Blind{Node: node, What: "packets on " + node, Why: why})
	k.note(node + " is not watched: " + why)
}

// runLegs arms all nodes, the one that sends the probe last, and ends the
// others when that one has ended.
func (k *clusterTrace) runLegs(legs []leg) error {
	others, cancel := context.WithCancelCause(k.ctx)
	defer cancel(nil)
	var all, arming sync.WaitGroup
	probing := k.options.Request.Probe.Proto != ""
	for i := range legs {
		l := &legs[i]
		if l.main {
			continue
		}
		arming.Add(1)
		armed := sync.OnceFunc(arming.Done)
		all.Go(func() {
			defer armed()
			if err := k.serve(others, l, armed); err != nil && others.Err() == nil {
				k.blind(l.label, err.Error())
			}
		})
	}
	main := &legs[slices.IndexFunc(legs, func(l leg) bool { return l.main })]
	// The agent is brought there meanwhile; its request waits.
	_, placed := k.crew.runner(k.ctx, &main.post)
	if probing {
		arming.Wait()
	}
	err := placed
	if err == nil {
		err = k.serve(k.ctx, main, func() {
			arming.Wait()
			k.announce()
		})
	}
	if k.ctx.Err() == nil && err == nil {
		select {
		case <-k.ctx.Done():
		case <-time.After(afterwards):
		}
	}
	cancel(errOver)
	all.Wait()
	return err
}

var errOver = errors.New("the trace is over")

// serve runs one leg: its stream goes to the trails, and to the file.
func (k *clusterTrace) serve(ctx context.Context, l *leg, armed func()) error {
	pipe := newSpool()
	var w io.Writer = pipe
	var in *record.MergeInput
	if k.merge != nil {
		in = k.merge.Add(l.label)
		w = io.MultiWriter(in, pipe)
	}
	read := make(chan error, 1)
	go func() {
		err := k.gather.read(pipe)
		pipe.CloseRead()
		read <- err
	}()
	err := k.crew.serve(ctx, &l.post, func(p *post) agent.Request {
		return agent.Request{Version: agent.Version, Trace: &l.request, Node: p.label}
	}, w, func(m agent.Message) { k.heard(l, m, armed) })
	pipe.CloseWrite()
	if in != nil {
		_ = in.CloseWithError(err) // the end record says it
	}
	return errors.Join(err, <-read)
}

// heard takes an agent's talk.
func (k *clusterTrace) heard(l *leg, m agent.Message, armed func()) {
	switch m.Kind {
	case agent.KindArmed:
		if m.Session != nil {
			k.heardMu.Lock()
			k.sessions = append(k.sessions, *m.Session)
			k.heardMu.Unlock()
		}
		armed()
	case agent.KindNote:
		if !strings.HasPrefix(m.Text, l.label) {
			m.Text = l.label + ": " + m.Text
		}
		k.hear(m)
	case agent.KindAnswered:
		k.hear(m)
	default:
	}
}

// announce tells what is armed on all nodes.
func (k *clusterTrace) announce() {
	k.heardMu.Lock()
	s := trail.Join(k.sessions)
	k.heardMu.Unlock()
	s.ArmedIn = time.Since(k.begun).Round(time.Millisecond)
	k.gather.overlay(&s)
	k.hear(agent.Message{Kind: agent.KindArmed, Session: &s})
}
