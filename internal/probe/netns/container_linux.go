package netns

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// shortID is how many digits of a container id people are shown.
const shortID = 12

// openContainer finds a container of any runtime by its id or the beginning
// of it, by the cgroups of all processes.
func (e env) openContainer(ctx context.Context, prefix string) (*Namespace, error) {
	what := "container " + prefix
	// A container may end and start again between the look and the opening;
	// a second look tells the two cases apart.
	for range 2 {
		found, err := e.containers(ctx)
		if err != nil {
			return nil, err
		}
		ids := matching(found, prefix)
		switch len(ids) {
		case 0:
			return nil, &NotFoundError{
				What: what, Names: shortNames(slices.Collect(maps.Keys(found))),
				instead: "no container is to be seen in /proc here; on its node it is",
			}
		case 1:
		default:
			return nil, &AmbiguousError{What: what, Names: firstNames(ids)}
		}
		n, err := e.openFirst(found[ids[0]], func(o owner) bool { return o.container == ids[0] })
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		n.Label, n.ContainerID = short(ids[0]), ids[0]
		return n, nil
	}
	return nil, &NotFoundError{What: what, Why: "its processes ended while they were opened"}
}

// containers gives the processes of each container.
func (e env) containers(ctx context.Context) (map[string][]int, error) {
	pids, err := e.proc.pids()
	if err != nil {
		return nil, err
	}
	found := map[string][]int{}
	own := owners{proc: e.proc}
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if id := own.of(pid).container; id != "" {
			found[id] = append(found[id], pid)
		}
	}
	return found, nil
}

// openFirst opens the namespace of the process that started first, which is
// the container's own and not one that somebody ran in it later. is checks
// the process's owner once more, after its start time was read.
func (e env) openFirst(pids []int, is func(owner) bool) (*Namespace, error) {
	type process struct {
		pid   int
		start uint64
	}
	var all []process
	own := owners{proc: e.proc}
	for _, pid := range pids {
		st, err := e.proc.stat(pid)
		if err == nil && st.state != 'Z' && st.state != 'X' && is(own.of(pid)) {
			all = append(all, process{pid, st.start})
		}
	}
	slices.SortFunc(all, func(a, b process) int {
		if a.start != b.start {
			if a.start < b.start {
				return -1
			}
			return 1
		}
		return a.pid - b.pid
	})
	var last error = &NotFoundError{What: "process of it"}
	for _, p := range all {
		n, err := e.openPID(p.pid, p.start)
		if err == nil {
			return n, nil
		}
		last = err
		if !errors.Is(err, fs.ErrNotExist) {
			break // not gone but refused: the next will be refused as well
		}
	}
	return nil, last
}

func matching(found map[string][]int, prefix string) []string {
	var ids []string
	for id := range found {
		if strings.HasPrefix(id, prefix) {
			ids = append(ids, id)
		}
	}
	return ids
}

func short(id string) string { return id[:min(len(id), shortID)] }

func shortNames(ids []string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = short(id)
	}
	return firstNames(names)
}
