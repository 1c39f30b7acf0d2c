package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/kube/place"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// How long a frame waits for those of other nodes that may be older: on
// screen, and into a file.
const (
	screenHold = 300 * time.Millisecond
	fileHold   = 2 * time.Second
)

// clusterLatency is how long a packet waits in a ring that is not full. The
// first one is what people wait for, and what a wakeup more costs is little
// beside the way through the API server.
const clusterLatency = 25 * time.Millisecond

// clusterCapture is a capture by agents.
type clusterCapture struct {
	*capture
	crew  *crew
	merge *record.Merge

	mu     sync.Mutex
	points []trail.Point
	armed  bool          // the caller was told
	told   chan struct{} // closed then
	wait   int           // posts that have neither armed nor failed
	failed []error
	works  int // posts that have armed
	served int // posts that there are and were
}

// runCluster captures on a cluster, with one stream of all agents going to w.
func (c *capture) runCluster(w io.Writer) error {
	o := c.options.Cluster
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	crew, err := newCrew(c.ctx, o, o.query(c.options.Request.Targets, "", c.options.Request.Filter != ""), c.options.Request.Filter, c.options.Request.Limits.Duration)
	if err != nil {
		return notThere(o, c.options.Request.Targets, err)
	}
	crew.note = c.say
	for _, n := range crew.found.Notes {
		c.say(n)
	}
	posts, err := crew.posts()
	if err != nil {
		return err
	}
	crew.reuse(posts)
	if c.events.Placing != nil {
		c.mu.Lock()
		c.events.Placing(crew.plan(posts))
		c.mu.Unlock()
	}
	hold := screenHold
	if c.options.Output != "" && c.options.Output != "-" { // somebody may read a pipe live
		hold = fileHold
	}
	k := &clusterCapture{capture: c, crew: crew, merge: record.NewMerge(w, hold, mergeRoom), told: make(chan struct{}), wait: len(posts), served: len(posts)}
	if n := c.options.Request.Limits.Packets; n > 0 && (len(posts) > 1 || o.Follow) {
		k.merge.Limit(n, func() { c.cancel(errEnough) })
	}
	return k.run(posts)
}

// notThere adds to an error what the user may have meant.
func notThere(o *ClusterOptions, targets []string, err error) error {
	out, ok := errors.AsType[*Error](explain(err))
	if !ok {
		return err
	}
	if _, numeric := strconv.Atoi(o.Container); numeric == nil && o.Container != "" {
		out.Hint = "--count " + o.Container + " ends after that many packets; " + out.Hint
	} else if h := meant(firstTarget(targets)); strings.HasPrefix(h, "if:") || h == behindDashes {
		out.Hint = h
	}
	return out
}

func firstTarget(targets []string) string {
	if len(targets) == 0 {
		return ":" // nothing to guess from
	}
	return targets[0]
}

func (c *capture) say(text string) { c.hear(agent.Message{Kind: agent.KindNote, Text: text}) }

// run serves all posts until the last one has ended.
func (k *clusterCapture) run(posts []post) error {
	ctx, cancel := context.WithCancelCause(k.ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	names := func() []record.Name { return nil } // nobody needs them on screen
	if k.options.Output != "" || k.options.Viewer != nil {
		names = k.crew.names(ctx, k.crew.found, k.told)
	}
	for i := range posts {
		p := &posts[i]
		in := k.merge.Add(p.label)
		all.Go(func() { k.serve(ctx, p, in) })
	}
	if k.options.Cluster.Follow {
		all.Go(func() { k.follow(ctx, &all) })
	}
	all.Wait()
	k.merge.Name(names())
	err := k.merge.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.failed) == k.served { // and none has ended as it should
		return firstOf(k.failed)
	}
	return err
}

