package access

import (
	"strings"
	"testing"
)

func TestCilium(t *testing.T) {
	// What helm writes for a plain installation: iptables masquerade, kube-proxy.
	plain := settings{"enable-ipv4-masquerade": "true", "enable-bpf-masquerade": "false", "kube-proxy-replacement": "false", "datapath-mode": "veth"}
	full := settings{"enable-ipv4-masquerade": "true", "enable-bpf-masquerade": "true", "kube-proxy-replacement": "true"}
	with := func(s settings, words ...string) settings {
		out := s.withArgs(nil)
		for _, w := range words {
			k, v, _ := strings.Cut(w, "=")
			out[k] = v
		}
		return out
	}
	const routing, sockets, xdp, netkit = "Cilium host routing", "Cilium socket load balancing", "Cilium XDP", "Cilium netkit"
	for name, c := range map[string]struct {
		s    settings
		want string
		sure bool
	}{
		"plain":               {plain, "", true},
		"replacement alone":   {with(plain, "kube-proxy-replacement=true"), sockets, true},
		"strict, as before":   {with(full, "kube-proxy-replacement=strict"), routing + "; " + sockets, true},
		"full":                {full, routing + "; " + sockets, true},
		"legacy wanted":       {with(full, "enable-host-legacy-routing=true"), sockets, true},
		"no masquerade":       {with(full, "enable-bpf-masquerade=false", "enable-ipv4-masquerade=false"), routing + "; " + sockets, true},
		"no masquerade of v4": {with(full, "enable-bpf-masquerade=false", "enable-ipv4-masquerade=false", "enable-ipv6=true"), sockets, true},
		"ipsec":               {with(full, "enable-ipsec=true"), sockets, true},
		"endpoint routes":     {with(full, "enable-endpoint-routes=true"), routing + "; " + sockets, false},
		"netkit":              {with(full, "datapath-mode=netkit"), netkit + "; " + sockets, true},
		"xdp":                 {with(full, "bpf-lb-acceleration=native"), routing + "; " + sockets + "; " + xdp, true},
		"socket lb":           {with(plain, "bpf-lb-sock=true"), sockets, true},
		"nothing known":       {settings{}, "", true},
	} {
		var got []string
		sure := true
		for _, b := range cilium(c.s) {
			got = append(got, b.What)
			sure = sure && b.Sure
			if b.Why == "" || b.Where == "" {
				t.Errorf("%s: %+v", name, b)
			}
		}
		if strings.Join(got, "; ") != c.want || sure != c.sure {
			t.Errorf("%s: %q (sure %v), want %q (%v)", name, got, sure, c.want, c.sure)
		}
	}
}

func TestArgsWin(t *testing.T) {
	s := settings{"a": "1", "b": "2"}
	got := s.withArgs([]string{"cilium-agent", "--a=9", "--c", "3", "--d", "--e=", "-x"})
	for k, want := range map[string]string{"a": "9", "b": "2", "c": "3", "d": "true", "e": ""} {
		if got[k] != want {
			t.Errorf("%s is %q, want %q", k, got[k], want)
		}
	}
	if s["a"] != "1" {
		t.Error("the ConfigMap itself was changed")
	}
}

func TestProxyMode(t *testing.T) {
	for text, want := range map[string]string{
		"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: ipvs\n": "ipvs",
		"mode: \"\"\n": "", "": "", "{broken": "",
	} {
		if got := proxyMode(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestDeviceKind(t *testing.T) {
	for name, want := range map[string]string{
		"cpu": "", "hugepages-2Mi": "", "nvidia.com/gpu": "", "example.com/disk": "",
		"intel.com/intel_sriov_netdevice": deviceSRIOV, "openshift.io/sriovnic": deviceSRIOV, "nvidia.com/hostdev": deviceSRIOV,
		"intel.com/intel_sriov_dpdk": deviceDPDK, "intel.com/sriov_vfio": deviceDPDK,
		"rdma/hca_shared_devices_a": deviceRDMA, "mellanox.com/cx5_rdma": deviceRDMA, "vpc.amazonaws.com/efa": deviceRDMA, "rdma/roce_gdr": deviceRDMA,
	} {
		if got := deviceKind(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
