//go:build !pktrail_lite

package netns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/netns/cri"
)

// criTimeout bounds each question to a runtime. They answer in milliseconds
// or hang for good.
const criTimeout = 5 * time.Second

// Labels that the kubelet puts on each sandbox
// (k8s.io/kubernetes/pkg/kubelet/types/labels.go).
const (
	labelPod       = "io.kubernetes.pod.name"
	labelNamespace = "io.kubernetes.pod.namespace"
	labelUID       = "io.kubernetes.pod.uid"
)

// criSockets are where runtimes and distributions put their socket.
var criSockets = [...]string{
	"/run/containerd/containerd.sock",
	"/run/k3s/containerd/containerd.sock",
	"/run/k0s/containerd.sock",
	"/var/snap/microk8s/common/run/containerd.sock",
	"/run/crio/crio.sock",
	"/run/cri-dockerd.sock",
}

// CRISockets lists the sockets at which a container runtime is looked for,
// in that order.
func CRISockets() []string { return criSockets[:] }

// CRIVersion asks the runtime at a socket for its name and version, e.g.
// "containerd 2.1.4".
func CRIVersion(ctx context.Context, socket string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, criTimeout)
	defer cancel()
	c, err := dialCRI(socket)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	name, version, err := c.Version(ctx)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", socket, err)
	}
	return name + " " + version, nil
}

// criClient is a connection to the runtime at a socket.
type criClient struct {
	*cri.Client
	socket string
}

func dialCRI(socket string) (*criClient, error) {
	c, err := cri.Dial(socket)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, &PermissionError{Op: "open CRI socket", Capability: "CAP_DAC_OVERRIDE", Err: err}
	case err != nil:
		return nil, fmt.Errorf("open CRI socket: %w", err)
	}
	return &criClient{c, socket}, nil
}

// openCRI finds a pod by the runtime's own word, at the first socket whose
// runtime knows it.
func (e env) openCRI(ctx context.Context, value string) (*Namespace, error) {
	namespace, pod, _ := strings.Cut(value, "/")
	return e.askAll(ctx, "pod "+value, func(ctx context.Context, c *criClient) (*Namespace, error) {
		found, err := c.ready(ctx, map[string]string{labelNamespace: namespace, labelPod: pod})
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return e.openSandbox(ctx, c, newest(found))
	})
}

// askKube finds a pod by its uid. A static pod's in the cluster is not the one
// that the runtime knows: there its name decides, which is the node's own.
func (e env) askKube(ctx context.Context, p Pod) (*Namespace, error) {
	return e.askAll(ctx, "pod "+p.String(), func(ctx context.Context, c *criClient) (*Namespace, error) {
		found, err := c.ready(ctx, map[string]string{labelUID: p.UID})
		if err == nil && len(found) == 0 {
			found, err = c.ready(ctx, map[string]string{labelNamespace: p.Namespace, labelPod: p.Name})
			found = slices.DeleteFunc(found, func(s cri.Sandbox) bool { return len(s.UID) != staticUID })
		}
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return e.openSandbox(ctx, c, newest(found))
	})
}

// askAll asks the runtimes one after the other until one gives a namespace.
// Where none does, the error has the names of the pods that they do know.
func (e env) askAll(ctx context.Context, what string, ask func(context.Context, *criClient) (*Namespace, error)) (*Namespace, error) {
	sockets, err := e.sockets()
	if err != nil {
		return nil, err
	}
	var names []string
	var failed []error
	for _, socket := range sockets {
		n, known, err := askCRI(ctx, socket, ask)
		switch {
		case n != nil:
			return n, nil
		case err != nil:
			failed = append(failed, err)
		}
		names = append(names, known...)
	}
	if err := errors.Join(failed...); err != nil && len(names) == 0 {
		return nil, fmt.Errorf("find %s: %w", what, err)
	}
	return nil, &NotFoundError{
		What: what + " on this node", Names: firstNames(names),
		instead: "the runtime has no pods here; run pktrail on the pod's node",
	}
}

// sockets gives the sockets that exist, or the one that the user chose.
func (e env) sockets() ([]string, error) {
	if e.criSocket != "" {
		if err := checkSocket(e.criSocket); err != nil {
			return nil, fmt.Errorf("open CRI socket: %w", err)
		}
		return []string{e.criSocket}, nil
	}
	var there []string
	var refused error
	for _, s := range criSockets {
		// In a container the node's /run is at the root of process 1.
		for _, path := range []string{s, filepath.Join(string(e.proc), "1/root", s)} {
			err := checkSocket(path)
			if err == nil {
				there = append(there, path)
				break
			}
			if path == s && errors.Is(err, fs.ErrPermission) {
				refused = &PermissionError{Op: "open CRI socket", Capability: "CAP_DAC_OVERRIDE", Err: err}
			}
		}
	}
	if len(there) == 0 && refused != nil {
		return nil, refused
	}
	if len(there) == 0 {
		return nil, &NotFoundError{
			What: "container runtime with a CRI socket",
			Why:  "none of " + strings.Join(criSockets[:], ", ") + " exists",
		}
	}
	return there, nil
}

