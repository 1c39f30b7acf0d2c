package action

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/kube"
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
	onNodes map[string]*placement    // the agents on nodes, by the nodes' names
	own     map[string]*place.Runner // agents of ours that were there before, by their nodes
}

// openCrew reads the configuration. Nobody is asked yet.
func openCrew(o *ClusterOptions, targets []string, filter string, d time.Duration) (*crew, error) {
	cluster, err := kube.Open(o.Loader, "pktrail/"+o.Version)
	if err != nil {
		return nil, err
	}
	c := &crew{cluster: cluster, options: o, found: &find.Found{}, onNodes: map[string]*placement{}, note: func(string) {}}
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
			if c.onNodes[p.label] != nil {
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

// image is what agents are made of, unless the user names another.
func (o *ClusterOptions) image() string {
	if o.Image != "" {
		return o.Image
	}
	return image.Default(o.Version)
}
