package owner

import (
	"slices"
	"strings"
)

// cniChains are those of other network plugins.
var cniChains = []entry{
	// Cilium, pkg/datapath/iptables
	{"CILIUM_OUTPUT_", "Cilium: OUTPUT, %s"},
	{"CILIUM_PRE_", "Cilium: PREROUTING, %s"},
	{"CILIUM_POST_", "Cilium: POSTROUTING, %s"},
	{"CILIUM_INPUT$", "Cilium: INPUT"},
	{"CILIUM_FORWARD$", "Cilium: FORWARD"},
	{"CILIUM_OUTPUT$", "Cilium: OUTPUT"},
	{"OLD_CILIUM_", "Cilium: left by an older version"},
	{"CILIUM_", "Cilium"},
	// Weave Net, npc and net/ipset
	{"WEAVE-NPC-EGRESS-ACCEPT$", "Weave: egress policies"},
	{"WEAVE-NPC-EGRESS-CUSTOM$", "Weave: egress policies"},
	{"WEAVE-NPC-EGRESS-DEFAULT$", "Weave: pods without an egress policy"},
	{"WEAVE-NPC-EGRESS$", "Weave: egress policies"},
	{"WEAVE-NPC-INGRESS$", "Weave: ingress policies"},
	{"WEAVE-NPC-DEFAULT$", "Weave: pods without an ingress policy"},
	{"WEAVE-NPC$", "Weave: network policies"},
	{"WEAVE-CANARY$", "Weave: canary"},
	{"WEAVE-EXPOSE$", "Weave: exposed addresses"},
	{"WEAVE-IPSEC", "Weave: encryption"},
	{"WEAVE$", "Weave: masquerade"},
	{"WEAVE-", "Weave"},
	// Antrea, pkg/agent/route and pkg/agent/nodenetworkpolicy
	{"ANTREA-POL-", "Antrea: node network policy, %s"},
	{"ANTREA-", "Antrea: %s"},
	// flannel, pkg/trafficmngr/iptables
	{"FLANNEL-FWD$", "flannel: forwarding of pod traffic"},
	{"FLANNEL-POSTRTG$", "flannel: masquerade of pod traffic"},
	// CNI plugins: portmap, firewall, bridge's ipMasq
	{"CNI-HOSTPORT-DNAT$", "CNI portmap: host ports"},
	{"CNI-HOSTPORT-SETMARK$", "CNI portmap: mark for masquerade"},
	{"CNI-HOSTPORT-MASQ$", "CNI portmap: masquerade of host ports"},
	{"CNI-DN-", "CNI portmap: host ports of one pod"},
	{"CNI-SN-", "CNI portmap: masquerade of one pod's host ports"},
	{"CNI-ISOLATION-STAGE-", "CNI firewall: isolation of bridges"},
	{"CNI-FORWARD$", "CNI firewall: forwarding of pod traffic"},
	{"CNI-ADMIN$", "CNI firewall: rules of the administrator"},
	{"CNI-", "CNI bridge: masquerade of one pod"},
	// AWS VPC CNI
	{"AWS-SNAT-CHAIN-", "AWS VPC CNI: masquerade of outgoing traffic"},
	{"AWS-CONNMARK-CHAIN-", "AWS VPC CNI: connection marks"},
	// kindnetd and ip-masq-agent
	{"KIND-MASQ-AGENT$", "kindnet: masquerade of pod traffic"},
	{"IP-MASQ-AGENT$", "ip-masq-agent"},
	{"IP-MASQ$", "ip-masq-agent"},
	// OVN-Kubernetes
	{"OVN-KUBE-", "OVN-Kubernetes: %s"},
	// Istio, tools/istio-iptables; Linkerd, proxy-init
	{"ISTIO_INBOUND$", "Istio: traffic into the pod"},
	{"ISTIO_IN_REDIRECT$", "Istio: to the sidecar, inbound"},
	{"ISTIO_OUTPUT", "Istio: traffic out of the pod"},
	{"ISTIO_REDIRECT$", "Istio: to the sidecar"},
	{"ISTIO_", "Istio: %s"},
	{"PROXY_INIT_OUTPUT$", "Linkerd: traffic out of the pod"},
	{"PROXY_INIT_REDIRECT$", "Linkerd: traffic into the pod"},
	{"PROXY_INIT_", "Linkerd: %s"},
}

