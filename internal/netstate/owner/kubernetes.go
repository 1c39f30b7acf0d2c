package owner

import "strings"

// kubeChains are those of kube-proxy's iptables mode, kubelet, and of network
// policy engines that name theirs the same way. Sources:
// kubernetes/pkg/proxy/iptables/proxier.go, pkg/proxy/ipvs, pkg/kubelet,
// kube-router's pkg/controllers/netpol.
var kubeChains = []entry{
	{"KUBE-SERVICES$", "kube-proxy: services"},
	{"KUBE-EXTERNAL-SERVICES$", "kube-proxy: external addresses of services"},
	{"KUBE-NODEPORTS$", "kube-proxy: node ports"},
	{"KUBE-NODE-PORT$", "kube-proxy: node ports"},
	{"KUBE-POSTROUTING$", "kube-proxy: masquerade of service traffic"},
	{"KUBE-MARK-MASQ$", "kube-proxy: mark for masquerade"},
	{"KUBE-MARK-DROP$", "kube-proxy: mark for drop"},
	{"KUBE-FORWARD$", "kube-proxy: forwarding of service traffic"},
	{"KUBE-FIREWALL$", "kubelet: firewall"},
	{"KUBE-PROXY-FIREWALL$", "kube-proxy: source ranges of load balancers"},
	{"KUBE-SOURCE-RANGES-FIREWALL$", "kube-proxy: source ranges of load balancers"},
	{"KUBE-LOAD-BALANCER$", "kube-proxy: load balancers"},
	{"KUBE-IPVS-FILTER$", "kube-proxy: filter of IPVS services"},
	{"KUBE-IPVS-OUT-FILTER$", "kube-proxy: filter of IPVS services"},
	{"KUBE-KUBELET-CANARY$", "kubelet: canary"},
	{"KUBE-PROXY-CANARY$", "kube-proxy: canary"},
	{"KUBE-IPTABLES-HINT$", "kubelet: hint"},
	{"KUBE-ROUTER-INPUT$", "kube-router: network policies of the node"},
	{"KUBE-ROUTER-FORWARD$", "kube-router: network policies"},
	{"KUBE-ROUTER-OUTPUT$", "kube-router: network policies of the node"},
	{"KUBE-ROUTER-SERVICES$", "kube-router: services"},
	{"KUBE-NWPLCY-COMMON$", "kube-router: what every policy allows"},
	{"KUBE-NWPLCY-DEFAULT$", "kube-router: pods without a policy"},
	{"KUBE-NETWORK-POLICIES$", "kube-network-policies"},
}

// kubeServices are the chains of one service or endpoint; the comment tells
// which.
var kubeServices = []entry{
	{"KUBE-SVC-", "service"},
	{"KUBE-SVL-", "service"},
	{"KUBE-XLB-", "service"},
	{"KUBE-SEP-", "endpoint of"},
	{"KUBE-EXT-", "external traffic of"},
	{"KUBE-FW-", "source ranges of"},
}

// ofKubernetes knows the chains KUBE-*.
func ofKubernetes(_, chain, comment string) string {
	if !strings.HasPrefix(chain, "KUBE-") {
		return ""
	}
	for _, e := range kubeServices {
		if !strings.HasPrefix(chain, e.name) {
			continue
		}
		if name := serviceName(comment); name != "" {
			return "kube-proxy: " + e.words + " " + name
		}
		if e.words == "service" {
			return "kube-proxy: a service"
		}
		return "kube-proxy: " + e.words + " a service"
	}
	if rest, ok := strings.CutPrefix(chain, "KUBE-POD-FW-"); ok {
		return "kube-router: network policies of " + pod(comment, rest)
	}
	if rest, ok := strings.CutPrefix(chain, "KUBE-NWPLCY-"); ok && match(kubeChains, chain) == "" {
		return "kube-router: network policy " + policy(comment, rest)
	}
	who := match(kubeChains, chain)
	if name := serviceName(comment); name != "" && (chain == "KUBE-SERVICES" || chain == "KUBE-NODEPORTS" || chain == "KUBE-EXTERNAL-SERVICES" || chain == "KUBE-PROXY-FIREWALL") {
		return "kube-proxy: service " + name
	}
	if who == "" {
		return "kube-proxy"
	}
	return who
}

// serviceName finds "shop/web:http" in a comment of kube-proxy: the first word
// of "shop/web:http cluster IP", "shop/web:http -> 10.244.2.3:8080", "shop/web
// has no endpoints", "masquerade traffic for shop/web external destinations".
func serviceName(comment string) string {
	for word := range strings.FieldsSeq(comment) {
		ns, rest, ok := strings.Cut(word, "/")
		if ok && isName(ns) && rest != "" && isName(strings.SplitN(rest, ":", 2)[0]) {
			return word
		}
	}
	return ""
}

