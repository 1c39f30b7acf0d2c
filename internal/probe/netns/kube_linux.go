package netns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// openKube finds a pod by the runtime's word. Where no runtime can be asked, or
// none knows it, the cgroups of all processes tell: that works with a runtime
// that has no socket at a known place, too.
func (e env) openKube(ctx context.Context, p Pod) (*Namespace, error) {
	n, asked := e.askKube(ctx, p)
	if asked == nil {
		return n, nil
	}
	n, err := e.openPodUID(ctx, p)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, fs.ErrNotExist) && !errors.Is(asked, errors.ErrUnsupported) {
		return nil, asked // it has the names of those that are there
	}
	return nil, err
}

// openPodUID finds a pod by the cgroups of all processes.
func (e env) openPodUID(ctx context.Context, p Pod) (*Namespace, error) {
	what := "pod " + p.String() + " on this node"
	isPods := func(o owner) bool { return o.podUID == p.UID }
	for range 2 { // its processes may be new ones by the time they are opened
		match, err := e.processesOf(ctx, isPods)
		if err != nil {
			return nil, fmt.Errorf("find pod %s: %w", p, err)
		}
		if len(match) == 0 {
			return nil, &NotFoundError{What: what, instead: "it runs elsewhere, or its processes are not to be seen in /proc here"}
		}
		n, err := e.openFirst(match, isPods)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open pod %s: %w", p, err)
		}
		n.Label = p.Name
		return n, nil
	}
	return nil, &NotFoundError{What: what, Why: "its processes ended while they were opened"}
}

// processesOf lists the processes whose owner it is.
func (e env) processesOf(ctx context.Context, is func(owner) bool) ([]int, error) {
	pids, err := e.proc.pids()
	if err != nil {
		return nil, err
	}
	own := owners{proc: e.proc}
	var match []int
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if is(own.of(pid)) {
			match = append(match, pid)
		}
	}
	return match, nil
}

// openSelf opens our own namespace, which somebody has told us is a pod's: we
// run inside of it. It is nobody's host network then, whatever process 1 is.
func (e env) openSelf(label string) (*Namespace, error) {
	e.own, e.host = 0, 0
	n, err := e.openOwn()
	if err != nil {
		return nil, err
	}
	n.Label, n.HostNetwork = label, false
	return n, nil
}
