package netns

import "testing"

var infoCases = []struct {
	name, in string
	want     sandboxInfo
}{
	{
		"containerd", `{"pid":4711,"processStatus":"running","netNamespaceClosed":false,"runtimeSpec":{"ociVersion":"1.2.0","linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/var/run/netns/cni-5f0e1c"}]}}}`,
		sandboxInfo{"/var/run/netns/cni-5f0e1c", 4711},
	},
	{
		"cri-o", `{"image":"registry.k8s.io/pause:3.10","pid":815,"runtimeSpec":{"linux":{"namespaces":[{"type":"network","path":"/var/run/netns/2b1f"}]}}}`,
		sandboxInfo{"/var/run/netns/2b1f", 815},
	},
	{"pid alone", `{"pid":4711}`, sandboxInfo{"", 4711}},
	{"namespace without a path", `{"pid":4711,"runtimeSpec":{"linux":{"namespaces":[{"type":"network"}]}}}`, sandboxInfo{"", 4711}},
	{"relative path", `{"runtimeSpec":{"linux":{"namespaces":[{"type":"network","path":"netns/x"}]}}}`, sandboxInfo{}},
	{"pid of another form", `{"pid":"4711","runtimeSpec":{"linux":{"namespaces":[{"type":"network","path":"/x"}]}}}`, sandboxInfo{"/x", 0}},
	{"pid too large", `{"pid":1e30}`, sandboxInfo{}},
	{"spec of another form", `{"pid":4711,"runtimeSpec":"none"}`, sandboxInfo{"", 4711}},
	{"cut off", `{"pid":4711,"runtimeSpec":{"lin`, sandboxInfo{}},
	{"nothing", ``, sandboxInfo{}},
}

func TestParseInfo(t *testing.T) {
	for _, tt := range infoCases {
		if got := parseInfo(map[string]string{"info": tt.in}); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	if got := parseInfo(nil); got != (sandboxInfo{}) {
		t.Errorf("no info: %+v", got)
	}
}

func FuzzParseInfo(f *testing.F) {
	for _, tt := range infoCases {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := parseInfo(map[string]string{"info": s})
		if got.pid < 0 || got.pid > maxPid || (got.path != "" && got.path[0] != '/') {
			t.Fatalf("%q: %+v", s, got)
		}
	})
}
