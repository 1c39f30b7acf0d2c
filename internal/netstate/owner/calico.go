package owner

import "strings"

// calicoChains are those of Calico's felix (felix/rules/rule_defs.go).
var calicoChains = []entry{
	{"cali-fw-", "egress policy of workload interface %s"},
	{"cali-tw-", "ingress policy of workload interface %s"},
	{"cali-sm-", "marks of workload interface %s"},
	{"cali-pi-", "ingress policy %s"},
	{"cali-po-", "egress policy %s"},
	{"cali-pri-", "ingress profile %s"},
	{"cali-pro-", "egress profile %s"},
	{"cali-gi-", "ingress policy group %s"},
	{"cali-go-", "egress policy group %s"},
	{"cali-th-", "egress policy of host interface %s"},
	{"cali-fh-", "ingress policy of host interface %s"},
	{"cali-thfw-", "forward policy to host interface %s"},
	{"cali-fhfw-", "forward policy from host interface %s"},
	{"cali-to-wl-dispatch", "choice of the workload that a packet goes to"},
	{"cali-from-wl-dispatch", "choice of the workload that a packet comes from"},
	{"cali-to-hep-forward$", "forward policy to host endpoints"},
	{"cali-from-hep-forward$", "forward policy from host endpoints"},
	{"cali-to-host-endpoint$", "policy to host endpoints"},
	{"cali-from-host-endpoint$", "policy from host endpoints"},
	{"cali-wl-to-host$", "policy from workloads to the host"},
	{"cali-cidr-block$", "blocked addresses"},
	{"cali-rpf-skip$", "reverse-path check, exceptions"},
	{"cali-nat-outgoing$", "masquerade of outgoing traffic"},
	{"cali-fip-dnat$", "floating addresses"},
	{"cali-fip-snat$", "floating addresses"},
	{"cali-failsafe-in$", "failsafe ports"},
	{"cali-failsafe-out$", "failsafe ports"},
	{"cali-forward-check$", "forwarded packets"},
	{"cali-forward-endpoint-mark$", "forwarded packets by endpoint"},
	{"cali-set-endpoint-mark", "marks of endpoints"},
	{"cali-from-endpoint-mark", "marks of endpoints"},
	{"cali-PREROUTING$", "PREROUTING"},
	{"cali-INPUT$", "INPUT"},
	{"cali-FORWARD$", "FORWARD"},
	{"cali-OUTPUT$", "OUTPUT"},
	{"cali-POSTROUTING$", "POSTROUTING"},
}

// ofCalico knows chains cali-*, in iptables and in Calico's nftables mode
// (table "calico", chains of the same names or with the iptables table before).
func ofCalico(table, chain, comment string) string {
	name := chain
	if table == "calico" {
		if _, rest, ok := strings.Cut(chain, "-cali-"); ok {
			name = "cali-" + rest
		}
	}
	if !strings.HasPrefix(name, "cali-") {
		if table == "calico" {
			return join("Calico", chain)
		}
		return ""
	}
	who := match(calicoChains, name)
	if who == "" {
		return "Calico"
	}
	what := plain(comment)
	if rest, ok := strings.CutPrefix(what, "Policy "); ok && (strings.HasPrefix(name, "cali-pi-") || strings.HasPrefix(name, "cali-po-")) {
		if policy, direction, ok := strings.Cut(rest, " "); ok && strings.Contains(policy, "/") {
			return "Calico: " + direction + " policy " + policy
		}
	}
	if what != "" && chain != "" && !described(name) {
		return "Calico: " + who + ": " + what
	}
	return "Calico: " + who
}

// described says that the chain's own words tell more than its rules'
// comments.
func described(chain string) bool {
	for _, p := range [...]string{"cali-fw-", "cali-tw-", "cali-pi-", "cali-po-", "cali-pri-", "cali-pro-", "cali-th-", "cali-fh-"} {
		if strings.HasPrefix(chain, p) {
			return true
		}
	}
	return false
}

// plain is Calico's comment without "cali:HASH".
func plain(comment string) string {
	if !strings.HasPrefix(comment, "cali:") {
		return comment
	}
	_, rest, _ := strings.Cut(comment, ", ")
	return rest
}
