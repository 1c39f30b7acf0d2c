package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/agent/follow"
	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/trail"
)

// Defaults of a trace.
const (
	DefaultTraceCount    = 5
	DefaultTraceDuration = 30 * time.Second
	DefaultProbeTimeout  = follow.DefaultTimeout
)

// TraceOptions say which packets to follow, and where to put what was seen.
type TraceOptions struct {
	// Request is what the agent is asked for.
	Request follow.Request
	// Output is a file that takes the record stream, "-" for Stdout, or empty.
	Output string
	// Stdout takes the stream when Output is "-".
	Stdout io.Writer
	// FromNode keeps only packets that were first seen on this node.
	FromNode string
	// Cluster is where the ends are; nil is this machine.
	Cluster *ClusterOptions
}

// TraceEvents are what a trace tells while it runs. All of them are called one
// at a time; those that are nil are left out.
type TraceEvents struct {
	// Placing is called with what will be created on a cluster, before it is.
	Placing func(plan []string)
	// Armed is called once, when packets are seen from now on.
	Armed func(s trail.Session)
	// Note is called with what a person should know.
	Note func(text string)
	// Answered is called with the result of the probe.
	Answered func(c trail.Conversation)
	// More is called for packets beyond those that the result holds, as they
	// end; what pktrail has missed by then is not known yet.
	More func(j JudgedTrail)
	// Progress is called now and then while packets are waited for, with how
	// many were seen.
	Progress func(packets int)
}

// TraceResult is what a trace found.
type TraceResult struct {
	Session trail.Session
	// Trails are the packets' ways with their verdicts, in the order of their
	// starts: all of a few packets, some of each kind of many.
	Trails []JudgedTrail
	// Folds group equal trails.
	Folds []TraceFold
	// Offsets are how far the nodes' clocks are ahead of the first one's, ns.
	Offsets map[string]int64
	// Verdict is the run's.
	Verdict trail.Verdict
	// EndedBy says in words what ended the run.
	EndedBy string
}

// JudgedTrail is a trail and what became of its packet.
type JudgedTrail struct {
	Trail   trail.Trail
	Verdict trail.Verdict
}

// TraceFold is packets that took one way and ended alike.
type TraceFold struct {
	// First is the index of the trail that stands for all, Count their number.
	First, Count int
	// Answer is the index of the trail that answers First; -1 is none.
	Answer int
	// Probe is true if these are the probe's first packet and its repetitions,
	// and not what the conversation brought with it.
	Probe bool
}

