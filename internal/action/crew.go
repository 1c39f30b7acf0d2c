package action

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/carry"
	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/kube/image"
	"github.com/pktrail/pktrail/internal/kube/place"
)

// crew is the agents of one run on a cluster.
type crew struct {
	cluster *kube.Cluster
	options *ClusterOptions
	found   *find.Found
	query   find.Query
	placing place.Options
	note    func(string)
	// offNodes is why no agent can be placed on nodes; nil for none that is
	// known. It counts where the way is left to us.
	offNodes error

	unpacked

	mu      sync.Mutex
	runners map[string]*place.Runner // of nodes, by their name
	own     map[string]*place.Runner // agents of ours that were there before, by their nodes
}

// openCrew reads the configuration. Nobody is asked yet.
func openCrew(o *ClusterOptions, targets []string, filter string, d time.Duration) (*crew, error) {
	cluster, err := kube.Open(o.Loader, "pktrail/"+o.Version)
	if err != nil {
		return nil, err
	}
	c := &crew{cluster: cluster, options: o, found: &find.Found{}, runners: map[string]*place.Runner{}, note: func(string) {}}
	c.placing = place.Options{
		Namespace: o.Namespace, Image: o.image(), PullPolicy: o.PullPolicy, PullSecret: o.PullSecret,
		ID: newID(8), Version: o.Version, Filter: filter, Lifetime: life(d),
		Targets: strings.TrimSpace(strings.Join(targets, " ")),
	}
	return c, nil
}

// newCrew asks who and what there is. Nothing is placed yet.
func newCrew(ctx context.Context, o *ClusterOptions, q find.Query, filter string, d time.Duration) (*crew, error) {
	c, err := openCrew(o, append(slices.Clone(q.Targets), q.Selector), filter, d)
	if err != nil {
		return nil, err
	}
	q.Namespace = c.cluster.Namespace
	c.query = q
	var asked sync.WaitGroup
	asked.Go(func() { c.ask(ctx) }) // beside the other questions
	switch o.method() {
	case place.MethodExec:
		asked.Go(func() { _, _ = c.uploadable(usualArch) }) // unpacked, it is kept
	case place.MethodAuto:
		asked.Go(func() { c.offNodes = place.RefuseNode(ctx, c.cluster, c.placing) })
	case place.MethodNode, place.MethodEphemeral:
	}
	c.found, err = find.Targets(ctx, c.cluster.Client, q)
	asked.Wait()
	return c, err
}

