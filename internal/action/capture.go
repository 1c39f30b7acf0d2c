package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/kube/carry"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// CaptureOptions say what to capture and where to put it.
type CaptureOptions struct {
	// Request is what the agent is asked for: targets, points, filter, limits.
	Request agent.Capture
	// Output is a file, "-" for Stdout, or empty for Events.Frame.
	Output string
	// Stdout takes the stream when Output is "-".
	Stdout io.Writer
	// MinFree ends the capture when less than this many percent of the disk
	// that holds Output is free; 0 lifts the limit.
	MinFree int
	// RotateSize starts a new file after this many bytes; 0 writes one file.
	RotateSize int64
	// RotateFiles keeps the newest so many files; 0 keeps all.
	RotateFiles int
	// Pcap writes classic pcap instead of pcapng.
	Pcap bool
	// Viewer shows the packets instead; nil is none.
	Viewer *ViewerOptions
	// Cluster is where the targets are; nil is this machine.
	Cluster *ClusterOptions
}

// CaptureEvents are what a capture tells while it runs. All of them are called
// one at a time; those that are nil are left out.
type CaptureEvents struct {
	// Placing is called with what will be created on a cluster, before it is.
	Placing func(plan []string)
	// Armed is called once, when packets are caught from now on.
	Armed func(points []trail.Point)
	// Frame is called for each packet when there is no Output. The frame is
	// valid until it returns.
	Frame func(p trail.Point, f *trail.Frame) error
	// Progress is called about once a second when there is an Output.
	Progress func(CaptureProgress)
	// Note is called with what a person should know.
	Note func(text string)
}

// CaptureProgress is how far a capture is.
type CaptureProgress struct {
	Elapsed time.Duration
	Packets int64
	Bytes   int64
	Missed  uint64
}

// CaptureResult is what a capture caught.
type CaptureResult struct {
	Points  []trail.PointTotal `json:"points"`
	Elapsed time.Duration      `json:"-"`
	// EndedBy is in words: "Ctrl-C", "--count 20", "its target", "an error".
	EndedBy string `json:"endedBy"`
	// Because says more, where there is more to say: "the network namespace
	// was taken down", "no space left on device".
	Because string `json:"because,omitempty"`
	// Files that hold the packets, oldest first.
	Files []string `json:"files,omitempty"`
	// Agents is how many there were on a cluster. All of them end with the
	// capture.
	Agents int `json:"agents,omitempty"`
	// Removed is how many older files made room for those.
	Removed int `json:"removed,omitempty"`
}

// Capture runs until a limit, the context, or the loss of its last target ends
// it. A capture that was armed gives a result even when it ended early; what
// ended it stands in EndedBy. An error means that nothing was captured, or
// that packets were captured and could not be kept: then the result says how
// far it came.
func Capture(ctx context.Context, o CaptureOptions, ev CaptureEvents) (CaptureResult, error) {
	if err := o.check(); err != nil {
		return CaptureResult{}, err
	}
	c := &capture{options: o, events: ev, started: time.Now()}
	var cancel context.CancelCauseFunc
	c.ctx, cancel = context.WithCancelCause(ctx)
	defer cancel(nil)
	c.cancel = cancel
	switch {
	case o.Viewer != nil:
		return c.toViewer() //nolint:contextcheck // the run's own is c.ctx, made of the caller's
	case o.Output == "":
		return c.toScreen() //nolint:contextcheck // the run's own is c.ctx, made of the caller's
	}
	return c.toFile() //nolint:contextcheck // the run's own is c.ctx, made of the caller's
}

// Defaults of a capture's limits; zero lifts each of them.
const (
	DefaultDuration = 10 * time.Minute
	DefaultMaxBytes = 1 << 30 // of each target
	DefaultMinFree  = 10      // percent of the disk
)

// capture is one run.
type capture struct {
	options CaptureOptions
	events  CaptureEvents
	ctx     context.Context // lives as long as the run
	cancel  context.CancelCauseFunc
	ledger  record.Ledger

	mu      sync.Mutex // one event at a time; guards what follows
	started time.Time
	armed   bool
	ended   string // the agent's last word
	agents  int    // on a cluster
}

