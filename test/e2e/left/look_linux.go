package left

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"k8s.io/client-go/kubernetes"

	"github.com/pktrail/pktrail/test/cluster/bed"
)

// Look lists what there is of pktrail in the cluster and on its nodes.
func Look(ctx context.Context, c *bed.Cluster, client kubernetes.Interface) ([]string, error) {
	list, err := objects(ctx, client)
	errs := []error{err}
	nodePrograms := map[uint32]bool{}
	for _, n := range c.Nodes {
		root, err := c.Root(n)
		if err != nil {
			return list, err
		}
		found, err := lookOn(ctx, root, nodePrograms)
		for _, what := range found {
			list = append(list, n.Name+": "+what)
		}
		errs = append(errs, err)
	}
	found, err := programs(nodePrograms)
	errs = append(errs, err)
	return append(list, found...), errors.Join(errs...)
}

// Machine lists what there is of pktrail on one machine, by its root folder.
func Machine(ctx context.Context, root string) ([]string, error) {
	held := map[uint32]bool{}
	list, err := lookOn(ctx, root, held)
	if err != nil {
		return list, err
	}
	found, err := programs(held)
	return append(list, found...), err
}

// lookOn looks at one machine. It adds the BPF programs that processes there
// hold to those in held.
func lookOn(ctx context.Context, root string, held map[uint32]bool) ([]string, error) {
	all, err := processes(root)
	if err != nil {
		return nil, err
	}
	var list []string
	seen := map[string]bool{}
	for _, p := range all {
		add := func(what ...string) {
			for _, w := range what {
				list = append(list, fmt.Sprintf("%s (process %d%s)", w, p.pid, p.pod()))
			}
		}
		if what := p.ours(); what != "" {
			add(what)
		}
		for id := range p.programs() {
			held[id] = true
		}
		if ns := p.link("ns/net"); ns != "" && !seen[ns] {
			seen[ns] = true
			add(p.sockets()...)
			add(p.logger()...)
			tables, err := p.tables(ctx)
			if err != nil {
				return list, err
			}
			add(tables...)
		}
		if ns := p.link("ns/mnt"); ns != "" && !seen[ns] {
			seen[ns] = true
			add(p.files(p.pid == 1)...)
		}
	}
	return list, nil
}

// process is one on a node, by its number there.
type process struct {
	pid int
	dir string // in the node's /proc, as we see it
}

// podGroup is the part of a cgroup's name that the kubelet makes of a pod's UID.
var podGroup = regexp.MustCompile(`/pod([0-9a-f-]{36})`)

// pod says which pod the process belongs to, by UID.
func (p process) pod() string {
	for _, line := range p.lines("cgroup") {
		if m := podGroup.FindStringSubmatch(line); m != nil {
			return " of pod " + m[1]
		}
	}
	return ""
}

// processes lists those on a node, the first one first.
func processes(root string) ([]process, error) {
	entries, err := os.ReadDir(filepath.Join(root, "proc"))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var list []process
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, process{pid, filepath.Join(root, "proc", e.Name())})
		}
	}
	slices.SortFunc(list, func(a, b process) int { return a.pid - b.pid })
	return list, nil
}

// link reads one of a process's links; empty if the process is gone.
func (p process) link(name string) string {
	to, err := os.Readlink(filepath.Join(p.dir, name))
	if err != nil {
		return ""
	}
	return to
}
