//go:build !pktrail_lite

package netns

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netns/cri"
)

// Workloads lists the pods and containers that run on this machine: those that
// the container runtimes know, and those that the cgroups of processes show
// beside these. What could not be asked is in unreadable.
func Workloads(ctx context.Context, o Options) (list []netstate.Workload, unreadable []netstate.Unreadable) {
	e := newEnv(o)
	cannot := func(what string, err error) {
		unreadable = append(unreadable, netstate.Unreadable{Part: netstate.PartWorkloads, What: what, Why: err.Error()})
	}
	seen, err := e.census(ctx)
	if err != nil {
		cannot("processes", err)
	}
	sockets, err := e.sockets()
	if err != nil && !isAbsent(err) {
		cannot("container runtimes", err)
	}
	for _, socket := range sockets {
		pods, err := e.podsOf(ctx, socket, seen)
		if err != nil {
			cannot(socket, err)
		}
		list = append(list, pods...)
	}
	list = append(list, seen.rest()...)
	slices.SortFunc(list, func(a, b netstate.Workload) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Pod, b.Pod), strings.Compare(a.UID, b.UID), strings.Compare(firstID(a), firstID(b)))
	})
	return list, unreadable
}

func firstID(w netstate.Workload) string {
	if len(w.Containers) == 0 {
		return ""
	}
	return w.Containers[0].ID
}

// isAbsent reports whether there is no runtime at all, which is an answer.
func isAbsent(err error) bool {
	_, absent := err.(*NotFoundError) //nolint:errorlint // made here, and never wrapped
	return absent
}

// population is who lives on the machine, by the cgroups of its processes.
type population struct {
	// containers are the first process of each container, in the order of the
	// process table.
	containers map[string]resident
	host       uint64
}

type resident struct {
	pid    int
	inode  uint64
	podUID string
	// told is true once a runtime has named the container.
	told bool
}

// census reads the cgroup and the namespace of every process.
func (e env) census(ctx context.Context) (population, error) {
	p := population{containers: map[string]resident{}, host: e.host}
	pids, err := e.proc.pids()
	if err != nil {
		return p, err
	}
	slices.Sort(pids)
	own := owners{proc: e.proc}
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		o := own.of(pid)
		if o.container == "" {
			continue
		}
		if _, known := p.containers[o.container]; known {
			continue
		}
		if inode := inodeOf(e.proc.netns(pid)); inode != 0 {
			p.containers[o.container] = resident{pid: pid, inode: inode, podUID: o.podUID}
		}
	}
	return p, nil
}

// find gives a container's first process, and notes that it has a name.
func (p population) find(id string) (resident, bool) {
	r, ok := p.containers[id]
	if ok {
		r.told = true
		p.containers[id] = r
	}
	return r, ok
}

// rest are the containers that no runtime has named, those of a pod together.
func (p population) rest() []netstate.Workload {
	var out []netstate.Workload
	pods := map[string]int{}
	for id, r := range p.containers {
		if r.told {
			continue
		}
		i, known := pods[r.podUID]
		if !known || r.podUID == "" {
			i = len(out)
			out = append(out, netstate.Workload{UID: r.podUID, From: "cgroup"})
			pods[r.podUID] = i
		}
		w := &out[i]
		w.Containers = append(w.Containers, netstate.Container{ID: id, PID: r.pid})
		p.settle(w, r)
	}
	for i := range out {
		slices.SortFunc(out[i].Containers, func(a, b netstate.Container) int { return cmp.Compare(a.PID, b.PID) })
	}
	return out
}

// settle says where a workload lives, by its oldest process.
func (p population) settle(w *netstate.Workload, r resident) {
	if w.PID != 0 && w.PID <= r.pid {
		return
	}
	w.PID, w.Netns, w.HostNetwork = r.pid, r.inode, r.inode == p.host
}

// podsOf asks a runtime for its pods and their containers.
func (e env) podsOf(ctx context.Context, socket string, seen population) ([]netstate.Workload, error) {
	ctx, cancel := context.WithTimeout(ctx, criTimeout)
	defer cancel()
	c, err := dialCRI(socket)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	name, _, err := c.Version(ctx)
	if err != nil {
		return nil, err
	}
	pods, err := c.ready(ctx, nil)
	if err != nil {
		return nil, err
	}
	containers, err := c.Running(ctx)
	if err != nil {
		return nil, err
	}
	in := map[string][]cri.Container{}
	for _, k := range containers {
		in[k.Sandbox] = append(in[k.Sandbox], k)
	}
	out := make([]netstate.Workload, 0, len(pods))
	for _, s := range pods {
		w := netstate.Workload{Namespace: s.Namespace, Pod: s.Name, UID: s.UID, Runtime: name, From: "cri"}
		if r, ok := seen.find(s.ID); ok {
			seen.settle(&w, r)
		}
		for _, k := range in[s.ID] {
			one := netstate.Container{ID: k.ID, Name: k.Name, Image: k.Image}
			if r, ok := seen.find(k.ID); ok {
				one.PID = r.pid
				seen.settle(&w, r)
			}
			w.Containers = append(w.Containers, one)
		}
		slices.SortFunc(w.Containers, func(a, b netstate.Container) int { return strings.Compare(a.Name, b.Name) })
		if w.Netns == 0 {
			e.byStatus(ctx, c, s, &w)
		}
		out = append(out, w)
	}
	return out, nil
}

// byStatus asks the runtime where a pod lives whose processes are not to be
// seen: of another pid namespace, or in a virtual machine.
func (e env) byStatus(ctx context.Context, c *criClient, s cri.Sandbox, w *netstate.Workload) {
	n, err := e.openSandbox(ctx, c, s)
	if err != nil {
		return // known by its name alone
	}
	defer func() { _ = n.Close() }()
	w.Netns, w.HostNetwork, w.PID = n.Inode, n.HostNetwork, n.PID
}

// HostInode is the inode of the machine's own namespace; of ours, where that
// cannot be seen.
func HostInode(o Options) uint64 {
	e := newEnv(o)
	return cmp.Or(e.host, e.own)
}

// Paths are the files by which namespaces can be opened, by their inodes, as
// the machine's own processes see them.
func Paths(o Options) map[uint64][]string {
	e := newEnv(o)
	out := map[uint64][]string{}
	for _, n := range e.names() {
		out[n.inode] = append(out[n.inode], strings.TrimPrefix(n.path, e.proc.file(1, "root")))
	}
	return out
}
