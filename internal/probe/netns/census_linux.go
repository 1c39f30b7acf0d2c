package netns

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
)

// All opens every network namespace that has a name, our own, and those of
// processes, each once; at most limit of them, named ones first. What may not
// be opened is left out. The caller closes them.
func All(ctx context.Context, o Options, limit int) []*Namespace {
	e := newEnv(o)
	var all []*Namespace
	seen := map[uint64]bool{}
	add := func(n *Namespace, err error) {
		if err != nil {
			return
		}
		if seen[n.Inode] || len(all) >= limit {
			_ = n.Close()
			return
		}
		seen[n.Inode] = true
		all = append(all, n)
	}
	add(e.openOwn())
	add(e.openHost())
	for _, n := range e.names() {
		add(e.openNamed(n.path))
	}
	pids, err := e.proc.pids()
	if err != nil {
		return all
	}
	for _, pid := range pids {
		if len(all) >= limit || ctx.Err() != nil {
			break
		}
		if inode := inodeOf(e.proc.netns(pid)); inode != 0 && !seen[inode] {
			add(e.openPID(pid, 0))
		}
	}
	return all
}

// Find opens the network namespace with an inode number: by a name that it
// has, else by a process that is in it. One that neither has is a
// *NotFoundError: it may be held by a socket alone.
func Find(ctx context.Context, inode uint64, o Options) (*Namespace, error) {
	e := newEnv(o)
	if inode == e.own {
		return e.openOwn()
	}
	if inode == e.host {
		return e.openHost()
	}
	for _, n := range e.names() {
		if n.inode == inode {
			return e.openNamed(n.path)
		}
	}
	pids, err := e.proc.pids()
	if err != nil {
		return nil, err
	}
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if inodeOf(e.proc.netns(pid)) != inode {
			continue
		}
		if n, err := e.openPID(pid, 0); err == nil && n.Inode == inode {
			return n, nil
		} else if err == nil {
			_ = n.Close() // the process has moved on
		}
	}
	return nil, &NotFoundError{What: "network namespace " + strconv.FormatUint(inode, 10), Why: "no name and no process leads to it"}
}

// Addresses lists the namespace's own addresses, without loopback and
// link-local ones, in the order of its devices.
func (n *Namespace) Addresses() ([]netip.Addr, error) {
	v, err := newView(n)
	if err != nil {
		return nil, err
	}
	defer v.close()
	list, err := v.addresses()
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, a := range list {
		if !a.addr.IsLoopback() && !a.addr.IsLinkLocalUnicast() && !slices.Contains(out, a.addr) {
			out = append(out, a.addr)
		}
	}
	return out, nil
}

// Place says whose the namespace is: the node's name, and the target's on that
// node, which is empty for the node's own. near are the namespaces that were
// opened to find out, for the caller to close.
func (n *Namespace) Place(ctx context.Context) (node, target string, near []*Namespace, err error) {
	w := newWalk(ctx, n)
	defer w.close()
	v, err := w.view(n)
	if err != nil {
		return "", "", nil, err
	}
	p, err := w.locate(v)
	if err != nil {
		return "", "", nil, err
	}
	near, w.opened = w.opened, nil
	return p.node, p.target, near, nil
}
