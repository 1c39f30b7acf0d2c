package netns

import (
	"fmt"
	"iter"
	"os"

	"github.com/vishvananda/netlink"
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

// peerView gives the view of the namespace in which the other end of a veth,
// or the parent of a macvlan, lives: IFLA_LINK counts there. nil and a reason
// if it cannot be reached.
func (w *walk) peerView(v *view, l netlink.Link) (peer *view, why string) {
	a := l.Attrs()
	if a.NetNsID < 0 {
		return v, ""
	}
	key := nsKey{v.ns.Inode, a.NetNsID}
	if known, ok := w.peers[key]; ok {
		return known.view, known.why
	}
	peer, why = w.findPeer(v, a.NetNsID)
	w.peers[key] = found{peer, why}
	return peer, why
}

func (w *walk) findPeer(v *view, nsid int) (peer *view, why string) {
	for _, known := range w.views {
		if v.isAt(int(known.ns.file.Fd()), nsid) {
			return known, ""
		}
	}
	for c := range w.env.candidates() {
		if w.ctx.Err() != nil {
			return nil, w.ctx.Err().Error()
		}
		n, err := c.open(w.env)
		if err != nil {
			continue // gone, or not ours to look into: then it is not found
		}
		if !v.isAt(int(n.file.Fd()), nsid) {
			_ = n.Close()
			continue
		}
		n.Label = w.env.nodeName(c)
		w.opened = append(w.opened, n)
		peer, err = w.view(n)
		if err != nil {
			return nil, err.Error()
		}
		return peer, ""
	}
	return nil, "its namespace was not found among those with names and those of processes"
}