func checkSocket(path string) error {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return fmt.Errorf("%s is no socket", path)
	}
	return nil
}

// askCRI asks one runtime. Where it has no answer it gives the pods that it
// does know.
func askCRI(ctx context.Context, socket string, ask func(context.Context, *criClient) (*Namespace, error)) (*Namespace, []string, error) {
	ctx, cancel := context.WithTimeout(ctx, criTimeout)
	defer cancel()
	c, err := dialCRI(socket)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = c.Close() }()
	if n, err := ask(ctx, c); n != nil || err != nil {
		return n, nil, err
	}
	all, err := c.ready(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	names := make([]string, 0, len(all))
	for _, s := range all {
		names = append(names, s.Namespace+"/"+s.Name)
	}
	return nil, names, nil
}

// newest of several sandboxes is the pod's; the older ones are being replaced.
func newest(found []cri.Sandbox) cri.Sandbox {
	return slices.MaxFunc(found, func(a, b cri.Sandbox) int { return cmp.Compare(a.Created, b.Created) })
}

func (c *criClient) ready(ctx context.Context, labels map[string]string) ([]cri.Sandbox, error) {
	list, err := c.Ready(ctx, labels)
	if err != nil {
		return nil, fmt.Errorf("list pods at %s: %w", c.socket, err)
	}
	return list, nil
}

// openSandbox opens a sandbox's namespace: the machine's own for a pod with
// hostNetwork, else by the path or the pid of the verbose status, else by
// the cgroups of all processes.
func (e env) openSandbox(ctx context.Context, c *criClient, s cri.Sandbox) (*Namespace, error) {
	st, err := c.Status(ctx, s.ID)
	if err != nil {
		return nil, fmt.Errorf("ask %s about pod %s: %w", c.socket, s.Name, err)
	}
	var n *Namespace
	if st.HostNetwork {
		n, err = e.openHost()
	} else {
		n, err = e.openByInfo(ctx, parseInfo(st.Info), s)
	}
	if err != nil {
		return nil, fmt.Errorf("open pod %s/%s: %w", s.Namespace, s.Name, err)
	}
	n.Label, n.ContainerID = s.Name, s.ID
	n.HostNetwork = n.HostNetwork || st.HostNetwork
	return n, nil
}

func (e env) openByInfo(ctx context.Context, info sandboxInfo, s cri.Sandbox) (*Namespace, error) {
	isPods := func(o owner) bool {
		return o.container == s.ID || (s.UID != "" && o.podUID == s.UID)
	}
	var tried []error
	if info.path != "" {
		for _, path := range []string{info.path, filepath.Join(string(e.proc), "1/root", info.path)} {
			f, inode, err := openFile(path)
			if err == nil {
				return &Namespace{Inode: inode, PID: info.pid, HostNetwork: e.isMachine(inode), file: f, env: e}, nil
			}
			tried = append(tried, err)
		}
	}
	if info.pid > 0 {
		n, err := e.openOwned(info.pid, isPods)
		if err == nil {
			return n, nil
		}
		tried = append(tried, err)
	}
	match, err := e.processesOf(ctx, isPods)
	if err != nil {
		return nil, err
	}
	n, err := e.openFirst(match, isPods)
	if err != nil {
		return nil, errors.Join(append(tried, err)...)
	}
	return n, nil
}

// openOwned opens the namespace of a process that the runtime named. The
// number counts in the machine's pid namespace: where ours is another, it
// stands for somebody else, or for nobody. The cgroup tells; where it names
// no container at all, the runtime's word is taken unless the process is in
// our own namespace, which a pod's is not.
func (e env) openOwned(pid int, is func(owner) bool) (*Namespace, error) {
	other := &NotFoundError{What: fmt.Sprintf("process %d of it", pid), Why: "that number belongs to another process here"}
	st, err := e.proc.stat(pid)
	if err != nil {
		return nil, other
	}
	own := owners{proc: e.proc}
	o := own.of(pid)
	if o != (owner{}) && !is(o) {
		return nil, other
	}
	n, err := e.openPID(pid, st.start)
	if err == nil && o == (owner{}) && n.HostNetwork {
		return nil, errors.Join(other, n.Close())
	}
	return n, err
}
