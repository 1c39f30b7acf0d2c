//go:build !pktrail_lite

package netns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// criServer is a container runtime that knows sandboxes and nothing else,
// speaking the real service over a real socket.
type criServer struct {
	runtimeapi.UnimplementedRuntimeServiceServer
	pods       []criPod
	containers []*runtimeapi.Container
}

type criPod struct {
	id, namespace, name, uid string
	created                  int64
	notReady                 bool
	hostNetwork              bool
	info                     map[string]string // of the verbose status
}

func (s *criServer) Version(context.Context, *runtimeapi.VersionRequest) (*runtimeapi.VersionResponse, error) {
	return &runtimeapi.VersionResponse{RuntimeName: "testd", RuntimeVersion: "1.2.3"}, nil
}

func (s *criServer) ListPodSandbox(_ context.Context, r *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error) {
	out := &runtimeapi.ListPodSandboxResponse{}
	for _, p := range s.pods {
		state := runtimeapi.PodSandboxState_SANDBOX_READY
		if p.notReady {
			state = runtimeapi.PodSandboxState_SANDBOX_NOTREADY
		}
		if want := r.GetFilter().GetState(); want != nil && want.GetState() != state {
			continue
		}
		labels := map[string]string{"io.kubernetes.pod.name": p.name, "io.kubernetes.pod.namespace": p.namespace, "io.kubernetes.pod.uid": p.uid}
		matches := true
		for k, v := range r.GetFilter().GetLabelSelector() {
			matches = matches && labels[k] == v
		}
		if matches {
			out.Items = append(out.Items, &runtimeapi.PodSandbox{
				Id: p.id, State: state, CreatedAt: p.created, Labels: labels,
				Metadata: &runtimeapi.PodSandboxMetadata{Name: p.name, Namespace: p.namespace, Uid: p.uid},
			})
		}
	}
	return out, nil
}

func (s *criServer) PodSandboxStatus(_ context.Context, r *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
	for _, p := range s.pods {
		if p.id != r.GetPodSandboxId() {
			continue
		}
		mode := runtimeapi.NamespaceMode_POD
		if p.hostNetwork {
			mode = runtimeapi.NamespaceMode_NODE
		}
		out := &runtimeapi.PodSandboxStatusResponse{Status: &runtimeapi.PodSandboxStatus{
			Id: p.id,
			Linux: &runtimeapi.LinuxPodSandboxStatus{
				Namespaces: &runtimeapi.Namespace{Options: &runtimeapi.NamespaceOption{Network: mode}},
			},
		}}
		if r.GetVerbose() {
			out.Info = p.info
		}
		return out, nil
	}
	return nil, status.Error(codes.NotFound, "no such sandbox")
}

// serve answers at a socket until the test ends.
func serve(t *testing.T, socket string, s runtimeapi.RuntimeServiceServer) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	runtimeapi.RegisterRuntimeServiceServer(g, s)
	done := make(chan error)
	go func() { done <- g.Serve(l) }()
	t.Cleanup(func() {
		g.Stop()
		if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) { // stopped before it began
			t.Error(err)
		}
	})
}

func info(s string) map[string]string { return map[string]string{"info": s} }

func TestOpenCRI(t *testing.T) {
	ns := newNamed(t, "cni-5f0e1c")
	pid := sleeper(t, ns)
	other := newNamed(t, "cni-other")
	otherPid := sleeper(t, other)
	netPath := `{"runtimeSpec":{"linux":{"namespaces":[{"type":"network","path":"%s"}]}},"pid":%s}`

	proc := newProc(t)
	proc.add(1, "thread-self", "systemd", 1, "0::/init.scope\n")
	proc.add(50, pid, "pause", 10, "0::/kubepods/besteffort/pod"+uid+"/"+idA+"\n")
	proc.add(51, pid, "nginx", 11, "0::/kubepods.slice/kubepods-besteffort-pod"+uidUnder+".slice/cri-containerd-"+idC+".scope\n")
	proc.add(60, otherPid, "pause", 10, "0::/docker/"+idB+"\n")
	proc.add(70, pid, "kernel-of-a-vm", 10, "0::/\n")
	proc.add(71, "thread-self", "agent", 10, "0::/\n")

	tests := []struct {
		name string
		info map[string]string
		uid  string
		id   string
		pid  int // of the process it was found by
	}{
		{"path", info(fmt.Sprintf(netPath, "/run/netns/cni-5f0e1c", "50")), uid, idA, 50},
		{"path that is not here, pid", info(fmt.Sprintf(netPath, "/run/netns/elsewhere", "50")), uid, idA, 50},
		{"path that is no namespace, pid", info(fmt.Sprintf(netPath, "/dev/null", "50")), uid, idA, 50},
		{"pid alone", info(`{"pid":50}`), uid, idA, 50},
		{"pid of a process without a container", info(`{"pid":70}`), uid, idA, 70},
		{"pid of somebody else", info(`{"pid":60}`), uid, idA, 50},
		{"pid of the machine's", info(`{"pid":71}`), uid, idA, 50},
		{"pid of nobody", info(`{"pid":99}`), uid, idA, 50},
		{"nothing, by id", nil, "", idA, 50},
		{"nothing, by uid", nil, uid, "0123", 50},
		{"no JSON", info("pid=50"), uid, idA, 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "s")
			serve(t, socket, &criServer{pods: []criPod{
				{id: idB, namespace: "shop", name: "web-x2k8l", created: 1, info: info(`{"pid":60}`)}, // being replaced
				{id: tt.id, namespace: "shop", name: "web-x2k8l", uid: tt.uid, created: 2, info: tt.info},
				{id: idC, namespace: "shop", name: "web-x2k8l", created: 3, notReady: true},
				{id: idC, namespace: "other", name: "web-x2k8l", created: 4},
			}})
			n, err := Open(t.Context(), Target{CRI, "shop/web-x2k8l"}, Options{CRISocket: "unix://" + socket, ProcRoot: proc.dir})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = n.Close() }()
			if n.Inode != ns.Inode || n.Label != "web-x2k8l" || n.PID != tt.pid || n.ContainerID != tt.id || n.HostNetwork {
				t.Errorf("%+v", n)
			}
		})
	}
}

