package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// CRIO is what cri-o leaves to be seen of a pod, which Debian does not have: a
// container by runc in cgroups of cri-o's names, its conmon beside it in the
// machine's own network, a namespace below /var/run/netns, and a CRI socket.
const CRIO Kind = "crio"

// The one pod there is.
const (
	CRIONamespace = "shop"
	CRIOPod       = "web-x2k8l"
	crioUID       = "9e1b2f30-6a51-4c7e-8d0b-0a9f3c5e7d11"
)

// Told is how much cri-o tells of a sandbox in its verbose status.
type Told int

// The forms there are: with an infra container, without one (drop_infra_ctr, the
// default), and a version that tells nothing of use.
const (
	TellPID Told = iota
	TellPath
	TellNothing
)

// crio starts the pod and answers at the socket until the test ends.
func (e *Engine) crio(tb testing.TB) Container {
	tb.Helper()
	id := sha256.Sum256([]byte(labtest.Name()))
	c := Container{ID: hex.EncodeToString(id[:]), IP: netip.MustParseAddr("10.85.0.2")}
	const space = "cni-f0e1c7a-2f6d-4b8e-9a55-3d2c1b0a9f88"
	e.cable(tb, space, "10.85.0.1/24", c.IP.String()+"/24")

	pod := "/kubepods/besteffort/pod" + crioUID
	// It is there before the container is, and in the machine's network.
	e.On(tb, "sh", "-c", `for h in /sys/fs/cgroup/*/; do
		mkdir -p "$h$0/crio-conmon-$1"
		for f in cpuset.cpus cpuset.mems; do
			d="$h"; for part in $(echo "$0/crio-conmon-$1" | tr / ' '); do
				d="$d/$part"; [ ! -e "$d/$f" ] || cat "$d/../$f" >"$d/$f"
			done
		done
	done
	(for h in /sys/fs/cgroup/*/; do echo 0 >"$h$0/crio-conmon-$1/cgroup.procs"; done; exec setsid sleep 600 </dev/null >/dev/null 2>&1) &`, pod, c.ID)
	e.bundle(tb, space, pod+"/crio-"+c.ID)
	e.On(tb, "sh", "-c", `exec runc run -d --bundle /var/lib/bundle "$0" </dev/null >/var/log/runc.log 2>&1`, c.ID)
	pid, err := strconv.Atoi(strings.TrimSpace(e.On(tb, "sh", "-c", `cat /run/runc/"$0"/state.json | sed 's/.*"init_process_pid":\([0-9]*\).*/\1/'`, c.ID)))
	if err != nil {
		tb.Fatal(err)
	}
	e.answer(tb, &crioServer{path: "/var/run/netns/" + space, pid: pid, ip: c.IP.String(), told: e.Told})
	return c
}

// bundle writes what runc runs: busybox, in the network that is there.
func (e *Engine) bundle(tb testing.TB, space, cgroup string) {
	tb.Helper()
	type object = map[string]any
	config, err := json.Marshal(object{
		"ociVersion": "1.0.2",
		"root":       object{"path": "rootfs"},
		"process":    object{"cwd": "/", "args": []string{"/bin/busybox", "sleep", "600"}, "user": object{"uid": 0, "gid": 0}},
		"mounts":     []object{{"destination": "/proc", "type": "proc", "source": "proc"}},
		"linux": object{
			"cgroupsPath": cgroup,
			"namespaces":  []object{{"type": "pid"}, {"type": "mount"}, {"type": "network", "path": "/var/run/netns/" + space}},
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	e.On(tb, "sh", "-c", `mkdir -p /var/lib/bundle/rootfs/bin /var/lib/bundle/rootfs/proc && cp "$(command -v busybox)" /var/lib/bundle/rootfs/bin && printf %s "$0" >/var/lib/bundle/config.json`, string(config))
}

// answer serves CRI at cri-o's socket on the machine.
func (e *Engine) answer(tb testing.TB, s runtimeapi.RuntimeServiceServer) {
	tb.Helper()
	root, err := e.first.Root()
	if err != nil {
		tb.Fatal(err)
	}
	socket := filepath.Join(root, "run/crio/crio.sock")
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		tb.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(tb.Context(), "unix", socket)
	if err != nil {
		tb.Fatal(err)
	}
	g := grpc.NewServer()
	runtimeapi.RegisterRuntimeServiceServer(g, s)
	done := make(chan error)
	go func() { done <- g.Serve(l) }()
	tb.Cleanup(func() {
		g.Stop()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
}

// crioServer answers what pktrail asks of a runtime, as cri-o does
// (cri-o/server/sandbox_status.go).
type crioServer struct {
	runtimeapi.UnimplementedRuntimeServiceServer
	path, ip string
	pid      int
	told     Told
}

// sandboxID is that of the pod, not of its container: an infra container's, or
// without one just a number.
var sandboxID = strings.Repeat("5a", 32)

func (s *crioServer) Version(context.Context, *runtimeapi.VersionRequest) (*runtimeapi.VersionResponse, error) {
	return &runtimeapi.VersionResponse{Version: "0.1.0", RuntimeName: "cri-o", RuntimeVersion: "1.34.0", RuntimeApiVersion: "v1"}, nil
}

func (s *crioServer) ListPodSandbox(_ context.Context, r *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error) {
	labels := map[string]string{
		"io.kubernetes.pod.name": CRIOPod, "io.kubernetes.pod.namespace": CRIONamespace, "io.kubernetes.pod.uid": crioUID,
		"io.kubernetes.container.name": "POD",
	}
	for key, want := range r.GetFilter().GetLabelSelector() {
		if labels[key] != want {
			return &runtimeapi.ListPodSandboxResponse{}, nil
		}
	}
	return &runtimeapi.ListPodSandboxResponse{Items: []*runtimeapi.PodSandbox{{
		Id: sandboxID, Labels: labels, State: runtimeapi.PodSandboxState_SANDBOX_READY,
		Metadata: &runtimeapi.PodSandboxMetadata{Name: CRIOPod, Namespace: CRIONamespace, Uid: crioUID},
	}}}, nil
}

func (s *crioServer) PodSandboxStatus(_ context.Context, r *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
	if r.GetPodSandboxId() != sandboxID {
		return nil, status.Error(codes.NotFound, "could not find pod "+r.GetPodSandboxId())
	}
	out := &runtimeapi.PodSandboxStatusResponse{Status: &runtimeapi.PodSandboxStatus{
		Id: sandboxID, State: runtimeapi.PodSandboxState_SANDBOX_READY,
		Network: &runtimeapi.PodSandboxNetworkStatus{Ip: s.ip},
		Linux: &runtimeapi.LinuxPodSandboxStatus{Namespaces: &runtimeapi.Namespace{
			Options: &runtimeapi.NamespaceOption{Network: runtimeapi.NamespaceMode_POD, Pid: runtimeapi.NamespaceMode_CONTAINER},
		}},
	}}
	if !r.GetVerbose() {
		return out, nil
	}
	type object = map[string]any
	spec := object{"ociVersion": "1.0.2", "linux": object{"namespaces": []object{{"type": "pid"}, {"type": "network", "path": s.path}}}}
	info := object{}
	switch s.told {
	case TellPID:
		info = object{"image": "registry.k8s.io/pause:3.10", "pid": s.pid, "runtimeSpec": object{"ociVersion": "1.0.2", "linux": object{}}}
	case TellPath:
		info = object{"image": "", "pid": 0, "runtimeSpec": spec}
	case TellNothing:
	}
	b, err := json.Marshal(info)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	out.Info = map[string]string{"info": string(b)}
	return out, nil
}