func ofCNI(table, chain, comment string) string {
	if who := match(cniChains, chain); who != "" {
		if name := wordAfter(comment, "name: "); strings.HasPrefix(chain, "CNI-") && name != "" {
			return who + " (" + strings.Trim(name, `"`) + ")"
		}
		return who
	}
	switch table {
	case "flannel-ipv4", "flannel-ipv6":
		return join("flannel", chain)
	case "cni_hostport":
		return "CNI portmap: host ports"
	case "cni_plugins_masquerade":
		return "CNI bridge: masquerade"
	case "antreanodenetworkpolicy", "antrea":
		return join("Antrea", chain)
	case "ovn-kubernetes":
		return join("OVN-Kubernetes", chain)
	}
	return ""
}

// containerChains are those of container engines.
var containerChains = []entry{
	{"DOCKER-USER$", "Docker: rules of the administrator"},
	{"DOCKER-ISOLATION-STAGE-", "Docker: isolation of networks"},
	{"DOCKER-ISOLATION$", "Docker: isolation of networks"},
	{"DOCKER-FORWARD$", "Docker: forwarding"},
	{"DOCKER-BRIDGE$", "Docker: published ports by bridge"},
	{"DOCKER-CT$", "Docker: established connections"},
	{"DOCKER-INTERNAL$", "Docker: internal networks"},
	{"DOCKER-INGRESS$", "Docker: swarm's published ports"},
	{"DOCKER_OUTPUT$", "Docker: its DNS server"},
	{"DOCKER_POSTROUTING$", "Docker: its DNS server"},
	{"DOCKER$", "Docker: published ports"},
	{"NETAVARK-HOSTPORT-DNAT$", "podman: published ports"},
	{"NETAVARK-HOSTPORT-SETMARK$", "podman: mark for masquerade"},
	{"NETAVARK-HOSTPORT-MASQ$", "podman: masquerade of published ports"},
	{"NETAVARK-DN-", "podman: published ports of one container"},
	{"NETAVARK_FORWARD$", "podman: forwarding"},
	{"NETAVARK_INPUT$", "podman: INPUT"},
	{"NETAVARK_ISOLATION_", "podman: isolation of networks"},
	{"NETAVARK-", "podman: masquerade of one network"},
	{"NETAVARK_", "podman"},
	{"LIBVIRT_FWI$", "libvirt: forwarding into guests' networks"},
	{"LIBVIRT_FWO$", "libvirt: forwarding out of guests' networks"},
	{"LIBVIRT_FWX$", "libvirt: forwarding within guests' networks"},
	{"LIBVIRT_INP$", "libvirt: DNS and DHCP for guests"},
	{"LIBVIRT_OUT$", "libvirt: DNS and DHCP for guests"},
	{"LIBVIRT_PRT$", "libvirt: masquerade of guests"},
	{"LIBVIRT_", "libvirt"},
	{"neutron-", "OpenStack Neutron: %s"},
	{"nova-", "OpenStack Nova: %s"},
}

func ofContainers(table, chain, _ string) string {
	if who := match(containerChains, chain); who != "" {
		return who
	}
	switch table {
	case "netavark":
		return join("podman", chain)
	case "docker-bridges":
		return join("Docker", chain)
	case "libvirt_network":
		return join("libvirt", chain)
	case "incus", "lxd":
		return join(map[string]string{"incus": "Incus", "lxd": "LXD"}[table], chain)
	}
	return ""
}

// hostChains are those of a host's firewall and of other programs on it.
var hostChains = []entry{
	{"ufw-user-limit", "ufw: rate limit"},
	{"ufw-user-", "ufw: rules of the administrator, %s"},
	{"ufw6-user-", "ufw: rules of the administrator, %s"},
	{"ufw-", "ufw: %s"},
	{"ufw6-", "ufw: %s"},
	{"f2b-", "fail2ban: jail %s"},
	{"fail2ban-", "fail2ban: jail %s"},
	{"addr-set-", "fail2ban: jail %s"},
	{"ts-input$", "Tailscale: INPUT"},
	{"ts-forward$", "Tailscale: FORWARD"},
	{"ts-postrouting$", "Tailscale: masquerade"},
	{"ts-", "Tailscale"},
	{"nixos-fw", "NixOS firewall"},
	{"sshguard$", "sshguard"},
	{"CROWDSEC_CHAIN$", "CrowdSec"},
	{"crowdsec-chain", "CrowdSec"},
}

