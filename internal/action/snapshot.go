package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/record"
)

// SnapshotOptions say whose network state is taken, and where to.
type SnapshotOptions struct {
	// Request is what is taken on each machine. On a cluster its Targets are
	// not used.
	Request agent.Snapshot
	// Targets are of this machine (see agent.Snapshot), or nodes, and pods whose
	// nodes are meant; empty is this machine, or every node of the cluster.
	Targets []string
	// Output is the file, "-" for Stdout.
	Output string
	Stdout io.Writer
	// Cluster is where the targets are; nil is this machine.
	Cluster *ClusterOptions
	// Version is ours.
	Version string
}

// SnapshotEvents are what a snapshot tells while it is taken, one at a time.
// Those that are nil are left out.
type SnapshotEvents struct {
	// Placing is called with what will be created on a cluster, before it is.
	Placing func(plan []string)
	// Note is called with what a person should know.
	Note func(text string)
	// Progress is called as nodes come along.
	Progress func(p SnapshotProgress)
}

// SnapshotProgress is how far a snapshot is.
type SnapshotProgress struct {
	// Nodes of OfNodes are whole; Done of Of namespaces of all are taken, as
	// far as they are counted yet.
	Nodes, OfNodes int
	Done, Of       int
}

// SnapshotResult is what was taken.
type SnapshotResult struct {
	Nodes []NodeTaken
	// Cluster is true if the cluster's objects are in it.
	Cluster bool
	// Size is the file's, in bytes; 0 for a pipe.
	Size int64
	Took time.Duration
}

// NodeTaken is one node's part.
type NodeTaken struct {
	Node string
	// Err is why there is none of it; then Taken is empty.
	Err error
	agent.Taken
}

// errNoNode is a snapshot of which no node could be taken.
var errNoNode = errors.New("no node could be taken")

// Snapshot takes the state of this machine or of a cluster's nodes into a file.
// Nodes that fail are in the result, with the reason; an error is what kept the
// file from being written, or that no node could be taken. A file that is there
// is replaced when the new one is whole.
func Snapshot(ctx context.Context, o SnapshotOptions, ev SnapshotEvents) (SnapshotResult, error) {
	if err := o.check(); err != nil {
		return SnapshotResult{}, err
	}
	out, err := newReplacement(o.Output, 0o600, o.Stdout)
	if err != nil {
		return SnapshotResult{}, explain(err)
	}
	s := &snapshot{o: &o, ev: ev, begun: time.Now(), progress: map[string]agent.Progress{}}
	err = s.run(ctx, out)
	if err != nil {
		return s.result, explain(errors.Join(err, out.Discard()))
	}
	s.result.Took = time.Since(s.begun)
	s.result.Size, err = out.Keep()
	return s.result, explain(err)
}

func (o *SnapshotOptions) check() error {
	if o.Output == "" {
		return Usage("-o FILE; - is stdout", errors.New("no file to write the snapshot to"))
	}
	if err := checkFormat(o.Output); err != nil {
		return err
	}
	if dir := filepath.Dir(o.Output); o.Output != "-" && !isFolder(dir) {
		return Usage("-o FILE needs a folder that exists", fmt.Errorf("no folder %s", dir))
	}
	return o.checkRequest()
}

func (o *SnapshotOptions) checkRequest() error {
	if err := CheckFilter(o.Request.Connections); err != nil {
		return err
	}
	if o.Cluster != nil {
		return o.Cluster.check()
	}
	for _, t := range o.Targets {
		if err := agent.CheckTarget(t); err != nil {
			return explain(Usage("netns:NAME, pid:N, container:ID, cri:NAMESPACE/POD, host", err))
		}
	}
	return nil
}

// snapshot is one taking.
type snapshot struct {
	o     *SnapshotOptions
	ev    SnapshotEvents
	begun time.Time

	mu       sync.Mutex
	out      *record.Writer
	result   SnapshotResult
	progress map[string]agent.Progress
	whole    int // nodes
}

// run writes the whole stream to w: an agent's own, or one that has those of
// several.
func (s *snapshot) run(ctx context.Context, w io.Writer) error {
	if s.o.Cluster == nil {
		return s.local(ctx, w)
	}
	var err error
	s.out, err = record.NewWriter(w, record.Header{Application: "pktrail", Version: s.o.Version, Started: s.begun})
	if err == nil {
		err = s.cluster(ctx)
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return s.out.End(record.End{Reason: "taken", At: time.Now()})
}

// local takes this machine.
func (s *snapshot) local(ctx context.Context, w io.Writer) error {
	q := s.o.Request
	q.Targets = s.o.Targets
	one := NodeTaken{}
	err := agent.Run(ctx, agent.Request{Version: agent.Version, Snapshot: &q}, w, func(m agent.Message) { s.hear(&one, m) })
	if err == nil {
		s.result.Nodes = append(s.result.Nodes, one)
	}
	return err
}

// hear takes an agent's talk.
func (s *snapshot) hear(n *NodeTaken, m agent.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case m.Kind == agent.KindProgress && m.Progress != nil:
		s.progress[n.Node] = *m.Progress
		s.tell()
	case m.Kind == agent.KindEnded && m.Taken != nil:
		n.Taken = *m.Taken
	case m.Kind == agent.KindNote && s.ev.Note != nil:
		s.ev.Note(m.Text)
	}
}

// tell tells how far all nodes are.
func (s *snapshot) tell() {
	if s.ev.Progress == nil {
		return
	}
	p := SnapshotProgress{Nodes: s.whole, OfNodes: max(1, len(s.result.Nodes))}
	for _, one := range s.progress {
		p.Done += one.Done
		p.Of += one.Of
	}
	s.ev.Progress(p)
}

func (s *snapshot) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ev.Note != nil {
		s.ev.Note(text)
	}
}

// TakeState takes a snapshot into memory: what a map needs, or all.
func TakeState(ctx context.Context, o SnapshotOptions, ev SnapshotEvents) (*netstate.State, error) {
	if err := o.checkRequest(); err != nil {
		return nil, err
	}
	s := &snapshot{o: &o, ev: ev, begun: time.Now(), progress: map[string]agent.Progress{}}
	pipe := newSpool()
	type reading struct {
		state *netstate.State
		err   error
	}
	read := make(chan reading, 1)
	go func() {
		state, err := record.ReadState(pipe)
		pipe.CloseRead()
		read <- reading{state, err}
	}()
	err := s.run(ctx, pipe)
	pipe.CloseWrite()
	got := <-read
	if err != nil {
		return nil, explain(err)
	}
	return got.state, explain(got.err)
}

// ReadState reads a snapshot's file; "-" is not supported. Its error has a
// hint.
func ReadState(path string) (*netstate.State, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, explain(err)
	}
	defer func() { _ = f.Close() }()
	s, err := record.ReadState(f)
	if err != nil {
		return nil, explain(fmt.Errorf("read %s: %w", path, err))
	}
	return s, nil
}
