package netlink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
	"github.com/pktrail/pktrail/internal/probe/within"
)

// part is one part of a snapshot and how it is taken.
type part struct {
	name netstate.Part
	// take reads it and puts it into t.out, in place of what may be there from
	// an earlier try. The thread is in the namespace. An error that is
	// nlsock.ErrChanged means that all was put there, but of more than one
	// moment; any other makes the part unreadable.
	take func(t *taker) error
}

// parts are all of them, in the order in which they are taken: what refers to
// links comes after them.
func parts() []part {
	return []part{
		{netstate.PartLinks, (*taker).links},
		{netstate.PartNamespaces, (*taker).nsids},
		{netstate.PartAddresses, (*taker).addresses},
		{netstate.PartNeighbours, (*taker).neighbours},
		{netstate.PartFDB, (*taker).fdb},
		{netstate.PartPrograms, (*taker).programs},
		{netstate.PartRoutes, (*taker).routes},
		{netstate.PartRules, (*taker).rules},
		{netstate.PartNexthops, (*taker).nexthops},
		{netstate.PartConntrack, (*taker).conntrack},
		{netstate.PartIPVS, (*taker).ipvs},
		{netstate.PartSysctls, (*taker).sysctls},
		{netstate.PartListeners, (*taker).listeners},
		{netstate.PartChains, (*taker).chains},
		{netstate.PartChains, (*taker).legacy},
		{netstate.PartSets, (*taker).ipsets},
	}
}

// tries is how often a part is read that changes meanwhile.
const tries = 3

// Take reads the configuration of the namespace that the file is of; nil is our
// own. Inode, what was asked for, Unreadable and Changed are filled in; Host,
// Names and PID are the caller's to know. It needs CAP_SYS_ADMIN unless the
// namespace is our own, and CAP_NET_ADMIN for some parts.
//
// An error means that the namespace could not be entered, or that ctx ended.
func Take(ctx context.Context, netns *os.File, o Options) (*netstate.Namespace, error) {
	t := &taker{ctx: ctx, o: o, conns: map[int]*nlsock.Conn{}, out: &netstate.Namespace{}}
	err := within.Do(netns, func() error {
		defer t.close()
		var st syscall.Stat_t
		if err := syscall.Stat(within.Own, &st); err != nil {
			return fmt.Errorf("look at network namespace: %w", err)
		}
		t.out.Inode = st.Ino
		return t.run()
	})
	if err != nil {
		return nil, fmt.Errorf("take snapshot of network namespace: %w", err)
	}
	return t.out, nil
}

// taker takes one namespace.
type taker struct {
	ctx   context.Context
	o     Options
	conns map[int]*nlsock.Conn // by netlink family
	out   *netstate.Namespace
	// hardware is Link.Type by index.
	hardware map[int]uint16
}

// run takes all parts, and those again that changed before the last one was
// taken: what is kept then held all at the same time.
func (t *taker) run() error {
	w, err := watch()
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	again := map[netstate.Part]bool(nil)
	for pass := range tries {
		for _, p := range parts() {
			if !t.o.wants(p.name) || pass > 0 && !again[p.name] {
				continue
			}
			if err := t.part(p); err != nil {
				return err
			}
		}
		if again = changedSince(w); len(again) == 0 {
			return t.ctx.Err()
		}
	}
	for _, p := range parts() {
		if t.o.wants(p.name) && again[p.name] && !slices.Contains(t.out.Changed, p.name) {
			t.out.Changed = append(t.out.Changed, p.name)
		}
	}
	return t.ctx.Err()
}

// part takes one part, again if it changed meanwhile. An error means that ctx
// ended.
func (t *taker) part(p part) error {
	t.out.Unreadable = slices.DeleteFunc(t.out.Unreadable, func(u netstate.Unreadable) bool { return u.Part == p.name })
	t.out.Changed = slices.DeleteFunc(t.out.Changed, func(c netstate.Part) bool { return c == p.name })
	err := nlsock.ErrChanged
	for try := 0; try < tries && errors.Is(err, nlsock.ErrChanged); try++ {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		err = p.take(t)
	}
	switch {
	case errors.Is(err, nlsock.ErrChanged):
		t.out.Changed = append(t.out.Changed, p.name)
	case err != nil:
		t.unreadable(p.name, "", err)
	}
	return nil
}

// unreadable notes that a part, or what of it, could not be read. A part whose
// function returns an error is noted without it.
func (t *taker) unreadable(p netstate.Part, what string, err error) {
	t.out.Unreadable = slices.DeleteFunc(t.out.Unreadable, func(u netstate.Unreadable) bool {
		return u.Part == p && u.What == what // of an earlier try
	})
	t.out.Unreadable = append(t.out.Unreadable, netstate.Unreadable{Part: p, What: what, Why: err.Error()})
}

// conn is the socket of a netlink family (unix.NETLINK_ROUTE, ...) in the
// namespace, opened when first needed.
func (t *taker) conn(family int) (*nlsock.Conn, error) {
	if c, ok := t.conns[family]; ok {
		return c, nil
	}
	c, err := nlsock.Dial(family)
	if err != nil {
		return nil, err
	}
	t.conns[family] = c
	return c, nil
}

func (t *taker) close() {
	for _, c := range t.conns {
		_ = c.Close() // nothing is lost with it
	}
}