// zoneChains are firewalld's: a prefix, and a zone's name behind it.
var zoneChains = []entry{
	{"IN_", "firewalld: zone %s, to the host"},
	{"FWD_", "firewalld: zone %s, forwarded"},
	{"FWDI_", "firewalld: zone %s, forwarded in"},
	{"FWDO_", "firewalld: zone %s, forwarded out"},
	{"PRE_", "firewalld: zone %s, PREROUTING"},
	{"POST_", "firewalld: zone %s, POSTROUTING"},
	{"OUT_", "firewalld: zone %s, from the host"},
	{"filter_IN_policy_", "firewalld: policy %s"},
	{"filter_FWD_policy_", "firewalld: policy %s"},
	{"nat_POST_policy_", "firewalld: policy %s"},
	{"nat_PRE_policy_", "firewalld: policy %s"},
	{"filter_OUT_policy_", "firewalld: policy %s"},
	{"mangle_PRE_policy_", "firewalld: policy %s"},
	{"filter_IN_", "firewalld: zone %s, to the host"},
	{"filter_FWD_", "firewalld: zone %s, forwarded"},
	{"filter_FWDI_", "firewalld: zone %s, forwarded in"},
	{"filter_FWDO_", "firewalld: zone %s, forwarded out"},
	{"filter_OUT_", "firewalld: zone %s, from the host"},
	{"nat_PRE_", "firewalld: zone %s, PREROUTING"},
	{"nat_POST_", "firewalld: zone %s, POSTROUTING"},
	{"mangle_PRE_", "firewalld: zone %s, PREROUTING"},
}

func ofHost(table, chain, _ string) string {
	if table == "f2b-table" {
		return "fail2ban"
	}
	if who := match(hostChains, chain); who != "" {
		return who
	}
	switch table {
	case "firewalld", "firewalld_policy_drop":
		if who := zone(chain); who != "" {
			return who
		}
		return join("firewalld", chain)
	case "crowdsec", "crowdsec6":
		return "CrowdSec"
	case "sshguard":
		return "sshguard"
	}
	if strings.HasSuffix(chain, "_ZONES") || strings.HasSuffix(chain, "_ZONES_SOURCE") || isHookDirect(chain) {
		return "firewalld: " + chain
	}
	if lastPart(chain) != "" || ofZone(chain) {
		return zone(chain)
	}
	return ""
}

// isHookDirect knows firewalld's chains for rules of the administrator.
func isHookDirect(chain string) bool {
	hook, ok := strings.CutSuffix(chain, "_direct")
	return ok && slices.Contains([]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}, hook)
}

// ofZone says that the chain's name ends with one of the zones that firewalld
// comes with.
func ofZone(chain string) bool {
	for _, z := range [...]string{
		"_public", "_block", "_dmz", "_drop", "_external", "_home", "_internal", "_trusted", "_work", "_nm-shared", "_libvirt",
		"_libvirt-routed", "_docker", "_FedoraServer", "_FedoraWorkstation",
	} {
		if strings.HasSuffix(chain, z) {
			return true
		}
	}
	return false
}

// zone knows firewalld's chains of a zone or policy; what a part of it is for
// stands at the end: "_allow".
func zone(chain string) string {
	bare := strings.TrimSuffix(chain, lastPart(chain))
	who := match(zoneChains, bare)
	if strings.Contains(who, "ZONES") || strings.Contains(who, "POLICIES") {
		return ""
	}
	return who
}

// lastPart is the end of a firewalld chain's name that says what its rules do.
func lastPart(chain string) string {
	for _, p := range [...]string{"_allow", "_deny", "_log", "_pre", "_post"} {
		if strings.HasSuffix(chain, p) {
			return p
		}
	}
	return ""
}
