package netns

import (
	"errors"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	tests := []struct {
		in   string
		want Target
		text string // what String gives back, if not in
	}{
		{"netns:web", Target{Netns, "web"}, ""},
		{"netns:pkl-node1-pod1", Target{Netns, "pkl-node1-pod1"}, ""},
		{"netns:a b", Target{Netns, "a b"}, ""},
		{"netns:a:b", Target{Netns, "a:b"}, ""},
		{"netns:/run/netns/web", Target{Netns, "/run/netns/web"}, ""},
		{"netns:/proc/1/ns/net", Target{Netns, "/proc/1/ns/net"}, ""},
		{"pid:1", Target{Pid, "1"}, ""},
		{"pid:4194304", Target{Pid, "4194304"}, ""},
		{"pid:0042", Target{Pid, "42"}, "pid:42"},
		{"container:3f2a", Target{Container, "3f2a"}, ""},
		{"container:" + id, Target{Container, id}, ""},
		{"container:3F2A", Target{Container, "3f2a"}, "container:3f2a"},
		{"container:containerd://" + id, Target{Container, id}, "container:" + id},
		{"container:cri-o://3f2ab", Target{Container, "3f2ab"}, "container:3f2ab"},
		{"cri:shop/web-x2k8l", Target{CRI, "shop/web-x2k8l"}, ""},
		{"cri:kube-system/etcd-node.example.org", Target{CRI, "kube-system/etcd-node.example.org"}, ""},
		{"if:eth0", Target{Interface, "eth0"}, ""},
		{"if:eth0.100@", Target{Interface, "eth0.100@"}, ""},
		{"host", Target{Host, ""}, ""},
		{"kube:shop/web-0@" + uid, Target{Kube, "shop/web-0@" + uid}, ""},
		{"kube:shop/web.0@" + strings.ToUpper(uid), Target{Kube, "shop/web.0@" + uid}, "kube:shop/web.0@" + uid},
		{"kube:kube-system/etcd@" + id[:32], Target{Kube, "kube-system/etcd@" + id[:32]}, ""},
		{"self:web-0", Target{Self, "web-0"}, ""},
		{"self:shop/web-0", Target{Self, "shop/web-0"}, ""},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("ParseTarget(%q) = %v, %v; want %v", tt.in, got, err, tt.want)
		}
		text := tt.text
		if text == "" {
			text = tt.in
		}
		if got.String() != text {
			t.Errorf("ParseTarget(%q).String() = %q", tt.in, got.String())
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	tests := []struct{ in, why, hint string }{
		{"", "no known form", "netns:NAME"},
		{"web", "no known form", "cri:NAMESPACE/POD"},
		{"pod/web", "no known form", "pid:N"},
		{"ns:web", `no form "ns:"`, "netns:NAME"},
		{"NETNS:web", "no form", "netns:NAME"},
		{"netns:", "missing", "netns:NAME"},
		{"kube:shop/web-0", "uid is missing", "metadata.uid"},
		{"kube:shop/web-0@", "cannot be a pod's uid", ""},
		{"kube:shop/web-0@17", "cannot be a pod's uid", ""},
		{"kube:shop/web-0@" + uid + "0", "cannot be a pod's uid", ""},
		{"kube:shop/web-0@" + uid + ".slice", "cannot be a pod's uid", ""},
		{"kube:web-0@" + uid, "namespace is missing", ""},
		{"kube:shop/../etc@" + uid, "cannot be a pod's name", ""},
		{"self:", "missing", "self:LABEL"},
		{"self:a\nb", "cannot be a label", ""},
		{"netns:.", "cannot be", ""},
		{"netns:..", "cannot be", ""},
		{"netns:../etc/passwd", "absolute", ""},
		{"netns:run/x", "absolute", "/absolute/path"},
		{"netns:/", "no path", ""},
		{"netns:/run/netns/", "no path", ""},
		{"netns:a\x00b", "zero byte", ""},
		{"netns:" + strings.Repeat("a", 256), "cannot be", ""},
		{"netns:/" + strings.Repeat("a", 4096), "no path", ""},
		{"pid:", "number", "pid:4711"},
		{"pid:0", "number", ""},
		{"pid:-1", "number", ""},
		{"pid:+1", "number", ""},
		{"pid:1.0", "number", ""},
		{"pid:0x10", "number", ""},
		{"pid:4194305", "to 4194304", ""},
		{"pid:99999999999999999999999", "number", ""},
		{"container:", "missing", "4 hex digits"},
		{"container:3f2", "too short", ""},
		{"container:web", "hex digits", "docker inspect"},
		{"container:docker://", "missing", ""},
		{"container:" + strings.Repeat("a", 65), "at most 64", ""},
		{"cri:", "missing", "cri:NAMESPACE/POD"},
		{"cri:web", "namespace is missing", "cri:default/web"},
		{"cri:/web", "cannot be a Kubernetes namespace", ""},
		{"cri:a.b/web", "cannot be a Kubernetes namespace", ""},
		{"cri:" + strings.Repeat("a", 64) + "/web", "cannot be a Kubernetes namespace", ""},
		{"cri:shop/", "cannot be a pod", ""},
		{"cri:shop/Web", "cannot be a pod", ""},
		{"cri:shop/web/x", "cannot be a pod", ""},
		{"cri:shop/-web", "cannot be a pod", ""},
		{"cri:shop/we..b", "cannot be a pod", ""},
		{"cri:shop/" + strings.Repeat("a", 254), "cannot be a pod", ""},
		{"if:", "missing", "if:eth0"},
		{"if:a/b", "cannot be", ""},
		{"if:a b", "cannot be", ""},
		{"if:eth0:1", "cannot be", ""},
		{"if:..", "cannot be", ""},
		{"if:abcdefghijklmnop", "at most 15", ""},
		{"host:", "takes no value", "write host"},
	}
	for _, tt := range tests {
		_, err := ParseTarget(tt.in)
		var usage *UsageError
		if !errors.As(err, &usage) {
			t.Errorf("ParseTarget(%q): %v, want a usage error", tt.in, err)
			continue
		}
		if !strings.Contains(usage.Why, tt.why) {
			t.Errorf("ParseTarget(%q): %q, want %q", tt.in, usage.Why, tt.why)
		}
		if usage.Hint() == "" || !strings.Contains(usage.Hint(), tt.hint) {
			t.Errorf("ParseTarget(%q): hint %q, want %q", tt.in, usage.Hint(), tt.hint)
		}
	}
}

// FuzzParseTarget checks that what is accepted comes back from its own text,
// and that no accepted name leads out of the directory of names.
func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{
		"", "host", "netns:web", "netns:/proc/1/ns/net", "netns:..", "pid:007", "pid:-1",
		"container:containerd://3F2A", "container:a://b://abcd", "cri:shop/web", "cri:a/b/c", "if:eth0", "if:é",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTarget(s)
		if err != nil {
			var usage *UsageError
			if !errors.As(err, &usage) || usage.Hint() == "" {
				t.Fatalf("%q: %v is no usage error with a hint", s, err)
			}
			return
		}
		again, err := ParseTarget(got.String())
		if err != nil || again != got {
			t.Fatalf("%q: %v, and again %v, %v", s, got, again, err)
		}
		if got.Kind == Netns && !strings.HasPrefix(got.Value, "/") && (strings.Contains(got.Value, "/") || got.Value == "..") {
			t.Fatalf("%q leads out of /run/netns", s)
		}
	})
}
