package bed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pktrail/pktrail/test/cluster/machine"
)

// poll is the pause between two questions.
const poll = 50 * time.Millisecond

// until asks again and again until there is no error. It gives up when a
// process of the cluster has died, because then nothing will change any more.
func (c *Cluster) until(ctx context.Context, limit time.Duration, what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not within %s", limit))
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if dead := c.Dead(); len(dead) > 0 {
			return fmt.Errorf("wait for %s: %s ended", what, strings.Join(dead, ", "))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w; the last answer: %w", what, context.Cause(ctx), err)
		case <-time.After(poll):
		}
	}
}

// lastWords are the ends of dead processes' logs, and of what they started.
func (c *Cluster) lastWords(dead []string) string {
	var b strings.Builder
	for _, name := range dead {
		files, err := filepath.Glob(filepath.Join(c.dirs.Logs(), name+"*.log"))
		if err != nil {
			continue // the pattern is ours
		}
		for _, f := range files {
			log, err := os.ReadFile(f)
			if err != nil {
				continue // it is the other logs that count now
			}
			fmt.Fprintf(&b, "\n--- %s\n%s", f, tail(log, 1500))
		}
	}
	return b.String()
}

// serving waits for the API server to say that it is ready, and gives the way to
// it. Close it.
func (c *Cluster) serving(ctx context.Context) (*api, error) {
	a, err := c.api()
	if err != nil {
		return nil, err
	}
	err = c.until(ctx, 2*time.Minute, "API server", func(ctx context.Context) error {
		return a.do(ctx, http.MethodGet, APIServer+"/readyz", nil, nil)
	})
	if err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// untilReady waits for everything that a pod needs to run and to be reached. What
// a node said of itself before it was started does not count.
func (c *Cluster) untilReady(ctx context.Context, a *api, since time.Time, which ...Node) error {
	since = since.Truncate(time.Second)
	err := c.until(ctx, 2*time.Minute, "nodes", func(ctx context.Context) error {
		ready, err := a.readyNodes(ctx)
		if err != nil {
			return err
		}
		for _, n := range which {
			if said, ok := ready[n.Name]; !ok || said.Before(since) {
				return fmt.Errorf("%s is not ready", n.Name)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, n := range which {
		patch := fmt.Appendf(nil, `{"spec":{"podCIDR":%q,"podCIDRs":[%q]}}`, n.Pods, n.Pods)
		if err := a.do(ctx, http.MethodPatch, APIServer+"/api/v1/nodes/"+n.Name, patch, nil); err != nil {
			return fmt.Errorf("note pods' network: %w", err)
		}
		err := c.until(ctx, time.Minute, "services on "+n.Name, func(ctx context.Context) error {
			return a.do(ctx, http.MethodGet, "http://"+n.IP.String()+":10256/healthz", nil, nil)
		})
		if err != nil {
			return err
		}
	}
	return c.until(ctx, time.Minute, "service accounts", func(ctx context.Context) error {
		return a.do(ctx, http.MethodGet, APIServer+"/api/v1/namespaces/default/serviceaccounts/default", nil, nil)
	})
}

// Restart ends a part of the control plane or a whole node, at once and without
// asking, starts it again and waits until it serves.
func (c *Cluster) Restart(ctx context.Context, name string) error {
	if err := c.Stop(name); err != nil {
		return err
	}
	return c.Start(ctx, name)
}

// Stop kills a part of the control plane or a whole node.
func (c *Cluster) Stop(name string) error {
	p, ok := c.Process(name)
	if !ok {
		return fmt.Errorf("stop %s: the cluster has %s", name, strings.Join(c.names(), ", "))
	}
	if err := p.Kill(); err != nil {
		return err
	}
	if n, ok := c.Node(name); ok {
		return machine.RemoveCgroups(n.Name)
	}
	return nil
}

// Start starts again what Stop has ended, and waits until it serves.
func (c *Cluster) Start(ctx context.Context, name string) error {
	since := time.Now()
	n, isNode := c.Node(name)
	var err error
	if isNode {
		err = c.startNode(n)
	} else {
		err = c.startControl(name)
	}
	if err != nil {
		return err
	}
	a, err := c.serving(ctx)
	if err != nil {
		return err
	}
	defer a.close()
	if isNode {
		return c.untilReady(ctx, a, since, n)
	}
	return nil
}

func (c *Cluster) names() []string {
	var list []string
	for _, p := range c.Processes {
		list = append(list, p.Name)
	}
	slices.Sort(list)
	return list
}

// errNotReady is a cluster whose Up was cut short, or that has lost a process.
var errNotReady = errors.New("the cluster is not whole")
