package topology

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// name makes a pod of each workload, in the order of the State.
func (f *finder) name() {
	for _, m := range f.machines {
		for _, snap := range m.snaps {
			for i := range snap.Workloads {
				f.workload(m, snap, &snap.Workloads[i])
			}
		}
	}
}

// workload makes a pod, or adds its containers to the pod whose namespace it
// shares.
func (f *finder) workload(m *machine, snap *netstate.Snapshot, w *netstate.Workload) {
	sp := m.spaces[w.Netns]
	if w.Netns == 0 {
		sp = nil
	}
	hostNetwork := w.HostNetwork || sp != nil && sp.ns.Host && sp.snap == snap
	if !hostNetwork && f.bySpace[sp] != nil && sp != nil {
		shared := f.bySpace[sp]
		if shared.UID == w.UID || w.Pod == "" {
			for _, c := range containers(w) {
				if !slices.Contains(shared.Containers, c) {
					shared.Containers = append(shared.Containers, c)
				}
			}
			return
		}
	}
	p := &pod{Pod: Pod{
		Namespace: w.Namespace, Name: w.Pod, UID: w.UID, From: w.From, HostNetwork: hostNetwork,
		Runtime: w.Runtime, PID: w.PID, Containers: containers(w),
	}}
	if p.Name == "" {
		p.Name = workloadName(w)
	}
	p.snap = snap
	p.Netns.Inode = w.Netns
	if sp != nil && !hostNetwork {
		p.space = sp
		f.bySpace[sp] = p
	}
	f.pods = append(f.pods, p)
}

func containers(w *netstate.Workload) []string {
	var out []string
	for _, c := range w.Containers {
		if name := containerName(&c); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func containerName(c *netstate.Container) string {
	if c.Name != "" {
		return strings.TrimPrefix(c.Name, "/")
	}
	return c.ID[:min(len(c.ID), 12)] // as docker ps shows it
}

// workloadName calls a container that is of no pod.
func workloadName(w *netstate.Workload) string {
	if names := containers(w); len(names) > 0 {
		return names[0]
	}
	if w.PID > 0 {
		return fmt.Sprintf("pid-%d", w.PID)
	}
	return fmt.Sprintf("netns-%d", w.Netns)
}

// spaceName calls a namespace by what is known of it alone.
func spaceName(sp *space) string {
	switch {
	case sp.ns.Host:
		return sp.snap.Node
	case len(sp.ns.Names) > 0 && path.Base(sp.ns.Names[0]) != ".":
		return path.Base(sp.ns.Names[0])
	case sp.ns.PID > 0:
		return fmt.Sprintf("pid-%d", sp.ns.PID)
	}
	return fmt.Sprintf("netns-%d", sp.ns.Inode)
}

func netnsOf(sp *space) Netns {
	n := Netns{Inode: sp.ns.Inode, Host: sp.ns.Host}
	if len(sp.ns.Names) > 0 {
		n.Path = sp.ns.Names[0]
	}
	return n
}