// firstOf is the error to tell, where several say the same.
func firstOf(list []error) error {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// serve runs one post. That one of several fails is a note: the others go on.
func (k *clusterCapture) serve(ctx context.Context, p *post, in *record.MergeInput) {
	armed := false
	err := k.crew.serve(ctx, p, k.request, in, func(m agent.Message) {
		switch m.Kind {
		case agent.KindArmed:
			armed = true
			k.arm(m.Points)
		case agent.KindNote:
			k.say(k.about(p, m.Text))
		default:
			k.hear(m)
		}
	})
	if gone := k.crew.departed(ctx, p, err); gone != "" {
		err = nil
		k.hear(agent.Message{Kind: agent.KindEnded, Text: gone})
	}
	_ = in.CloseWithError(err) // the end record says it
	k.mu.Lock()
	wait, several := 0, k.served > 1
	if !armed {
		wait = -1
	}
	if err != nil {
		k.failed = append(k.failed, err)
	}
	k.mu.Unlock()
	k.settle(wait, nil)
	if err != nil && several && ctx.Err() == nil {
		k.say(fmt.Sprintf("%s: %v", p.label, err))
	}
}

// about names the agent that a note is of, where there are several.
func (k *clusterCapture) about(p *post, text string) string {
	if len(k.crew.found.Nodes)+len(k.crew.found.Pods) <= 1 || strings.HasPrefix(text, p.label) {
		return text
	}
	return p.label + ": " + text
}

func (k *clusterCapture) arm(points []trail.Point) {
	k.mu.Lock()
	k.works++
	k.agents = k.works
	k.mu.Unlock()
	k.settle(-1, points)
}

// settle tells the caller what is armed when all posts have armed or failed.
func (k *clusterCapture) settle(change int, points []trail.Point) {
	k.mu.Lock()
	k.wait += change
	k.points = append(k.points, points...)
	tell := k.wait <= 0 && !k.armed && k.works > 0
	if tell {
		k.armed = true
		slices.SortStableFunc(k.points, func(a, b trail.Point) int { return strings.Compare(a.Node, b.Node) })
	}
	k.mu.Unlock()
	if !tell {
		return
	}
	k.hear(agent.Message{Kind: agent.KindArmed, Points: k.points})
	close(k.told)
	if d := k.options.Request.Limits.Duration; d > 0 && k.options.Cluster.Follow {
		// Each agent has its own limit, and there may be always one more.
		t := time.AfterFunc(d, func() { k.cancel(errTimeOver) })
		context.AfterFunc(k.ctx, func() { t.Stop() })
	}
}

// request is what a post's agent is asked for.
func (k *clusterCapture) request(p *post) agent.Request {
	q := k.options.Request
	q.Targets, q.Latency = nil, clusterLatency
	if p.self {
		q.Targets = append(q.Targets, "host")
	}
	for _, pod := range p.pods {
		if p.way == place.MethodNode {
			q.Targets = append(q.Targets, kubeTarget(pod))
		} else {
			q.Targets = append(q.Targets, "self:"+pod.Name)
		}
	}
	if p.way == place.MethodNode {
		q.Exclude = k.crew.ownStream(p.node)
	}
	out := agent.Request{Version: agent.Version, Capture: &q}
	if p.node != nil {
		out.Node = p.node.Name
	}
	return out
}

// follow takes pods that come later, until the capture ends.
func (k *clusterCapture) follow(ctx context.Context, all *sync.WaitGroup) {
	w := k.crew.found.Watch(ctx, k.crew.cluster.Client, k.crew.query)
	defer func() { _ = w.Close() }() // never fails
	for {
		ev, err := w.Read()
		if err != nil {
			if ctx.Err() == nil {
				k.say(fmt.Sprintf("pods that come later are not seen: %v", err))
			}
			return
		}
		if ev.Kind == find.Added {
			k.add(ctx, all, &ev)
		} else {
			k.say(ev.String())
		}
	}
}

// add captures at one more pod.
func (k *clusterCapture) add(ctx context.Context, all *sync.WaitGroup, ev *find.Event) {
	pod, node := ev.Pod, ev.Node
	way, err := k.crew.wayTo(&pod, &node)
	p := post{label: pod.Node, node: &node, pods: []*find.Pod{&pod}, way: way}
	if err == nil && way != place.MethodNode {
		p, err = k.crew.newInside(&pod, &node, way)
	}
	if err != nil {
		k.say(find.Event{Kind: find.Skipped, Pod: pod, Text: err.Error()}.String())
		return
	}
	k.say(ev.String())
	k.mu.Lock()
	k.wait++
	k.served++
	k.mu.Unlock()
	in := k.merge.Add(pod.Name)
	all.Go(func() { k.serve(ctx, &p, in) })
}
