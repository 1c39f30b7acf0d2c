package netns

import (
	"strings"
	"testing"
)

const (
	idA = "3f2a9c5b1d4e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8"
	idB = "3f2a11111111111111111111111111111111111111111111111111111111bbbb"
	idC = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"

	uid       = "1e6c7f2a-5b0d-4c3e-9a8b-7d6e5f4c3b2a"
	uidUnder  = "1e6c7f2a_5b0d_4c3e_9a8b_7d6e5f4c3b2a"
	uidStatic = "b7c2d4e6f8091a2b3c4d5e6f70819293"
)

// Lines of /proc/PID/cgroup in the form in which each runtime and driver
// leaves them, with ids of our own.
var cgroupCases = []struct {
	name, in string
	want     owner
}{
	{"docker systemd v2", "0::/system.slice/docker-" + idA + ".scope\n", owner{idA, ""}},
	{"docker cgroupfs v2", "0::/docker/" + idA + "\n", owner{idA, ""}},
	{"docker v1", "12:pids:/docker/" + idA + "\n11:cpu,cpuacct:/docker/" + idA + "\n1:name=systemd:/docker/" + idA + "\n0::/system.slice/containerd.service\n", owner{idA, ""}},
	{"docker with systemd inside", "0::/docker/" + idA + "/init.scope\n", owner{idA, ""}},
	{
		"containerd systemd burstable", "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uidUnder + ".slice/cri-containerd-" + idA + ".scope\n",
		owner{idA, uid},
	},
	{
		"containerd systemd guaranteed", "0::/kubepods.slice/kubepods-pod" + uidUnder + ".slice/cri-containerd-" + idA + ".scope\n",
		owner{idA, uid},
	},
	{"containerd cgroupfs", "0::/kubepods/besteffort/pod" + uid + "/" + idA + "\n", owner{idA, uid}},
	{"k3s v1", "9:memory:/kubepods/burstable/pod" + uid + "/" + idA + "\n1:name=systemd:/kubepods/burstable/pod" + uid + "/" + idA + "\n", owner{idA, uid}},
	{"static pod", "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uidStatic + ".slice/cri-containerd-" + idA + ".scope\n", owner{idA, uidStatic}},
	{
		"containerd with the wrong driver", "0::/system.slice/containerd.service/kubepods-burstable-pod" + uidUnder + ".slice:cri-containerd:" + idA + "\n",
		owner{idA, uid},
	},
	{"cri-o systemd", "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uidUnder + ".slice/crio-" + idA + ".scope\n", owner{idA, uid}},
	{"cri-o with crun", "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uidUnder + ".slice/crio-" + idA + ".scope/container\n", owner{idA, uid}},
	{"cri-o cgroupfs", "0::/kubepods/besteffort/pod" + uid + "/crio-" + idA + "\n", owner{idA, uid}},
	{"cri-o conmon", "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uidUnder + ".slice/crio-conmon-" + idA + ".scope\n", owner{}},
	{"podman", "0::/machine.slice/libpod-" + idA + ".scope/container\n", owner{idA, ""}},
	{"podman rootless", "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + idA + ".scope/container\n", owner{idA, ""}},
	{"podman cgroupfs", "0::/libpod_parent/libpod-" + idA + "\n", owner{idA, ""}},
	{"podman quadlet", "0::/system.slice/web.service/libpod-payload-" + idA + "\n", owner{idA, ""}},
	{"podman conmon", "0::/machine.slice/libpod-conmon-" + idA + ".scope\n", owner{}},
	{"podman conmon in one of two", "2:pids:/libpod_parent/libpod-" + idA + "\n1:name=systemd:/machine.slice/libpod-conmon-" + idA + ".scope\n", owner{}},
	{"nerdctl", "0::/system.slice/nerdctl-" + idA + ".scope\n", owner{idA, ""}},
	{"ctr", "0::/default/" + idA + "\n", owner{idA, ""}},
	{"kata", "0::/kubepods/burstable/pod" + uid + "/kata_" + idA + "\n", owner{idA, uid}},
	{"kind: the inner one", "0::/docker/" + idB + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" + uidUnder + ".slice/cri-containerd-" + idA + ".scope\n", owner{idA, uid}},
	{"seen from another cgroup namespace", "0::/../../kubepods-pod" + uidUnder + ".slice/cri-containerd-" + idA + ".scope\n", owner{idA, uid}},
	{"seen from a container of the same pod", "0::/../cri-containerd-" + idA + ".scope\n", owner{idA, ""}},
	{"seen from itself", "0::/\n", owner{}},
	{"login shell", "0::/user.slice/user-1000.slice/session-2.scope\n", owner{}},
	{"service with pod in its name", "0::/system.slice/podman-1e6c7f2a.service\n", owner{}},
	{"removed", "0::/docker/" + idA + " (deleted)\n", owner{}},
	{"too long to be an id", "0::/x/" + idA + "0\n", owner{}},
	{"upper case", "0::/docker/" + strings.ToUpper(idA) + "\n", owner{}},
	{"no newline at the end", "0::/docker/" + idA, owner{idA, ""}},
	{"no lines", "", owner{}},
	{"no fields", "docker\n:\n", owner{}},
}

func TestParseCgroup(t *testing.T) {
	for _, tt := range cgroupCases {
		if got := parseCgroup([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func FuzzParseCgroup(f *testing.F) {
	for _, tt := range cgroupCases {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o := parseCgroup(b)
		if o.container != "" && (len(o.container) != fullID || !isHex(o.container)) {
			t.Fatalf("%q: container %q", b, o.container)
		}
		if o.podUID != "" && !isUUID(o.podUID) && (len(o.podUID) != 32 || !isHex(o.podUID)) {
			t.Fatalf("%q: uid %q", b, o.podUID)
		}
	})
}
