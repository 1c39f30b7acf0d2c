//go:build !pktrail_lite

package netns

import (
	"context"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/pktrail/pktrail/internal/netstate"
)

func (s *criServer) ListContainers(_ context.Context, r *runtimeapi.ListContainersRequest) (*runtimeapi.ListContainersResponse, error) {
	out := &runtimeapi.ListContainersResponse{}
	for _, c := range s.containers {
		if want := r.GetFilter().GetState(); want == nil || want.GetState() == c.GetState() {
			out.Containers = append(out.Containers, c)
		}
	}
	return out, nil
}

func criContainer(id, sandbox, name string, state runtimeapi.ContainerState) *runtimeapi.Container {
	return &runtimeapi.Container{
		Id: id, PodSandboxId: sandbox, Metadata: &runtimeapi.ContainerMetadata{Name: name}, State: state,
		Image: &runtimeapi.ImageSpec{Image: "registry.test/" + name},
	}
}

func TestWorkloads(t *testing.T) {
	web, other, alone := newNamed(t, "wl-web"), newNamed(t, "wl-other"), newNamed(t, "wl-alone")
	webPid, otherPid, alonePid := sleeper(t, web), sleeper(t, other), sleeper(t, alone)
	id := func(c string) string { return strings.Repeat(c, 64) }
	proc := newProc(t)
	proc.add(1, "thread-self", "systemd", 1, "0::/init.scope\n")
	proc.add(50, webPid, "pause", 10, "0::/kubepods/besteffort/pod"+uid+"/"+id("a")+"\n")
	proc.add(51, webPid, "nginx", 11, "0::/kubepods/besteffort/pod"+uid+"/"+id("b")+"\n")
	proc.add(52, webPid, "nginx", 12, "0::/kubepods/besteffort/pod"+uid+"/"+id("b")+"\n")
	proc.add(60, "thread-self", "etcd", 10, "0::/kubepods/besteffort/pod"+strings.ReplaceAll(uid, "1", "2")+"/"+id("e")+"\n")
	proc.add(70, otherPid, "db", 10, "0::/docker/"+id("d")+"\n")
	proc.add(80, "thread-self", "sshd", 10, "0::/system.slice/sshd.service\n")

	socket := filepath.Join(t.TempDir(), "s")
	serve(t, socket, &criServer{
		pods: []criPod{
			{id: id("a"), namespace: "shop", name: "web-x2k8l", uid: uid},
			{id: id("f"), namespace: "kube-system", name: "etcd", uid: "u2"},
			{id: id("9"), namespace: "shop", name: "vm", uid: "u3", info: info(`{"pid":` + alonePid + `,"runtimeSpec":{"linux":{"namespaces":[{"type":"network","path":"/run/netns/wl-alone"}]}}}`)},
			{id: id("8"), namespace: "shop", name: "gone", uid: "u4", notReady: true},
		},
		containers: []*runtimeapi.Container{
			criContainer(id("b"), id("a"), "nginx", runtimeapi.ContainerState_CONTAINER_RUNNING),
			criContainer(id("c"), id("a"), "init", runtimeapi.ContainerState_CONTAINER_EXITED),
			criContainer(id("e"), id("f"), "etcd", runtimeapi.ContainerState_CONTAINER_RUNNING),
		},
	})
	o := Options{CRISocket: socket, ProcRoot: proc.dir}
	got, unreadable := Workloads(t.Context(), o)
	if len(unreadable) > 0 {
		t.Errorf("unreadable: %+v", unreadable)
	}
	want := []netstate.Workload{
		{Netns: other.Inode, PID: 70, From: "cgroup", Containers: []netstate.Container{{ID: id("d"), PID: 70}}},
		{
			Namespace: "kube-system", Pod: "etcd", UID: "u2", Netns: inodeOf(ownNS), HostNetwork: true, PID: 60, Runtime: "testd", From: "cri",
			Containers: []netstate.Container{{ID: id("e"), Name: "etcd", Image: "registry.test/etcd", PID: 60}},
		},
		{Namespace: "shop", Pod: "vm", UID: "u3", Netns: alone.Inode, Runtime: "testd", From: "cri", PID: atoi(t, alonePid)},
		{
			Namespace: "shop", Pod: "web-x2k8l", UID: uid, Netns: web.Inode, PID: 50, Runtime: "testd", From: "cri",
			Containers: []netstate.Container{{ID: id("b"), Name: "nginx", Image: "registry.test/nginx", PID: 51}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if paths := Paths(Options{})[web.Inode]; len(paths) != 1 || paths[0] != "/run/netns/wl-web" {
		t.Errorf("paths %q", paths)
	}

	// A runtime that does not answer is not one without pods.
	_, unreadable = Workloads(t.Context(), Options{CRISocket: filepath.Join(t.TempDir(), "none"), ProcRoot: proc.dir})
	if len(unreadable) != 1 || unreadable[0].Part != netstate.PartWorkloads || unreadable[0].Why == "" {
		t.Errorf("unreadable: %+v", unreadable)
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
