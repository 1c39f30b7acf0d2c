package access

import (
	"maps"
	"strings"
)

// settings are an agent's options: a ConfigMap's data, over which its own
// arguments win.
type settings map[string]string

// withArgs adds "--key=value", "--key value" and "--key" (true).
func (s settings) withArgs(args []string) settings {
	out := settings{}
	maps.Copy(out, s)
	for i, a := range args {
		name, isFlag := strings.CutPrefix(a, "--")
		if !isFlag {
			continue
		}
		key, value, has := strings.Cut(name, "=")
		if !has {
			value = "true"
			if i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				value = args[i+1]
			}
		}
		out[key] = value
	}
	return out
}

func (s settings) on(key string) bool {
	v := strings.ToLower(s[key])
	return v == "true" || v == "strict"
}

// off is true for an option that is on unless it is switched off.
func (s settings) off(key string) bool { return strings.EqualFold(s[key], "false") }

// cilium says what Cilium's way of forwarding hides, by its options
// (cilium/cilium: daemon/cmd, initKubeProxyReplacementOptions and
// finishKubeProxyReplacementInit).
func cilium(s settings) []Blind {
	var out []Blind
	tell := func(what, why string, sure bool) {
		out = append(out, Blind{What: what, Where: "all nodes of Cilium", Why: why, Sure: sure})
	}
	replaces := s.on("kube-proxy-replacement")
	switch routed, sure := hostRouting(s); {
	case s["datapath-mode"] == "netkit" || s["datapath-mode"] == "netkit-l2":
		tell("Cilium netkit", "packets go between pod and uplink inside of BPF: the node's netfilter and routing do not see them", true)
	case routed:
		tell("Cilium host routing", "bpf_redirect_peer brings packets from the uplink into the pod: the host end of the pod's interface, "+
			"and the node's netfilter and routing, do not see them; points pod and uplink do", sure)
	}
	if replaces || s.on("bpf-lb-sock") || s.on("enable-host-reachable-services") {
		tell("Cilium socket load balancing", "addresses of services are replaced in connect(): they never appear in a packet of a pod", true)
	}
	acceleration := strings.ToLower(s["bpf-lb-acceleration"] + s["node-port-acceleration"])
	if strings.Contains(acceleration, "native") || strings.Contains(acceleration, "best-effort") {
		tell("Cilium XDP", "packets to node ports and load balancers are answered or sent on before any socket sees them", true)
	}
	return out
}

// hostRouting says whether BPF forwards past the node's own stack. It does
// unless it is told not to, or the stack is needed for something.
func hostRouting(s settings) (routed, sure bool) {
	masquerade := !s.off("enable-ipv4-masquerade") || s.on("enable-ipv6") && !s.off("enable-ipv6-masquerade")
	iptables := masquerade && !s.on("enable-bpf-masquerade")
	switch {
	case s.on("enable-host-legacy-routing"), !s.on("kube-proxy-replacement"), iptables, s.on("enable-ipsec"):
		return false, true
	case s.on("enable-endpoint-routes"), s.on("enable-wireguard"):
		return true, false // not in all versions
	}
	return true, true
}
