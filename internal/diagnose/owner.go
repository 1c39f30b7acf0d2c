package diagnose

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// maker is a program that writes rules.
type maker struct {
	// name is as people know it.
	name string
	// policy is true for chains that carry out a NetworkPolicy.
	policy bool
	// check shows what it made the rule from; fix says where to change that.
	// Rules are never changed by hand: their maker writes them again.
	check, fix string
}

// chainMakers tells makers by the beginning of a chain's name; the first that
// fits counts.
var chainMakers = [...]struct {
	prefix string
	maker  maker
}{
	{"cali-tw-", calico},
	{"cali-fw-", calico},
	{"cali-pi-", calico},
	{"cali-po-", calico},
	{"cali-", maker{"Calico", false, "calicoctl get globalnetworkpolicy,hostendpoint", "change Calico's policy or FelixConfiguration"}},
	{"KUBE-NWPLCY-", kubeRouter},
	{"KUBE-POD-FW-", kubeRouter},
	{"KUBE-ROUTER-", kubeRouter},
	{"KUBE-FIREWALL", maker{"kubelet", false, "iptables-save -t filter | grep KUBE-FIREWALL", "nobody outside may send to 127.0.0.0/8: use the node's address"}},
	{"KUBE-", kubeProxy},
	{"CILIUM_", maker{"Cilium", false, "cilium-dbg status --verbose", "change Cilium's configuration"}},
	{"WEAVE-NPC", maker{"Weave Net", true, checkPolicy, fixPolicy}},
	{"ANTREA-", maker{"Antrea", false, "antctl get networkpolicy", "change Antrea's policy"}},
	{"FLANNEL-", maker{"flannel", false, "iptables-save | grep FLANNEL", "change flannel's configuration"}},
	{"DOCKER", maker{"Docker", false, "docker network inspect bridge", "publish the port, put both containers into one network, or accept in DOCKER-USER"}},
	{"ufw", maker{"ufw", false, "ufw status verbose", "ufw route allow / ufw allow for this traffic"}},
	{"filter_", maker{"firewalld", false, "firewall-cmd --get-active-zones", "firewall-cmd: put the interface into a zone that allows it (trusted)"}},
	{"LIBVIRT_", maker{"libvirt", false, "virsh net-list", "change the libvirt network"}},
	{"ISTIO_", maker{"Istio", false, "istioctl proxy-status", "change the sidecar's annotations"}},
}

const (
	checkPolicy = "kubectl get networkpolicy -A"
	fixPolicy   = "let a NetworkPolicy that selects the pod admit this traffic"
)

var (
	calico     = maker{"Calico", true, checkPolicy, fixPolicy}
	kubeRouter = maker{"kube-router", true, checkPolicy, fixPolicy}
	kubeProxy  = maker{"kube-proxy", false, "kubectl get services,endpointslices -A", "change the Service; kube-proxy writes its rules from it"}
)

// tableMakers tells makers by an nft table's name.
var tableMakers = [...]struct {
	table string
	maker maker
}{
	{"kube-proxy", kubeProxy},
	{"kindnet-network-policies", maker{"kindnet", true, checkPolicy, fixPolicy}},
	{"kube-network-policies", maker{"kube-network-policies", true, checkPolicy, fixPolicy}},
	{"calico", calico},
	{"firewalld", maker{"firewalld", false, "firewall-cmd --get-active-zones", "firewall-cmd: put the interface into a zone that allows it (trusted)"}},
	{"docker-bridges", maker{"Docker", false, "docker network inspect bridge", "publish the port, or put both containers into one network"}},
}

// makerOf says who wrote a rule; false if its names do not tell.
func makerOf(r *trail.Rule) (maker, bool) {
	for _, t := range tableMakers {
		if r.Table == t.table {
			return t.maker, true
		}
	}
	for _, c := range chainMakers {
		if strings.HasPrefix(r.Chain, c.prefix) {
			return c.maker, true
		}
	}
	return maker{}, false
}

// owner is who made the rule, and for what, in words; empty if not known.
func owner(r *trail.Rule) string {
	if r.Owner != "" {
		return r.Owner
	}
	m, _ := makerOf(r)
	return m.name
}

// listRule is the command that shows a rule with its neighbours.
func listRule(r *trail.Rule) string {
	switch {
	case r.Legacy && r.Family == "ip6":
		return "ip6tables-legacy -t " + r.Table + " -nvL " + r.Chain + " --line-numbers"
	case r.Legacy:
		return "iptables-legacy -t " + r.Table + " -nvL " + r.Chain + " --line-numbers"
	}
	family := r.Family
	if family == "" {
		family = "ip"
	}
	return "nft -a list chain " + family + " " + r.Table + " " + r.Chain
}

// deleteRule is the command that takes a rule out that no program owns; empty
// if it cannot be named.
func deleteRule(r *trail.Rule) string {
	switch {
	case r.Legacy && r.Number > 0 && r.Family == "ip6":
		return "ip6tables-legacy -t " + r.Table + " -D " + r.Chain + " " + itoa(r.Number)
	case r.Legacy && r.Number > 0:
		return "iptables-legacy -t " + r.Table + " -D " + r.Chain + " " + itoa(r.Number)
	case r.Handle > 0 && r.Family != "":
		return "nft delete rule " + r.Family + " " + r.Table + " " + r.Chain + " handle " + itoa(int(r.Handle))
	}
	return ""
}
