//go:build !pktrail_lite

package netns

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// kubeOpen opens a kube: target and closes it when the test ends.
func kubeOpen(t *testing.T, target string, o Options) (*Namespace, error) {
	t.Helper()
	tg, err := ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Open(t.Context(), tg, o)
	if err == nil {
		t.Cleanup(func() { _ = n.Close() })
	}
	return n, err
}

// A pod is found by its uid: by the runtime's word, or without it.
func TestOpenKube(t *testing.T) {
	ns, other := newNamed(t, "kube-a"), newNamed(t, "kube-b")
	pid, otherPid := sleeper(t, ns), sleeper(t, other)
	const static = "0123456789abcdef0123456789abcdef"
	const uid2 = "99999999-6c1d-4f3e-9a57-0b8a7f4d2c11"
	proc := newProc(t)
	proc.add(1, "thread-self", "systemd", 1, "0::/init.scope\n")
	proc.add(50, pid, "pause", 10, "0::/kubepods/besteffort/pod"+uid+"/"+idA+"\n")
	proc.add(51, pid, "nginx", 11, "0::/kubepods.slice/kubepods-besteffort-pod"+uidUnder+".slice/cri-containerd-"+idC+".scope\n")
	proc.add(60, otherPid, "pause", 10, "0::/kubepods/pod"+uid2+"/"+idB+"\n")
	proc.add(61, "thread-self", "etcd", 10, "0::/kubepods/pod"+static+"/"+idB+"\n")

	socket := filepath.Join(t.TempDir(), "s")
	serve(t, socket, &criServer{pods: []criPod{
		{id: idB, namespace: "shop", name: "web-0", uid: uid2, created: 9, info: info(`{"pid":60}`)}, // the next one of that name
		{id: idA, namespace: "shop", name: "web-0", uid: uid, created: 2, info: info(`{"pid":50}`)},
		{id: idC, namespace: "kube-system", name: "etcd-a", uid: static, created: 3, hostNetwork: true},
	}})
	dead := filepath.Join(t.TempDir(), "none")
	for name, c := range map[string]struct {
		target, socket string
		inode          uint64
		host, byCRI    bool
	}{
		"CRI":                         {"kube:shop/web-0@" + uid, socket, ns.Inode, false, true},
		"CRI, another one":            {"kube:shop/web-0@" + uid2, socket, other.Inode, false, true},
		"CRI, upper case":             {"kube:shop/web-0@" + strings.ToUpper(uid), socket, ns.Inode, false, true},
		"CRI, hostNetwork":            {"kube:kube-system/etcd-a@" + static, socket, 0, true, true},
		"CRI, static by name":         {"kube:kube-system/etcd-a@12121212-6c1d-4f3e-9a57-0b8a7f4d2c11", socket, 0, true, true},
		"cgroup, no socket":           {"kube:shop/web-0@" + uid, dead, ns.Inode, false, false},
		"cgroup, hostNetwork":         {"kube:kube-system/etcd-a@" + static, dead, 0, true, false},
		"cgroup, unknown to the CRI":  {"kube:shop/web-0@" + uid, emptyCRI(t), ns.Inode, false, false},
		"cgroup, no runtime anywhere": {"kube:shop/web-0@" + uid, "", ns.Inode, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := kubeOpen(t, c.target, Options{CRISocket: c.socket, ProcRoot: proc.dir})
			if err != nil {
				t.Fatal(err)
			}
			_, label, _ := strings.Cut(n.Target.Pod().String(), "/")
			if c.inode != 0 && n.Inode != c.inode || n.Label != label || n.HostNetwork != c.host || (n.ContainerID != "") != c.byCRI {
				t.Errorf("%+v", n)
			}
		})
	}
}

// emptyCRI is the socket of a runtime without pods.
func emptyCRI(t *testing.T) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	serve(t, socket, &criServer{})
	return socket
}

func TestOpenKubeErrors(t *testing.T) {
	ns := newNamed(t, "kube-err")
	proc := newProc(t)
	proc.add(1, "thread-self", "systemd", 1, "0::/init.scope\n")
	proc.add(2, sleeper(t, ns), "web", 1, "0::/docker/"+idB+"\n")
	socket := filepath.Join(t.TempDir(), "s")
	serve(t, socket, &criServer{pods: []criPod{
		{id: idB, namespace: "shop", name: "web-1", uid: "77777777-6c1d-4f3e-9a57-0b8a7f4d2c11", info: info(`{"pid":2}`)},
	}})
	_, err := kubeOpen(t, "kube:shop/web-0@"+uid, Options{CRISocket: socket, ProcRoot: proc.dir})
	var nf *NotFoundError
	if !errors.As(err, &nf) || nf.Error() != "no pod shop/web-0 on this node" || strings.Join(nf.Names, " ") != "shop/web-1" {
		t.Errorf("%v", err)
	}
	// Of a pod of the same name the uid is another: it is not the one.
	_, err = kubeOpen(t, "kube:shop/web-1@"+uid, Options{CRISocket: socket, ProcRoot: proc.dir})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	_, err = kubeOpen(t, "kube:shop/web-0@"+uid, Options{ProcRoot: proc.dir})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "CRI socket") {
		t.Errorf("%v", err)
	}
	proc.add(3, "", "gone", 1, "0::/kubepods/pod"+uid+"/"+idA+"\n") // ends before it can be opened
	_, err = kubeOpen(t, "kube:shop/web-0@"+uid, Options{CRISocket: emptyCRI(t), ProcRoot: proc.dir})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// Our own namespace is the pod's that we were told, and no node's.
func TestOpenSelf(t *testing.T) {
	newNamed(t, "self") // asks for root
	n, err := kubeOpen(t, "self:web-0", Options{Node: "node-7"})
	if err != nil {
		t.Fatal(err)
	}
	if n.Label != "web-0" || n.HostNetwork || n.Inode != inodeOf(ownNS) {
		t.Errorf("%+v", n)
	}
	points, err := n.Points(t.Context())
	if err != nil || len(points) == 0 || points[0].Target != "web-0" || points[0].Node != "node-7" {
		t.Errorf("%+v, %v", points, err)
	}
	if node, target, near, err := n.Place(t.Context()); node != "node-7" || target != "web-0" || len(near) > 0 || err != nil {
		t.Errorf("%q %q %v %v", node, target, near, err)
	}
}
