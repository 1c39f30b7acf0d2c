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
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// afterwards is how long other nodes go on when the first one has ended: what
// is on its way comes in.
const afterwards = 300 * time.Millisecond

// clusterTrace is a trace by agents.
type clusterTrace struct {
	*trace
	crew     *crew
	src, dst clusterEnd
	merge    *record.Merge // nil without an Output

	begun time.Time
	armed chan struct{} // closed when all nodes are
	once  sync.Once

	// called are the pods' names, as soon as they are known.
	called func() map[netip.Addr]string

	heardMu  sync.Mutex
	sessions []trail.Session
}

// runCluster traces on a cluster.
func (t *trace) runCluster(out *recording) (TraceResult, error) {
	k := &clusterTrace{trace: t, begun: time.Now(), armed: make(chan struct{})}
	t.gather.several = true
	legs, err := k.prepare()
	if err != nil {
		return TraceResult{}, explain(errors.Join(err, out.Close()))
	}
	posts := make([]post, len(legs))
	for i := range legs {
		posts[i] = legs[i].post
	}
	k.called = sync.OnceValue(func() map[netip.Addr]string { return k.names(legs) })
	go k.called() // while agents are placed
	k.crew.reuse(posts)
	if t.events.Placing != nil {
		t.event(func() { t.events.Placing(k.crew.plan(posts)) })
	}
	var names func() []record.Name
	if out != nil {
		k.merge = record.NewMerge(out, screenHold, 0)
		names = k.crew.names(k.ctx, k.known(), k.armed)
	}
	stop := t.report()
	err = k.runLegs(legs)
	stop()
	if k.merge != nil {
		k.merge.Name(names())
		err = errors.Join(err, k.merge.Close())
	}
	return t.outcome(errors.Join(err, out.Close()), nil)
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
	asked.Go(func() { crew.ask(k.ctx) })
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
	proto := strings.ToUpper(o.Request.Probe.Proto)
	if k.dst.node != nil && k.dst.Port != 0 && proto != icmpProtocol {
		crew.published(k.ctx, &k.dst, proto)
	}
	k.dst.choosePort(proto)
	for _, remark := range k.dst.remarks() {
		k.note(remark)
	}
	k.gather.ends = &[2]trail.End{k.src.End, k.dst.End}
	return k.legs()
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
		announce := sync.OnceFunc(k.announce)
		err = k.serve(k.ctx, main, func() {
			arming.Wait()
			announce()
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
		l.request.Names = k.called()
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
	k.gather.begin(k.sessions)
	k.heardMu.Unlock()
	s.ArmedIn = time.Since(k.begun).Round(time.Millisecond)
	k.gather.overlay(&s)
	k.hear(agent.Message{Kind: agent.KindArmed, Session: &s})
	k.once.Do(func() { close(k.armed) }) // an agent that was replaced is armed again
}
