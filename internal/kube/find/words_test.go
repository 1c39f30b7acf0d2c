package find

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	corev1 "k8s.io/api/core/v1"
)

func TestNear(t *testing.T) {
	all := []string{"web", "web-5d4f-aaaaa", "webhook", "api", "apis", "worker", "checkout-service", "x"}
	for name, want := range map[string]string{
		"web":              "web-5d4f-aaaaa webhook",
		"wbe":              "web",
		"aip":              "api",
		"api":              "apis",
		"checkout-servcie": "checkout-service",
		"checkout":         "checkout-service",
		"service":          "checkout-service",
		"zebra":            "",
		"y":                "x",
	} {
		if got := strings.Join(near(name, all), " "); got != want {
			t.Errorf("near %q: %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"web", "web", 0}, {"web", "wbe", 1}, {"web", "weeb", 1}, {"web", "wb", 1}, {"web", "api", 3}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != got {
			t.Errorf("distance of %q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestOwner(t *testing.T) {
	for _, c := range []struct {
		pod  *corev1.Pod
		want string
	}{
		{runs("p"), ""},
		{runs("p", owned("ReplicaSet/web-5d4f"), labelled("pod-template-hash=5d4f")), "deploy/web"},
		{runs("p", owned("ReplicaSet/web-5d4f")), "rs/web-5d4f"},
		{runs("p", owned("StatefulSet/db")), "sts/db"},
		{runs("p", owned("DaemonSet/logs")), "ds/logs"},
		{runs("p", owned("Job/x")), "job/x"},
		{runs("p", owned("Node/node-a")), "node/node-a"},
		{runs("p", owned("Rollout/web")), "rollout/web"},
	} {
		if got := ownerOf(c.pod); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestState(t *testing.T) {
	starting := func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodPending
		p.Status.ContainerStatuses = nil
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	}
	for _, c := range []struct {
		pod    *corev1.Pod
		usable bool
		words  string
	}{
		{runs("p"), true, ""},
		{runs("p", starting), true, "is Pending: init container migrate is running"},
		{runs("p", starting, func(p *corev1.Pod) { p.Status.PodIPs = nil }), false, "is Pending: init container migrate is running"},
		{runs("p", starting, hostNetwork), false, "is Pending: init container migrate is running"},
		{runs("p", unscheduled), false, "is Pending: not scheduled: 0/2 nodes are available: 2 Insufficient memory"},
		{runs("p", unscheduled, func(p *corev1.Pod) { p.Status.Conditions = nil }), false, "is Pending: not scheduled: no scheduler has looked at it yet"},
		{runs("p", phase(corev1.PodPending, "")), false, "is Pending: node node-a has not started it yet"},
		{runs("p", phase(corev1.PodSucceeded, "")), false, "has completed"},
		{runs("p", phase(corev1.PodFailed, "DeadlineExceeded: too long")), false, "has failed: DeadlineExceeded: too long"},
		{runs("p", phase(corev1.PodUnknown, "")), false, "is in an unknown state: its node does not answer"},
	} {
		if usable, words := state(c.pod); usable != c.usable || words != c.words {
			t.Errorf("%v %q, want %v %q", usable, words, c.usable, c.words)
		}
	}
}

func TestNetworks(t *testing.T) {
	for _, c := range []struct {
		wanted, status string
		names, devices []string
	}{
		{"", "", nil, nil},
		{"macvlan, ops/sriov@net2", "", []string{"macvlan", "ops/sriov"}, nil},
		{`[{"name": "dpdk", "namespace": "x"}]`, `[{"name": "cbr0", "interface": "eth0"}, {"name": "dpdk", "interface": "net1", "device-info": {"type": "vhost-user"}}]`, []string{"dpdk"}, []string{"net1 (vhost-user)"}},
		{"", `[{"name": "x/sriov", "device-info": {"type": "pci", "pci": {"pci-address": "0000:18:02.5"}}}]`, nil, []string{"x/sriov (pci)"}},
		{"[broken", "{broken", nil, nil},
	} {
		p := runs("p")
		p.Annotations = map[string]string{networksWanted: c.wanted, networksStatus: c.status}
		names, devices := Networks(p)
		if !slices.Equal(names, c.names) || !slices.Equal(devices, c.devices) {
			t.Errorf("%q %q: %q %q, want %q %q", c.wanted, c.status, names, devices, c.names, c.devices)
		}
	}
}

func FuzzNetworks(f *testing.F) {
	f.Add("a, ns/b@net1", `[{"interface":"net1","device-info":{"type":"memif"}}]`)
	f.Add(`[{"name":"a"}]`, `[]`)
	f.Fuzz(func(t *testing.T, wanted, status string) {
		p := runs("p")
		p.Annotations = map[string]string{networksWanted: wanted, networksStatus: status}
		names, _ := Networks(p)
		if strings.TrimSpace(wanted) == "" && len(names) > 0 {
			t.Errorf("names %q of nothing", names)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"web", "pod/web", "deployments.apps/web", "NODE/a", "svc/", "/", "a/b/c", "", "deplyo/web", "pod/Web", "cj/x.y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parse(text)
		if err != nil {
			if err.Error() == "" {
				t.Errorf("%q: an error without words", text)
			}
			return
		}
		if r.name == "" || r.kind.word() == "" || strings.ContainsFunc(r.name, unicode.IsUpper) {
			t.Errorf("%q: %+v", text, r)
		}
		again, err := parse(string(r.kind) + "/" + r.name)
		if err != nil || again.kind != r.kind || again.name != r.name {
			t.Errorf("%q: %+v is not itself: %+v, %v", text, r, again, err)
		}
	})
}
