//go:build !pktrail_lite

package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/record"
)

// mostNamespaces bounds how many namespaces of a machine are taken: each is a
// descriptor.
const mostNamespaces = 4096

// progressEvery is how often progress is told.
const progressEvery = 200 * time.Millisecond

// takeSnapshot takes the machine's namespaces one after the other into the
// stream, so that no more than one is in memory.
func takeSnapshot(ctx context.Context, rq Request, w io.Writer, talk func(Message)) error {
	s := &snapshooter{ctx: ctx, req: rq.Snapshot, o: netns.Options{CRISocket: rq.Snapshot.CRISocket, Node: rq.Node}, talk: talk}
	about := header(rq.Node)
	s.whole = netstate.Snapshot{
		Version: netstate.Version, Tool: "pktrail " + version, Node: rq.Node, Boot: about.Boot,
		ByteOrder: netstate.NativeOrder(), Taken: time.Now(),
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		s.whole.Kernel, s.whole.Machine = unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])
	}
	if s.whole.Node == "" {
		s.whole.Node, _ = os.Hostname()
	}
	about.Node = s.whole.Node
	out, err := record.NewWriter(w, about)
	if err != nil {
		return err
	}
	if err := s.take(out); err != nil {
		return err
	}
	if err := out.End(record.End{Reason: "taken", At: time.Now()}); err != nil {
		return err
	}
	talk(Message{Kind: KindEnded, Text: "taken", Taken: &s.taken})
	return nil
}

type snapshooter struct {
	ctx   context.Context
	req   *Snapshot
	o     netns.Options
	talk  func(Message)
	whole netstate.Snapshot
	taken Taken
	told  time.Time
}

func (s *snapshooter) take(out *record.Writer) error {
	list, err := s.namespaces()
	if err != nil {
		return err
	}
	defer func() {
		for _, n := range list {
			_ = n.Close()
		}
	}()
	one, err := out.Snapshot(s.whole.Node)
	if err != nil {
		return err
	}
	paths, host := netns.Paths(s.o), netns.HostInode(s.o)
	files := make([]*os.File, len(list))
	for i, n := range list {
		files[i] = n.File()
	}
	o := netlink.Options{Parts: s.req.Parts, Others: files}
	var wanted *connections
	if s.req.Connections != "" {
		if wanted, err = newConnections(s.req.Connections); err != nil {
			return err
		}
		o.Connections = &netlink.ConnectionFilter{Limit: mostConnections}
	}
	for i, n := range list {
		got, err := netlink.Take(s.ctx, n.File(), o)
		switch {
		case s.ctx.Err() != nil:
			return context.Cause(s.ctx)
		case err != nil:
			s.whole.Unreadable = append(s.whole.Unreadable, netstate.Unreadable{Part: netstate.PartNamespaces, What: n.Label, Why: err.Error()})
			continue
		}
		if wanted != nil {
			got.Conntrack.Entries = wanted.keep(got.Conntrack.Entries)
		}
		got.Host, got.PID, got.Names = n.Inode == host, max(n.PID, 0), paths[n.Inode]
		if err := one.Namespace(got); err != nil {
			return err
		}
		s.taken.count(got)
		s.progress(i+1, len(list))
	}
	if s.wants(netstate.PartWorkloads) {
		var missing []netstate.Unreadable
		s.whole.Workloads, missing = netns.Workloads(s.ctx, s.o)
		if len(s.req.Targets) > 0 {
			s.whole.Workloads = slices.DeleteFunc(s.whole.Workloads, func(w netstate.Workload) bool {
				return !slices.ContainsFunc(list, func(n *netns.Namespace) bool { return n.Inode == w.Netns })
			})
		}
		s.whole.Unreadable = append(s.whole.Unreadable, missing...)
	}
	s.taken.Workloads = len(s.whole.Workloads)
	s.taken.missing(s.whole.Unreadable)
	s.whole.Took = time.Since(s.whole.Taken)
	return one.End(&s.whole)
}

func (s *snapshooter) wants(p netstate.Part) bool {
	return len(s.req.Parts) == 0 || slices.Contains(s.req.Parts, p)
}

func (s *snapshooter) progress(done, of int) {
	if now := time.Now(); now.Sub(s.told) >= progressEvery {
		s.told = now
		s.talk(Message{Kind: KindProgress, Progress: &Progress{done, of}})
	}
}

// namespaces opens those that are wanted: the machine's own first, then by
// their inodes, so that two snapshots can be compared.
func (s *snapshooter) namespaces() ([]*netns.Namespace, error) {
	all := netns.All(s.ctx, s.o, mostNamespaces)
	if len(all) == mostNamespaces {
		s.whole.Unreadable = append(s.whole.Unreadable, netstate.Unreadable{
			Part: netstate.PartNamespaces, Why: fmt.Sprintf("more than %d: the others are left out", mostNamespaces),
		})
	}
	host := netns.HostInode(s.o)
	order := func(a, b *netns.Namespace) int {
		switch {
		case a.Inode == host:
			return -1
		case b.Inode == host, a.Inode > b.Inode:
			return 1
		}
		return -1
	}
	slices.SortFunc(all, order)
	if len(s.req.Targets) == 0 {
		if len(all) == 0 {
			return nil, errors.New("no network namespace could be opened")
		}
		return all, nil
	}
	kept, err := s.near(all)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(kept, order)
	return kept, nil
}

// near keeps the targets' namespaces and those that packets can go to from
// there.
func (s *snapshooter) near(all []*netns.Namespace) ([]*netns.Namespace, error) {
	var from []*netns.Namespace
	closeAll := func(list []*netns.Namespace) {
		for _, n := range list {
			_ = n.Close()
		}
	}
	for _, text := range s.req.Targets {
		t, err := netns.ParseTarget(text)
		var n *netns.Namespace
		if err == nil {
			n, err = netns.Open(s.ctx, t, s.o)
		}
		if err != nil {
			closeAll(all)
			closeAll(from)
			return nil, err
		}
		from = append(from, n)
		s.taken.Targets = append(s.taken.Targets, n.Inode)
	}
	reached := netns.Connected(s.ctx, from, all)
	var kept []*netns.Namespace
	have := map[uint64]bool{}
	for _, n := range slices.Concat(all, from) {
		if reached[n.Inode] && !have[n.Inode] {
			have[n.Inode] = true
			kept = append(kept, n)
		} else {
			_ = n.Close()
		}
	}
	return kept, nil
}
