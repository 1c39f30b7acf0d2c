package action

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/kube/inventory"
	"github.com/pktrail/pktrail/internal/kube/place"
	"github.com/pktrail/pktrail/internal/record"
)

// atOnce is how many nodes are taken at the same time.
const atOnce = 8

// cluster takes nodes of a cluster, and its objects.
func (s *snapshot) cluster(ctx context.Context) error {
	o := s.o.Cluster
	if m := o.method(); m != place.MethodAuto && m != place.MethodNode {
		return Usage("leave --method out: a snapshot needs the nodes", fmt.Errorf("--method %s sees the inside of a pod only", m))
	}
	q := o.query(s.o.Targets, "", true)
	q.AllNodes = len(s.o.Targets) == 0 && o.Selector == ""
	crew, err := newCrew(ctx, o, q, "", 0)
	if err != nil {
		return err
	}
	crew.note = s.note
	for _, n := range crew.found.Notes {
		s.note(n)
	}
	posts, err := s.posts(crew)
	if err == nil {
		err = s.takeAll(ctx, crew, posts)
	}
	if err != nil {
		return err
	}
	// After the nodes, so that what is on them is known by name, our agents too.
	c, err := inventory.Read(ctx, crew.cluster, crew.cluster.Namespace)
	if err != nil {
		s.note(err.Error() + ": the snapshot has no names of pods and services")
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Cluster = true
	return s.out.WriteCluster(c)
}

// posts are the nodes that are meant: by name, or as those of pods.
func (s *snapshot) posts(c *crew) ([]post, error) {
	var out []post
	add := func(name string) {
		if name == "" || slices.ContainsFunc(out, func(p post) bool { return p.label == name }) {
			return
		}
		n := c.found.Node(name)
		if n != nil {
			if err := n.Refuse(); err != nil {
				s.result.Nodes = append(s.result.Nodes, NodeTaken{Node: name, Err: err})
				return
			}
		}
		out = append(out, post{label: name, node: n, way: place.MethodNode})
	}
	for i := range c.found.Nodes {
		if c.found.Nodes[i].Target {
			add(c.found.Nodes[i].Name)
		}
	}
	for i := range c.found.Pods {
		add(c.found.Pods[i].Node)
	}
	switch {
	case len(out) > 0 && c.offNodes != nil:
		return nil, c.offNodes
	case len(out) == 0 && len(s.result.Nodes) > 0:
		return nil, s.result.Nodes[0].Err
	case len(out) == 0:
		return nil, &Error{Err: errNoNode, Hint: "name a node, or a pod that runs"}
	}
	return out, nil
}

// takeAll takes all nodes, some at a time.
func (s *snapshot) takeAll(ctx context.Context, c *crew, posts []post) error {
	c.reuse(posts)
	if s.ev.Placing != nil {
		s.ev.Placing(c.plan(posts))
	}
	first := len(s.result.Nodes)
	for _, p := range posts {
		s.result.Nodes = append(s.result.Nodes, NodeTaken{Node: p.label})
	}
	var all sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i := range posts {
		n := &s.result.Nodes[first+i]
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			err := s.takeNode(ctx, c, &posts[i], n)
			s.mu.Lock()
			defer s.mu.Unlock()
			n.Err = err
			s.whole++
			s.tell()
		})
	}
	all.Wait()
	taken := slices.ContainsFunc(s.result.Nodes, func(n NodeTaken) bool { return n.Err == nil })
	if !taken {
		return firstOf(errorsOf(s.result.Nodes))
	}
	return nil
}

func errorsOf(nodes []NodeTaken) []error {
	var out []error
	for _, n := range nodes {
		out = append(out, n.Err)
	}
	return out
}

// takeNode takes one node. What has come when it breaks is left out of the
// file, or a reader would take the whole file for cut off.
func (s *snapshot) takeNode(ctx context.Context, c *crew, p *post, n *NodeTaken) error {
	pipe := newSpool()
	read := make(chan error, 1)
	var held [][]byte // packed, so that it is little
	go func() {
		defer pipe.CloseRead()
		read <- record.CopySnapshots(pipe, func(block []byte) error {
			held = append(held, bytes.Clone(block))
			return nil
		})
	}()
	q := s.o.Request
	q.Targets = nil
	err := c.serve(ctx, p, func(p *post) agent.Request {
		return agent.Request{Version: agent.Version, Snapshot: &q, Node: p.label}
	}, pipe, func(m agent.Message) { s.hear(n, m) })
	pipe.CloseWrite()
	if err := errors.Join(err, <-read); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, block := range held {
		if err := s.out.WriteBlock(block); err != nil {
			return err
		}
	}
	return nil
}
