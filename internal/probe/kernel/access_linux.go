package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/netns"
)

// namedNamespaces asks whether names such as those of `ip netns` can be
// looked up.
func namedNamespaces() Check {
	c := Check{Name: "named namespaces", Helps: []Use{Capture, Trace}}
	f, err := os.Open("/run/netns")
	switch {
	case err == nil:
		_ = f.Close()
	case !errors.Is(err, fs.ErrNotExist):
		c = answer(c, err, "netns: targets cannot be found by their names")
		return c
	}
	c.State, c.Detail = OK, fmt.Sprintf("%d found", len(netns.Names(netns.Options{})))
	return c
}

// processes asks whether the namespaces of other processes can be looked at,
// for pid:, container: and cri: targets.
func processes(st status) Check {
	c := Check{Name: "other processes", Helps: []Use{Capture, Trace}}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return unreadable(c, err)
	}
	total, open := 0, 0
	for _, e := range entries {
		if name := e.Name(); name[0] >= '1' && name[0] <= '9' {
			_, err := os.Readlink("/proc/" + name + "/ns/net")
			switch {
			case err == nil:
				open++
				total++
			case isRefusal(err):
				total++ // and what has ended since, counts as nothing
			}
		}
	}
	c.State, c.Detail = OK, fmt.Sprintf("%d of %d can be looked into", open, total)
	b, err := os.ReadFile("/proc/self/mountinfo")
	hide := parseHidepid(b)
	if err == nil && hide != "" {
		c.Detail += ", /proc is mounted with hidepid=" + hide
	}
	hidden := hide != "" && !st.has(unix.CAP_SYS_PTRACE)
	if hidden || open*2 < total {
		c.State = No
		c.Hint = "the others' namespaces need CAP_SYS_PTRACE: pid:, container: and cri: targets"
	}
	return c
}

// runtimes asks the container runtimes at their usual sockets for their
// version.
func runtimes(ctx context.Context) Check {
	c := Check{Name: "container runtime (CRI)", Helps: []Use{Capture, Trace}}
	var answered, failed []string
	refused := false
	for _, socket := range netns.CRISockets() {
		if _, err := os.Stat(socket); err != nil {
			if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
				refused = true
				failed = append(failed, err.Error())
			}
			continue
		}
		v, err := netns.CRIVersion(ctx, socket)
		if err != nil {
			failed = append(failed, err.Error())
			continue
		}
		answered = append(answered, v+" at "+socket)
	}
	const lost = "cri: targets and pod names are not to be had; container: finds containers of any runtime"
	switch {
	case len(answered) > 0:
		c.State, c.Detail = OK, strings.Join(answered, ", ")
	case refused:
		c.State, c.Detail, c.Hint = Unknown, strings.Join(failed, "; "), lost
	case len(failed) > 0:
		c.State, c.Detail, c.Hint = No, strings.Join(failed, "; "), lost
	default:
		c.State, c.Detail, c.Hint = No, "no socket at a usual place", lost
	}
	return c
}