// newID makes a name of n random bytes.
func newID(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// post is one agent's work: a node's targets, or one pod from inside.
type post struct {
	label string // for people, and for the stream's end record
	node  *find.Node
	pods  []*find.Pod // none for a node that is a target itself
	way   place.Method
	// self is true if the node itself is a target.
	self bool
	// program is the agent to upload; none for other ways.
	program []byte
}

// posts shares the targets out: an agent for each node, or for each pod. A way
// that cannot work is refused here, before anything is placed.
func (c *crew) posts() ([]post, error) {
	var out []post
	at := map[string]int{}
	onNode := func(name string) *post {
		if i, ok := at[name]; ok {
			return &out[i]
		}
		at[name] = len(out)
		out = append(out, post{label: name, node: c.found.Node(name), way: place.MethodNode})
		return &out[len(out)-1]
	}
	for i := range c.found.Nodes {
		n := &c.found.Nodes[i]
		if !n.Target {
			continue
		}
		if err := n.Refuse(); err != nil {
			return nil, err
		}
		if m := c.options.method(); m != place.MethodAuto && m != place.MethodNode {
			return nil, Usage("leave --method out", fmt.Errorf("--method %s reaches pods, and node/%s is none", m, n.Name))
		}
		onNode(n.Name).self = true
	}
	for i := range c.found.Pods {
		p := &c.found.Pods[i]
		way, err := c.way(p)
		if err != nil {
			return nil, err
		}
		if way == place.MethodNode {
			at := onNode(p.Node)
			at.pods = append(at.pods, p)
		} else {
			inside, err := c.newInside(p, c.found.Node(p.Node), way)
			if err != nil {
				return nil, err
			}
			out = append(out, inside)
		}
		for _, r := range p.Remarks(c.found.Node(p.Node), find.Way(way)) {
			c.note(r)
		}
	}
	return out, nil
}

// plan says what will be created, for people.
func (c *crew) plan(posts []post) []string {
	var nodes, out []string
	for i := range posts {
		p := &posts[i]
		switch p.way {
		case place.MethodNode:
			if c.runners[p.label] != nil {
				out = append(out, "using the agent that runs on "+p.label)
			} else if !slices.Contains(nodes, p.label) {
				nodes = append(nodes, p.label)
			}
		case place.MethodExec:
			if k := p.pods[0].Sidecar(); k != nil {
				out = append(out, fmt.Sprintf("using the agent in container %s of %s", k.Name, p.pods[0].Name))
			} else {
				out = append(out, "creating "+place.PlanExec(target(p.pods[0]), len(p.program)))
			}
		case place.MethodEphemeral:
			out = append(out, "creating "+place.PlanEphemeral(target(p.pods[0]), c.placing))
		case place.MethodAuto: // was chosen by now
		}
	}
	if len(nodes) > 0 {
		out = append([]string{"creating " + place.PlanNode(nodes, c.placing)}, out...)
	}
	return out
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
	c.mu.Lock()
	r := c.runners[p.label]
	c.mu.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := place.Node(ctx, c.cluster, p.label, c.placing)
	if err == nil {
		c.mu.Lock()
		c.runners[p.label] = r
		c.mu.Unlock()
	}
	return r, err
}

// serve runs one session at a post: the stream goes to w, talk to hear. The
// request is asked for here, since it depends on the way in.
func (c *crew) serve(ctx context.Context, p *post, ask func(*post) agent.Request, w io.Writer, hear func(agent.Message)) error {
	for try := 0; ; try++ {
		r, err := c.runner(ctx, p)
		if err != nil {
			return err
		}
		r.Compress, r.Room = c.options.Compress, room(len(c.found.Nodes)+len(c.found.Pods))
		began := false
		err = c.session(ctx, r, ask(p), w, func(m agent.Message) {
			if m.Kind == agent.KindHello {
				began = true
				c.used(r)
			}
			hear(m)
		})
		if err != nil && !began && try == 0 && ctx.Err() == nil && c.forget(p.label, r) {
			continue // an agent that was there ended in this moment, with its last session
		}
		return err
	}
}

// used notes that an agent has had a session: it may have ended with that one.
func (c *crew) used(r *place.Runner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Fresh = false
}

// forget leaves an agent alone that may have ended, so that the next one is
// placed anew. One that nobody has used is not replaced.
func (c *crew) forget(node string, r *place.Runner) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Fresh {
		return false
	}
	if c.runners[node] == r {
		delete(c.runners, node)
	}
	return true
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
			c.runners[p.label] = r
		}
	}
}

// session runs one session on an agent.
func (c *crew) session(ctx context.Context, r *place.Runner, q agent.Request, w io.Writer, hear func(agent.Message)) error {
	b, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	var last error // the agent's own word on why it failed
	code, err := carry.Run(ctx, r.For(b), newID(16), carry.Options{Request: b, Reconnect: c.options.Reconnect, Note: c.note}, w, func(message []byte) {
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

// kubeletPort is the kubelet's, by which the API server carries exec
// (k8s.io/kubernetes/pkg/cluster/ports).
const kubeletPort = 10250

// ownStream is a filter for what carries our own stream, as a node sees it:
// between its kubelet and the API server, and from us to the API server where
// that is on this node.
func (c *crew) ownStream(n *find.Node) string {
	var parts []string
	if n == nil {
		return ""
	}
	for _, a := range n.Addresses {
		parts = append(parts, fmt.Sprintf("tcp and host %s and port %d", a, kubeletPort))
	}
	if host, port, ok := c.server(); ok {
		for _, a := range n.Addresses {
			if a == host {
				parts = append(parts, fmt.Sprintf("tcp and host %s and port %d", host, port))
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ") or (") + ")"
}

// server is the API server's address, where the configuration has one.
func (c *crew) server() (netip.Addr, uint16, bool) {
	u, err := url.Parse(c.cluster.Config.Host)
	if err != nil || u.Host == "" {
		return netip.Addr{}, 0, false
	}
	host, port := u.Host, "443"
	if h, p, err := net.SplitHostPort(u.Host); err == nil {
		host, port = h, p
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	n, portErr := strconv.ParseUint(port, 10, 16)
	return a, uint16(n), err == nil && portErr == nil
}

// image is what agents are made of, unless the user names another.
func (o *ClusterOptions) image() string {
	if o.Image != "" {
		return o.Image
	}
	return image.Default(o.Version)
}
