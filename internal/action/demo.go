package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/correlate"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// DemoOptions say what to show.
type DemoOptions struct {
	// Output is the file that takes the packets; empty is demo.pcapng.
	Output string
	// Name begins the names of the lab's namespaces; empty is "pkdemo".
	Name string
	// Flavour of the lab; empty is flannel.
	Flavour lab.Flavour
	// Note is called with what is being done.
	Note func(string)
}

// DemoResult is one ping's way.
type DemoResult struct {
	Lab     *lab.Lab
	From    lab.Pod
	To      lab.Pod
	RTT     time.Duration
	Request trail.Trail
	Reply   trail.Trail
	Capture CaptureResult
}

// Demo makes a lab of two nodes, captures one ping between two pods at every
// point on its way, and removes the lab, however it ends.
func Demo(ctx context.Context, o DemoOptions) (r DemoResult, err error) {
	if o.Output == "" {
		o.Output = "demo.pcapng"
	}
	if o.Name == "" {
		o.Name = demoName
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if dir := filepath.Dir(o.Output); !isFolder(dir) {
		return r, Usage("-o FILE needs a folder that exists", fmt.Errorf("no folder %s", dir))
	}
	l, err := demoLab(ctx, &o)
	if err != nil {
		return r, err
	}
	defer func() {
		_, e := LabDown(l.Name)
		err = errors.Join(err, e)
	}()
	r.Lab, r.From, r.To = l, l.Pods[0], l.Pods[1]
	o.Note(fmt.Sprintf("%s lab of 2 nodes is up; one ping from %s to %s", l.Flavour, r.From.Name, r.To.Name))
	if err := r.pingAndCapture(ctx, o.Output); err != nil {
		return r, err
	}
	return r, r.follow(o.Output)
}

// demoName is one that no lab that a person makes has by default.
const demoName = "pkdemo"

// demoLab makes the lab under the first name that is free. One that is there
// already may be another demo's at work, or left by one that was killed: who
// can tell removes it.
func demoLab(ctx context.Context, o *DemoOptions) (*lab.Lab, error) {
	for i := 1; ; i++ {
		name := o.Name
		if i > 1 {
			name += strconv.Itoa(i)
		}
		l, err := LabUp(ctx, lab.Options{Flavour: o.Flavour, Nodes: 2, Pods: 1, Name: name})
		if _, taken := errors.AsType[*lab.ExistsError](err); !taken || i == 9 {
			return l, err
		}
		o.Note(fmt.Sprintf("lab %s is of another demo, or of one that was killed; pktrail lab down --name %s removes it", name, name))
	}
}

// pingAndCapture ends the capture when the reply has been delivered: what
// has passed a point by then is in its ring, and a stop drains the rings.
func (r *DemoResult) pingAndCapture(ctx context.Context, output string) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	pinged := make(chan error, 1)
	o := CaptureOptions{
		Request: agent.Capture{
			Targets: []string{"netns:" + r.From.Name, "netns:" + r.To.Name},
			Points:  []string{"path"},
			Filter:  "icmp",
			Limits:  agent.Limits{Duration: 30 * time.Second},
		},
		Output: output,
	}
	armed := false
	var err error
	r.Capture, err = Capture(ctx, o, CaptureEvents{Armed: func([]trail.Point) {
		armed = true
		go func() {
			pinged <- r.ping(ctx)
			stop(errDemoDone)
		}()
	}})
	stop(err) // the ping ends with the capture, and before the lab
	if armed {
		if e := <-pinged; err == nil {
			err = e
		}
	}
	return err
}

var errDemoDone = errors.New("the reply")

func (r *DemoResult) ping(ctx context.Context) error {
	got, err := r.Lab.Ping(ctx, r.From.Name, r.To.IPv4, lab.PingOptions{Timeout: 5 * time.Second})
	if err == nil && len(got) == 0 {
		err = ctx.Err()
	}
	if err == nil {
		err = got[0].Err
	}
	if err != nil {
		return fmt.Errorf("ping %s from %s: %w", r.To.IPv4, r.From.Name, err)
	}
	r.RTT = got[0].RTT
	return nil
}

// follow finds request and reply in the file, by what they are and not by
// where they stand.
func (r *DemoResult) follow(name string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read capture: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in, err := record.NewReader(f)
	if err != nil {
		return fmt.Errorf("read capture: %w", err)
	}
	var trails correlate.Trails
	var frame trail.Frame
	for {
		err := in.Read(&frame)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read capture: %w", err)
		}
		trails.Add(in.Point(frame.Point), &frame)
	}
	for _, t := range trails.All() {
		switch {
		case t.Flow.Src == r.From.IPv4 && t.Flow.Dst == r.To.IPv4 && r.Request.Observations == nil:
			r.Request = t
		case t.Flow.Src == r.To.IPv4 && t.Flow.Dst == r.From.IPv4 && r.Reply.Observations == nil:
			r.Reply = t
		}
	}
	if len(r.Request.Observations) == 0 || len(r.Reply.Observations) == 0 {
		return fmt.Errorf("follow ping: %d packets captured, its request and reply are not among them", len(trails.All()))
	}
	return nil
}
