package netns

import (
	"context"
	"fmt"
	"iter"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// candidate is a namespace that may be the one an nsid stands for.
type candidate struct {
	path  string
	inode uint64
	name  string // of a named one
	pid   int    // of one that was found by a process
}

// candidates yields the namespaces of this machine, each once: our own, the
// machine's, those with names, those of processes. /proc is read only as far
// as the caller goes on.
func (e env) candidates() iter.Seq[candidate] {
	return func(yield func(candidate) bool) {
		seen := map[uint64]bool{0: true}
		next := func(c candidate) bool {
			if seen[c.inode] {
				return true
			}
			seen[c.inode] = true
			return yield(c)
		}
		if !next(candidate{path: ownNS, inode: e.own, pid: os.Getpid()}) ||
			!next(candidate{path: e.proc.netns(1), inode: e.host, pid: 1}) {
			return
		}
		for _, n := range e.names() {
			if !next(candidate{path: n.path, inode: n.inode, name: n.name}) {
				return
			}
		}
		pids, err := e.proc.pids()
		if err != nil {
			return
		}
		for _, pid := range pids {
			path := e.proc.netns(pid)
			if !next(candidate{path: path, inode: inodeOf(path), pid: pid}) {
				return
			}
		}
	}
}

// open opens the candidate, unless its path has come to stand for another
// namespace.
func (c candidate) open(e env) (*Namespace, error) {
	f, inode, err := openFile(c.path)
	if err != nil {
		return nil, err
	}
	if inode != c.inode {
		_ = f.Close()
		return nil, &NotFoundError{What: "namespace " + c.path, Why: "it ended while it was opened"}
	}
	return &Namespace{
		Target: Target{Kind: Netns, Value: c.path},
		Inode:  inode, PID: c.pid, HostNetwork: e.isMachine(inode), file: f, env: e,
	}, nil
}

// nodeName is what the namespace is called when it plays a node: the
// machine's name for its own, else the name it has, else what runs in it.
func (e env) nodeName(c candidate) string {
	switch {
	case c.inode == e.host:
		return e.node
	case c.name != "":
		return c.name
	}
	if name := e.nameOf(c.inode); name != "" {
		return name
	}
	if c.inode == e.own || c.pid <= 0 {
		return e.node
	}
	own := owners{proc: e.proc}
	if id := own.of(c.pid).container; id != "" {
		return short(id)
	}
	if st, err := e.proc.stat(c.pid); err == nil {
		return fmt.Sprintf("%s-%d", plainName(st.name), c.pid)
	}
	return fmt.Sprintf("netns-%d", c.inode)
}

// peer gives the namespace in which the other end of a veth, or the parent of a
// macvlan, lives: IFLA_LINK counts there. nil if it cannot be reached.
func (w *walk) peer(v *view, l netlink.Link) *Namespace {
	a := l.Attrs()
	if a.NetNsID < 0 {
		return v.ns
	}
	known := slices.Clone(w.opened)
	for _, seen := range w.views {
		known = append(known, seen.ns)
	}
	n, opened, _ := w.env.peer(w.ctx, v.nl, a.NetNsID, known)
	if opened {
		w.opened = append(w.opened, n)
	}
	return n
}

// peer finds the namespace that another one knows by nsid, first among known
// ones; nil and a reason where it cannot. nl is a socket in that other one.
func (e env) peer(ctx context.Context, nl *netlink.Handle, nsid int, known []*Namespace) (n *Namespace, opened bool, why string) {
	is := func(n *Namespace) bool {
		id, err := nsidOf(nl, n)
		return err == nil && id == nsid
	}
	for _, n := range known {
		if is(n) {
			return n, false, ""
		}
	}
	for c := range e.candidates() {
		if ctx.Err() != nil {
			return nil, false, ctx.Err().Error()
		}
		n, err := c.open(e)
		if err != nil {
			continue // gone, or not ours to look into: then it is not found
		}
		if is(n) {
			n.Label = e.nodeName(c)
			return n, true, ""
		}
		_ = n.Close()
	}
	return nil, false, "its namespace was not found among those with names and those of processes"
}

// Peer finds the namespace that this one knows by an id (IFLA_LINK_NETNSID):
// among the known ones, or else among those with names and those of processes,
// which it opens for the caller to close. It is called what it is called where
// it plays a node. nil and a reason if it cannot be found.
func (n *Namespace) Peer(ctx context.Context, nsid int, known []*Namespace) (peer *Namespace, why string) {
	var nl *netlink.Handle
	err := n.Do(func() (err error) {
		nl, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		return err
	})
	if err != nil {
		return nil, err.Error()
	}
	defer nl.Close()
	peer, _, why = n.env.peer(ctx, nl, nsid, known)
	return peer, why
}
