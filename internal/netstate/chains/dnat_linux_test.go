package chains

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// short is a DNAT in one line.
func (d *DNAT) short() string {
	s := fmt.Sprintf("%s %d", d.Hook, d.Proto)
	if d.Dst.IsValid() {
		s += " " + d.Dst.String()
	}
	if d.Local {
		s += " local"
	}
	if d.PortEnd != 0 {
		s += fmt.Sprintf(" :%d", d.Port)
	}
	if d.PortEnd != d.Port {
		s += fmt.Sprintf("-%d", d.PortEnd)
	}
	s += " > " + d.To.String()
	for _, who := range []string{d.Owner, d.Entry} {
		s += ", " + who
	}
	return s
}

func wantDNATs(t *testing.T, x *Rulesets, want ...string) {
	t.Helper()
	var got []string
	for _, d := range x.DNATs() {
		got = append(got, d.short())
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("no %s", w)
		}
	}
	if t.Failed() {
		t.Logf("got:\n%s", strings.Join(got, "\n"))
	}
}

// The ways to a pod through iptables of either kind: cluster address, node
// port, load balancer, published ports of docker and of CNI portmap.
func TestDNATsOfIptables(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"legacy", "nft"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.ipsets()
			b.run(file(t, "testdata/kube-proxy.iptables"), "iptables-"+kind+"-restore", "-c")
			wantDNATs(t, b.open(),
				"prerouting 6 10.96.77.1/32 :80 > 10.244.1.5:8080, kube-proxy: endpoint of shop/web:http, kube-proxy: service shop/web:http",
				"output 6 10.96.77.1/32 :80 > 10.244.2.7:8080, kube-proxy: endpoint of shop/web:http, kube-proxy: service shop/web:http",
				"prerouting 6 203.0.113.80/32 :80 > 10.244.1.5:8080, kube-proxy: endpoint of shop/web:http, kube-proxy: external traffic of shop/web:http",
				"prerouting 6 local :30080 > 10.244.1.5:8080, kube-proxy: endpoint of shop/web:http, kube-proxy: external traffic of shop/web:http",
				"prerouting 17 local :30053 > 10.244.1.9:5353, kube-proxy: endpoint of shop/db, kube-proxy: external traffic of shop/db",
				"prerouting 6 10.96.0.1/32 :443 > 192.168.49.2:6443, kube-proxy: endpoint of default/kubernetes:https, kube-proxy: service default/kubernetes:https",
			)
			d := newBed(t)
			d.run(file(t, "testdata/docker.iptables"), "iptables-"+kind+"-restore", "-c")
			wantDNATs(t, d.open(),
				"prerouting 6 local :8080 > 172.17.0.2:80, Docker: published ports, Docker: published ports",
				"prerouting 17 127.0.0.1/32 local :5300 > 172.17.0.3:53, Docker: published ports, Docker: published ports",
				"prerouting 6 local :8443 > 10.244.0.7:443, CNI portmap: host ports of one pod, CNI portmap: host ports of one pod",
			)
		})
	}
}

// Those through nft's own language: kube-proxy's nftables mode by its maps, and
// the forms of portmap and netavark.
func TestDNATsOfNFT(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.run(file(t, "testdata/published.nft"), "nft", "-f", "-")
	wantDNATs(t, b.open(),
		"prerouting 6 10.96.77.1/32 :80 > 10.244.1.5:8080, kube-proxy: endpoint of shop/web:http, kube-proxy: service shop/web:http",
		"prerouting 6 10.96.77.1/32 :80 > 10.244.2.7:8080, kube-proxy: endpoint of shop/web:http, kube-proxy: service shop/web:http",
		"prerouting 6 local :30080 > 10.244.1.5:8080, kube-proxy: endpoint of shop/web:http, kube-proxy: external traffic of shop/web:http",
		"prerouting 6 local :8080 > 10.88.0.5:80, podman: nv_2f259bab_10_88_0_0_nm16_dnat, podman: nv_2f259bab_10_88_0_0_nm16_dnat",
		"prerouting 6 local :9000-9010 > 10.88.0.6:0, podman: nv_2f259bab_10_88_0_0_nm16_dnat, podman: nv_2f259bab_10_88_0_0_nm16_dnat",
		"prerouting 17 192.0.2.0/24 local :53 > 10.88.0.7:5353, podman: nv_2f259bab_10_88_0_0_nm16_dnat, podman: nv_2f259bab_10_88_0_0_nm16_dnat",
		"prerouting 6 192.0.2.1/32 :81 > 10.9.0.1:8081, , ",
		"prerouting 6 192.0.2.2/32 :82 > 10.9.0.2:8082, , ",
		"prerouting 6 fd00::1/128 :443 > [fd00::9]:8443, , ",
		"prerouting 6 :7001 > 10.9.0.3:7000, , ",
		"prerouting 6 :7002 > 10.9.0.3:7000, , ",
	)
}