// run starts the agent, in this process, or those on a cluster, and waits for
// their end.
func (c *capture) run(w io.Writer) error {
	if c.options.Cluster != nil {
		return c.runCluster(w)
	}
	q := agent.Request{Version: agent.Version, Capture: &c.options.Request}
	return agent.Run(c.ctx, q, w, c.hear)
}

// hear takes the agent's talk.
func (c *capture) hear(m agent.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m.Kind {
	case agent.KindArmed:
		c.started, c.armed = time.Now(), true
		if c.events.Armed != nil {
			c.events.Armed(m.Points)
		}
	case agent.KindNote:
		if c.events.Note != nil {
			c.events.Note(m.Text)
		}
	case agent.KindEnded:
		c.ended = m.Text
	case agent.KindError: // comes back as the error of run
	}
}

// booked writes a stream and keeps the books of what was taken of it.
type booked struct {
	w      io.Writer
	ledger *record.Ledger
}

func (b *booked) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	if _, e := b.ledger.Write(p[:n]); err == nil { // of a part it counts the whole blocks
		err = e
	}
	return n, err
}

// outputGone is the end of a capture whose output takes no more.
type outputGone struct{ error }

func (o outputGone) Unwrap() error { return o.error }

// result sums up. An error after the start still comes with what was caught.
func (c *capture) result(err error) (CaptureResult, error) {
	r := CaptureResult{Points: c.ledger.Totals(), Elapsed: time.Since(c.started), Agents: c.agents}
	if gone := (*carry.GoneError)(nil); errors.As(err, &gone) {
		r.Agents = 0 // whether it is gone by now is not known
	}
	r.EndedBy, r.Because = c.endedBy(err)
	gone, isGone := errors.AsType[outputGone](err)
	switch {
	case err == nil:
		return r, nil
	case isGone && isPipe(gone):
		return r, nil // as with every program in a pipe: the reader had enough
	case !c.armed:
		_, interrupted := errors.AsType[Interrupted](context.Cause(c.ctx))
		if _, ok := errors.AsType[Interrupted](err); ok || interrupted && errors.Is(err, context.Canceled) {
			// While it waited for a pipe's reader, or placed its agents.
			r.EndedBy, r.Because = ended(c.ctx), ""
			return r, nil
		}
		return CaptureResult{}, explain(err)
	}
	return r, explain(err)
}

// endedBy says in a few words what ended the capture.
func (c *capture) endedBy(err error) (by, because string) {
	if gone, ok := errors.AsType[outputGone](err); ok {
		if isPipe(gone) {
			return "the reader of the output, which has closed it", ""
		}
		return "an error", strings.TrimPrefix(gone.Error(), "write output: ")
	}
	if l, ok := errors.AsType[limitReached](context.Cause(c.ctx)); ok {
		return "the limit of the disk (--min-free)", l.Error()
	}
	switch cause := context.Cause(c.ctx); {
	case errors.Is(cause, errEnough):
		return fmt.Sprintf("--count %d", c.options.Request.Limits.Packets), ""
	case errors.Is(cause, errTimeOver):
		return "the limit of time (--duration)", ""
	}
	switch c.ended {
	case agent.EndDuration:
		return "the limit of time (--duration)", ""
	case agent.EndPackets:
		return fmt.Sprintf("--count %d", c.options.Request.Limits.Packets), ""
	case agent.EndBytes:
		return "the limit of bytes (--max-bytes)", ""
	}
	switch {
	case err != nil:
		return "an error", err.Error()
	case c.ctx.Err() != nil:
		return ended(c.ctx), ""
	}
	return "its target", c.ended
}

func isPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// errTimeOver ends a capture of agents that come and go.
var errTimeOver = errors.New("limit of time")

// limitReached is the cause of a capture's end that this side found.
type limitReached string

func (l limitReached) Error() string { return string(l) }

// IsClosed reports whether an error says that the reader of an output has
// closed it, as head(1) does.
func IsClosed(err error) bool { return isPipe(err) }

// KeepFor chooses what is kept of each packet. On screen only headers and DNS
// messages are read, so nothing else leaves the agent.
func (o *CaptureOptions) KeepFor(screen, headersOnly bool) {
	switch {
	case headersOnly:
		o.Request.Keep = agent.KeepHeaders
	case screen:
		o.Request.Keep = agent.KeepNames
	default:
		o.Request.Keep = agent.KeepAll
	}
}