// Trace follows packets until as many as were asked for have ended, the
// probe has its answer, the time is over, or the context is done. It returns
// what it found; with an Output that cannot be written to, an error too.
func Trace(ctx context.Context, o TraceOptions, ev TraceEvents) (TraceResult, error) {
	if err := o.check(); err != nil {
		return TraceResult{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	o.Request.Comments = o.Output != ""
	t := &trace{options: &o, events: ev, ctx: ctx, cancel: cancel, gather: newGather(&o, cancel)}
	t.gather.more = ev.More
	return t.run() //nolint:contextcheck // the run's own is t.ctx, made of the caller's
}

func (o *TraceOptions) check() error {
	if err := checkFormat(o.Output); err != nil {
		return err
	}
	if dir := filepath.Dir(o.Output); o.Output != "" && o.Output != "-" && !isFolder(dir) {
		return Usage("-o FILE needs a folder that exists", fmt.Errorf("no folder %s", dir))
	}
	var err error
	if o.Cluster != nil {
		err = errors.Join(o.Cluster.check(), CheckFilter(o.Request.Filter)) // the rest when the ends are known
	} else {
		err = o.Request.Check()
	}
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	if _, ok := errors.AsType[*filter.Error](err); ok {
		return explainFilter(err)
	}
	hint := "pktrail trace --help"
	if h, ok := errors.AsType[hinter](err); ok {
		hint = h.Hint()
	}
	return Usage(hint, err)
}

// trace is one run.
type trace struct {
	options *TraceOptions
	events  TraceEvents
	ctx     context.Context // lives as long as the run
	cancel  context.CancelCauseFunc
	gather  *gather

	mu    sync.Mutex // one event at a time
	armed bool
}

// run traces on this machine or on a cluster.
func (t *trace) run() (TraceResult, error) {
	out := t.output()
	if t.options.Cluster != nil {
		return t.runCluster(out)
	}
	return t.runLocal(out)
}

// runLocal starts the agent, in this process, and reads its stream while it is
// being made.
func (t *trace) runLocal(out *recording) (TraceResult, error) {
	pipe := newSpool()
	var w io.Writer = pipe
	if out != nil {
		w = io.MultiWriter(out, pipe)
	}
	done := make(chan error, 1)
	go func() {
		q := agent.Request{Version: agent.Version, Trace: &t.options.Request}
		err := agent.Run(t.ctx, q, w, t.hear)
		pipe.CloseWrite()
		done <- err
	}()
	stop := t.report()
	readErr := t.gather.read(pipe)
	pipe.CloseRead()
	err := <-done
	stop()
	return t.outcome(errors.Join(err, out.Close()), readErr)
}

// outcome is the result of a run that has ended with err. That its stream could
// not be read (readErr) counts where there was one: else err says why not. A
// run that was called off has no result.
func (t *trace) outcome(err, readErr error) (TraceResult, error) {
	if wrong, ok := errors.AsType[*Error](context.Cause(t.ctx)); ok {
		return TraceResult{}, wrong
	}
	if !t.armed {
		if _, ok := errors.AsType[Interrupted](context.Cause(t.ctx)); ok {
			return TraceResult{EndedBy: ended(t.ctx)}, nil
		}
		return TraceResult{}, explain(err)
	}
	r := t.gather.result()
	r.EndedBy = t.endedBy()
	return r, explain(errors.Join(err, readErr))
}

func (t *trace) note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.events.Note != nil {
		t.events.Note(text)
	}
}

// hear takes the agent's talk.
func (t *trace) hear(m agent.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch m.Kind {
	case agent.KindArmed:
		t.armed = true
		if t.options.Cluster == nil && m.Session != nil {
			t.gather.begin([]trail.Session{*m.Session})
		}
		if from := t.options.FromNode; from != "" && m.Session != nil && !slices.Contains(m.Session.Nodes, from) {
			t.cancel(t.notWatched(from, m.Session.Nodes))
			return
		}
		if t.events.Armed != nil && m.Session != nil {
			t.events.Armed(*m.Session)
		}
	case agent.KindNote:
		if t.events.Note != nil {
			t.events.Note(m.Text)
		}
	case agent.KindAnswered:
		if t.events.Answered != nil && m.Conversation != nil {
			t.events.Answered(*m.Conversation)
		}
	case agent.KindEnded, agent.KindError: // the first needs no word, the second comes back as the error of run
	}
}

// notWatched says why packets of a node cannot be had, where others are armed.
func (t *trace) notWatched(node string, armed []string) *Error {
	if why, ok := t.gather.hiddenBy(node); ok {
		return &Error{Err: fmt.Errorf("node %s is not watched: %s", node, why), Hint: "without --from-node it goes on without that node"}
	}
	return notOnTheWay(node, armed)
}

func notOnTheWay(node string, nodes []string) *Error {
	return &Error{Err: fmt.Errorf("no node %q on the way", node), Hint: "there are: " + strings.Join(nodes, ", "), Usage: true}
}

// report tells how far a run is, until it is stopped.
func (t *trace) report() (stop func()) {
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				n := t.gather.advance(time.Now())
				t.mu.Lock()
				if t.armed && t.events.Progress != nil {
					t.events.Progress(n)
				}
				t.mu.Unlock()
			}
		}
	})
	return func() {
		close(over)
		wg.Wait()
	}
}

// reportEvery is how often the screen is told, and packets are looked for that
// nothing was heard of any more.
const reportEvery = 200 * time.Millisecond

func (t *trace) endedBy() string {
	cause := context.Cause(t.ctx)
	switch {
	case errors.Is(cause, errEnough):
		return fmt.Sprintf("--count %d", t.options.Request.Count)
	case cause != nil:
		return ended(t.ctx)
	case t.options.Request.Probe.Proto != "":
		return "the probe's end"
	}
	return "the limit of time (--duration)"
}

var errEnough = errors.New("enough packets")