func TestOpenCRIHostNetwork(t *testing.T) {
	newNamed(t, "cri-hn")
	socket := filepath.Join(t.TempDir(), "s")
	serve(t, socket, &criServer{pods: []criPod{{id: idA, namespace: "kube-system", name: "etcd-a", hostNetwork: true, info: info(`{"pid":1}`)}}})
	n, err := Open(t.Context(), Target{CRI, "kube-system/etcd-a"}, Options{CRISocket: socket})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	if !n.HostNetwork || n.Label != "etcd-a" {
		t.Errorf("%+v", n)
	}
	if points, err := n.Points(t.Context()); err != nil || len(points) == 0 || points[0].Target != "" {
		t.Errorf("%+v, %v", points, err)
	}
}

func TestOpenCRIErrors(t *testing.T) {
	newNamed(t, "cri-err")
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	s := &criServer{pods: []criPod{{id: idB, namespace: "shop", name: "gone", info: info(`{"pid":4194304}`)}}}
	for i := range 30 {
		s.pods = append(s.pods, criPod{id: idA, namespace: "shop", name: "web-" + strconv.Itoa(i+10)})
	}
	serve(t, socket, s)
	open := func(o Options) error {
		n, err := Open(t.Context(), Target{CRI, "shop/gone"}, o)
		if err == nil {
			_ = n.Close()
		}
		return err
	}
	_, err := Open(t.Context(), Target{CRI, "shop/none"}, Options{CRISocket: socket})
	var nf *NotFoundError
	if !errors.As(err, &nf) || nf.Error() != "no pod shop/none on this node" || len(nf.Names) != maxNames || nf.Names[0] != "shop/gone" {
		t.Errorf("no pod: %v", err)
	}
	if err := open(Options{CRISocket: socket}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "open pod shop/gone") {
		t.Errorf("pod without processes: %v", err)
	}
	if err := open(Options{CRISocket: filepath.Join(dir, "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no socket: %v", err)
	}
	if err := open(Options{CRISocket: "/dev/null"}); err == nil || !strings.Contains(err.Error(), "/dev/null is no socket") {
		t.Errorf("no socket: %v", err)
	}
	if err := open(Options{}); !errors.As(err, &nf) || !strings.Contains(nf.Why, "/run/containerd/containerd.sock") {
		t.Errorf("no runtime: %v", err)
	}
	// A socket that somebody left, with nobody behind it.
	dead := filepath.Join(dir, "dead")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", dead)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	if err := open(Options{CRISocket: dead}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("dead socket: %v", err)
	}
}

// TestCRINotPermitted connects as somebody who may not write to the socket.
func TestCRINotPermitted(t *testing.T) {
	newNamed(t, "cri-perm")
	const socket = "/run/cri-perm.sock"
	serve(t, socket, &criServer{})
	if err := os.Chmod(socket, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread dies
		err := unix.Setfsuid(65534)
		if err == nil {
			var c *criClient
			if c, err = dialCRI(socket); err == nil {
				err = c.Close()
			}
		}
		done <- err
	}()
	var refused *PermissionError
	if err := <-done; !errors.As(err, &refused) || !errors.Is(err, fs.ErrPermission) || refused.Capability != "CAP_DAC_OVERRIDE" {
		t.Errorf("%v", err)
	}
}

// TestCRIKnownSockets has two runtimes at their usual places; the first
// serves no CRI, as Docker's containerd.
func TestCRIKnownSockets(t *testing.T) {
	ns := newNamed(t, "cri-known")
	if err := all(os.MkdirAll("/run/containerd", 0o755), os.MkdirAll("/run/crio", 0o755)); err != nil {
		t.Fatal(err)
	}
	serve(t, "/run/containerd/containerd.sock", runtimeapi.UnimplementedRuntimeServiceServer{})
	serve(t, "/run/crio/crio.sock", &criServer{pods: []criPod{{
		id: idA, namespace: "shop", name: "web", info: info(`{"pid":` + sleeper(t, ns) + `}`),
	}}})
	n := openTarget(t, "cri:shop/web")
	if n.Inode != ns.Inode {
		t.Errorf("%+v", n)
	}
	if v, err := CRIVersion(t.Context(), "/run/crio/crio.sock"); err != nil || v != "testd 1.2.3" {
		t.Errorf("%q, %v", v, err)
	}
	if v, err := CRIVersion(t.Context(), "/run/containerd/containerd.sock"); err == nil {
		t.Errorf("%q from a runtime without CRI", v)
	}
	_, err := Open(t.Context(), Target{CRI, "shop/none"}, Options{})
	if nf := (*NotFoundError)(nil); !errors.As(err, &nf) || strings.Join(nf.Names, " ") != "shop/web" {
		t.Errorf("%v", err)
	}
}