// isName says that s is a DNS label, as the names of namespaces and services
// are.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return s != ""
}

// pod finds the pod in kube-router's "name:web-1 namespace: shop".
func pod(comment, rest string) string {
	name, ns := wordAfter(comment, "name:"), wordAfter(comment, "namespace:")
	if name != "" && ns != "" {
		return "pod " + ns + "/" + name
	}
	return "a pod (" + rest + ")"
}

// policy finds the policy in kube-router's "policy name: allow namespace shop".
func policy(comment, rest string) string {
	name, ns := wordAfter(comment, "policy name:"), wordAfter(comment, "namespace")
	if name == "" {
		name = wordAfter(comment, "policy name")
	}
	if name != "" && ns != "" {
		return ns + "/" + name
	}
	return "(" + rest + ")"
}

// wordAfter is the word that follows a mark.
func wordAfter(s, mark string) string {
	_, rest, ok := strings.Cut(s, mark)
	if !ok {
		return ""
	}
	rest = strings.TrimLeft(rest, ": ")
	word, _, _ := strings.Cut(rest, " ")
	return word
}

// kubeNFT are the chains and maps of kube-proxy's nftables mode
// (kubernetes/pkg/proxy/nftables/proxier.go); the table is "kube-proxy".
var kubeNFT = []entry{
	{"service-", "kube-proxy: service %s"},
	{"endpoint-", "kube-proxy: endpoint of %s"},
	{"external-", "kube-proxy: external traffic of %s"},
	{"firewall-allow-", "kube-proxy: source ranges of %s"},
	{"firewall-", "kube-proxy: source ranges of %s"},
	{"affinity-", "kube-proxy: session affinity of %s"},
}

var kubeNFTBase = []entry{
	{"services$", "kube-proxy: services"},
	{"service-endpoints-check$", "kube-proxy: services without endpoints"},
	{"nodeport-endpoints-check$", "kube-proxy: node ports without endpoints"},
	{"endpoints-check$", "kube-proxy: services without endpoints"},
	{"firewall-check$", "kube-proxy: source ranges of load balancers"},
	{"cluster-ips-check$", "kube-proxy: addresses of services that do not exist"},
	{"masquerading$", "kube-proxy: masquerade of service traffic"},
	{"mark-for-masquerade$", "kube-proxy: mark for masquerade"},
	{"reject-chain$", "kube-proxy: services without endpoints"},
	{"service-ips$", "kube-proxy: services"},
	{"service-nodeports$", "kube-proxy: node ports"},
	{"no-endpoint-services$", "kube-proxy: services without endpoints"},
	{"no-endpoint-nodeports$", "kube-proxy: node ports without endpoints"},
	{"firewall-ips$", "kube-proxy: source ranges of load balancers"},
	{"cluster-ips$", "kube-proxy: addresses of services"},
	{"nodeport-ips$", "kube-proxy: node ports"},
	{"hairpin-connections$", "kube-proxy: masquerade of service traffic"},
}

// ofKubeNFT knows the table of kube-proxy's nftables mode, and kindnet's.
func ofKubeNFT(table, chain, comment string) string {
	switch table {
	case "kube-proxy":
	case "kindnet-network-policies", "kube-network-policies":
		return "kube-network-policies"
	case "kindnet-fastpath", "kindnet-masquerade", "kindnet-ipmasq", "kindnet-dnscache", "inet-nat-kindnet":
		return "kindnet: " + strings.TrimPrefix(table, "kindnet-")
	case "kindnet":
		return "kindnet"
	default:
		return ""
	}
	if chain == "cluster-ips-check" && strings.Contains(comment, "invalid ports") {
		return "kube-proxy: ports that services do not have"
	}
	if who := match(kubeNFTBase, chain); who != "" {
		return who
	}
	if who := match(kubeNFT, nftService(chain)); who != "" {
		return who
	}
	return "kube-proxy"
}

// nftService turns "service-ULMVA6XW-shop/web/tcp/http" into
// "service-shop/web:http", and drops "__10.180.0.1/80" of an endpoint.
func nftService(chain string) string {
	kind, rest := chain, ""
	for _, e := range kubeNFT {
		if r, ok := strings.CutPrefix(chain, e.name); ok {
			kind, rest = e.name, r
			break
		}
	}
	_, rest, ok := strings.Cut(rest, "-") // the hash
	if !ok {
		return chain
	}
	rest, _, _ = strings.Cut(rest, "__")
	parts := strings.Split(rest, "/")
	if len(parts) < 3 {
		return kind + rest
	}
	name := parts[0] + "/" + parts[1]
	if len(parts) > 3 && parts[3] != "" {
		name += ":" + parts[3]
	}
	return kind + name
}
