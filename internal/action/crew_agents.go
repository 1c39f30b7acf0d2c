package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/kube/carry"
	"github.com/pktrail/pktrail/internal/kube/place"
)

// placement gives the agent on a node. Who asks first has it placed, the others
// wait for that one.
type placement struct {
	get  func() (*place.Runner, error)
	done *place.Runner // once it is in place
	used bool          // it has had a session, and may have ended with that
}

// runner brings an agent to a post.
func (c *crew) runner(ctx context.Context, p *post) (*place.Runner, error) {
	switch p.way {
	case place.MethodExec:
		return c.inside(p), nil
	case place.MethodEphemeral:
		return place.Ephemeral(ctx, c.cluster, target(p.pods[0]), c.placing)
	case place.MethodNode, place.MethodAuto:
	}
	return c.onNode(ctx, p.label).get()
}

// onNode is the agent on a node: one for all posts there.
func (c *crew) onNode(ctx context.Context, node string) *placement {
	c.mu.Lock()
	defer c.mu.Unlock()
	if there := c.onNodes[node]; there != nil {
		return there
	}
	there := &placement{}
	there.get = sync.OnceValues(func() (*place.Runner, error) {
		r, err := place.Node(ctx, c.cluster, node, c.placing)
		c.mu.Lock()
		defer c.mu.Unlock()
		there.done = r
		if err != nil && c.onNodes[node] == there {
			delete(c.onNodes, node) // who comes later may have more luck
		}
		return r, err
	})
	c.onNodes[node] = there
	return there
}

// serve runs one session at a post: the stream goes to w, talk to hear. The
// request is asked for here, since it depends on the way in.
func (c *crew) serve(ctx context.Context, p *post, ask func(*post) agent.Request, w io.Writer, hear func(agent.Message)) error {
	for try := 0; ; try++ {
		r, err := c.runner(ctx, p)
		if err != nil {
			return err
		}
		began := false
		err = c.session(ctx, r, c.used(p.label, r, false), ask(p), w, func(m agent.Message) {
			if m.Kind == agent.KindHello {
				began = true
				c.used(p.label, r, true)
			}
			hear(m)
		})
		if err != nil && !began && try == 0 && ctx.Err() == nil && c.forget(p, r) {
			continue // it ended in this moment, with its last session
		}
		return err
	}
}

// used reports whether an agent on a node has had a session, ours or another,
// or has one now: it may end at any time with its last one.
func (c *crew) used(node string, r *place.Runner, now bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	there := c.onNodes[node]
	if there == nil || there.done != r {
		return false
	}
	there.used = there.used || now
	return there.used
}

// forget leaves an agent on a node alone that may have ended, so that the next
// one is placed anew. One that nobody has used is not replaced.
func (c *crew) forget(p *post, r *place.Runner) bool {
	if p.way != place.MethodNode {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	there := c.onNodes[p.label]
	if there == nil || there.done != r {
		return true // another post of this node was first
	}
	if there.used {
		delete(c.onNodes, p.label)
		c.note("the agent on " + p.label + " has just ended: creating " + place.PlanNode([]string{p.label}, c.placing))
	}
	return there.used
}

// ask asks who we are, and which agents of ours there are.
func (c *crew) ask(ctx context.Context) {
	c.placing.User = c.cluster.User(ctx)
	if m := c.options.method(); m == place.MethodNode || m == place.MethodAuto {
		c.own = place.Own(ctx, c.cluster, c.placing)
	}
}

// reuse takes agents of ours that run on the nodes already.
func (c *crew) reuse(posts []post) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range posts {
		p := &posts[i]
		if r := c.own[p.label]; r != nil && p.way == place.MethodNode {
			c.onNodes[p.label] = &placement{get: func() (*place.Runner, error) { return r, nil }, done: r, used: true}
		}
	}
}

// session runs one session on an agent.
func (c *crew) session(ctx context.Context, r *place.Runner, used bool, q agent.Request, w io.Writer, hear func(agent.Message)) error {
	b, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	one := r.For(place.Session{
		Request: b, Running: used, Compress: c.options.Compress, Room: room(len(c.found.Nodes) + len(c.found.Pods)),
	})
	var last error // the agent's own word on why it failed
	code, err := carry.Run(ctx, one, newID(16), carry.Options{Request: b, Reconnect: c.options.Reconnect, Note: c.note}, w, func(message []byte) {
		var m agent.Message
		if json.Unmarshal(message, &m) != nil {
			return
		}
		if m.Kind == agent.KindError {
			last = &Error{Err: errors.New(m.Text), Hint: m.Hint}
		}
		hear(m)
	})
	switch {
	case err != nil:
		return err
	case last != nil:
		return last
	case code != 0:
		return fmt.Errorf("the agent ended with exit code %d", code)
	}
	return nil
}
