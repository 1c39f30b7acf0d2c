package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/cluster/bed"
)

// limits is what containers get of open files: an engine's default is more than
// root may have without CAP_SYS_RESOURCE.
const limits = "nofile=1024:1024"

// Run starts a container that the engine's machine reaches by its address.
func (e *Engine) Run(tb testing.TB) Container {
	tb.Helper()
	switch e.Kind {
	case Docker:
		return e.likeDocker(tb, []string{"docker"}, "--ulimit", limits)
	case Containerd:
		return e.containerd(tb)
	case CRIO:
		return e.crio(tb)
	default:
		// crun refuses machines with cgroups of both versions; runc does not mind.
		return e.likeDocker(tb, []string{"podman", "--runtime=runc", "--cgroup-manager=cgroupfs", "--events-backend=file"},
			"--ulimit", limits, "--ulimit", "nproc=1024:1024")
	}
}

// likeDocker is for engines that make a bridge of their own.
func (e *Engine) likeDocker(tb testing.TB, program []string, flags ...string) Container {
	tb.Helper()
	e.load(tb, append(slices.Clip(program), "load")...)
	call := func(args ...string) string {
		tb.Helper()
		return strings.TrimSpace(e.On(tb, append(slices.Clip(program), args...)...))
	}
	lines := strings.Split(call(append(append([]string{"run", "-d"}, flags...), bed.ShellImage)...), "\n")
	c := Container{ID: lines[len(lines)-1]} // warnings stand before it
	var err error
	if c.IP, err = netip.ParseAddr(call("inspect", "-f", "{{.NetworkSettings.IPAddress}}", c.ID)); err != nil {
		tb.Fatal(err)
	}
	return c
}

// containerd leaves the network to its callers: it is a namespace of ours.
func (e *Engine) containerd(tb testing.TB) Container {
	tb.Helper()
	e.load(tb, "ctr", "images", "import", "-")
	id := sha256.Sum256([]byte(labtest.Name())) // the form that nerdctl gives
	c := Container{ID: hex.EncodeToString(id[:]), IP: netip.MustParseAddr("10.99.0.2")}
	e.cable(tb, "of-container", "10.99.0.1/24", c.IP.String()+"/24")
	e.On(tb, "ctr", "run", "-d", "--with-ns", "network:/run/netns/of-container", bed.ShellImage, c.ID)
	return c
}

// cable makes a network namespace on the machine and a veth to it, eth0 there.
func (e *Engine) cable(tb testing.TB, space, here, there string) {
	tb.Helper()
	for _, line := range []string{
		"ip netns add " + space,
		"ip link add c0 type veth peer name eth0 netns " + space,
		"ip addr add " + here + " dev c0",
		"ip link set c0 up",
		"ip -n " + space + " addr add " + there + " dev eth0",
		"ip -n " + space + " link set eth0 up",
	} {
		e.On(tb, strings.Fields(line)...)
	}
}
