package netlink_test

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
	"github.com/pktrail/pktrail/internal/render/iproute"
)

// set changes settings of a namespace.
func set(t *testing.T, namespace string, settings ...string) {
	t.Helper()
	run(t, "ip", append([]string{"netns", "exec", namespace, "sysctl", "-qw"}, settings...)...)
}

func settingsOf(t *testing.T, namespace string) *netstate.Namespace {
	t.Helper()
	return take(t, namespace, netlink.Options{Parts: []netstate.Part{netstate.PartLinks, netstate.PartSysctls}})
}

// Every line is one of `sysctl -a`: those of interfaces, which come with the
// links, too.
func TestSysctlsAsSysctl(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	run(t, "ip", "-n", ns, "link", "add", "v0.7", "type", "veth", "peer", "name", "v1")
	set(t, ns, "net.ipv4.conf.v1.rp_filter=2", "net.ipv4.conf.v0/7.arp_announce=1",
		"net.ipv6.conf.v1.accept_ra=2", "net.ipv6.conf.v1.mtu=1400", "net.ipv4.conf.v1.arp_evict_nocarrier=0", "net.ipv6.conf.v1.addr_gen_mode=1")
	var ports []string
	for p := 1000; p < 60000; p += 100 { // longer than most values
		ports = append(ports, strconv.Itoa(p))
	}
	set(t, ns, "net.ipv4.ip_local_reserved_ports="+strings.Join(ports, ","))
	theirs := map[string]bool{}
	for l := range strings.Lines(string(run(t, "ip", "netns", "exec", ns, "sysctl", "-a", "--ignore"))) {
		theirs[l] = true
	}
	ours := iproute.Sysctls(settingsOf(t, ns))
	n := 0
	for l := range strings.Lines(string(ours)) {
		n++
		if !theirs[l] {
			t.Errorf("sysctl has no line %q", l)
		}
	}
	for _, want := range []string{
		"net.ipv4.ip_forward = 0\n", "net.ipv4.conf.v1.rp_filter = 2\n", "net.ipv4.conf.v0/7.arp_announce = 1\n",
		"net.ipv6.conf.v1.mtu = 1400\n", "net.ipv4.ip_local_port_range = 32768\t60999\n", "net.netfilter.nf_conntrack_count = 0\n",
		"net.ipv4.ip_local_reserved_ports = " + strings.Join(ports, ",") + "\n",
		"net.bridge.bridge-nf-call-iptables = ", "net.netfilter.nf_log.2 = ", "net.ipv4.conf.default.rp_filter = ",
	} {
		if !strings.Contains(string(ours), want) {
			t.Errorf("no %q", want)
		}
	}
	if n < 150 {
		t.Errorf("%d settings", n)
	}
}

// input asks the kernel how it would route a packet that comes in by v0, and
// gives its refusal.
func input(t *testing.T, namespace, src, dst string) (accepted bool, why string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ip", "-n", namespace, "route", "get", dst, "from", src, "iif", "v0").CombinedOutput()
	return err == nil, strings.TrimSpace(string(out))
}

// What Namespace.Setting says holds is what the kernel does, for all values of
// an interface's setting and that of all.
func TestEffectiveSettings(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	for _, args := range []string{
		"link add v0 type veth peer name v1", "link add v2 type veth peer name v3", "link set v0 up", "link set v1 up",
		"link set v2 up", "link set v3 up", "addr add 10.1.0.1/24 dev v0", "addr add 10.2.0.1/24 dev v2",
	} {
		run(t, "ip", append([]string{"-n", ns}, strings.Fields(args)...)...)
	}
	const off = "net.ipv4.conf.%s.rp_filter=0"
	for _, c := range []struct {
		name     string
		values   int
		src, dst string
		// accepted says what the kernel does with the packet at a value.
		accepted func(v int32) bool
	}{
		// 10.2.0.9 is behind another interface: strict refuses it, loose does not.
		{"rp_filter", 3, "10.2.0.9", "10.1.0.1", func(v int32) bool { return v != 1 }},
		// 192.0.2.9 is nowhere: both refuse it.
		{"rp_filter", 3, "192.0.2.9", "10.1.0.1", func(v int32) bool { return v == 0 }},
		// A sender with an address of ours.
		{"accept_local", 2, "10.2.0.1", "10.1.0.1", func(v int32) bool { return v != 0 }},
		// A loopback address from outside.
		{"route_localnet", 2, "10.1.0.9", "127.0.0.1", func(v int32) bool { return v != 0 }},
		// A packet for somebody else.
		{"forwarding", 2, "10.1.0.9", "10.2.0.9", func(v int32) bool { return v != 0 }},
	} {
		for own := range c.values {
			for all := range c.values {
				set(t, ns, fmt.Sprintf(off, "all"), fmt.Sprintf(off, "v0"), "net.ipv4.conf.all.accept_local=0", "net.ipv4.conf.v0.accept_local=0",
					fmt.Sprintf("net.ipv4.conf.all.%s=%d", c.name, all), fmt.Sprintf("net.ipv4.conf.v0.%s=%d", c.name, own))
				n := settingsOf(t, ns)
				s, ok := n.Setting(n.LinkByName("v0"), "ipv4", c.name)
				if !ok || s.Own != int32(own) || s.All != int32(all) || !s.HasAll {
					t.Fatalf("%s own %d all %d: %+v, %v", c.name, own, all, s, ok)
				}
				from := "ipv4.conf.v0." + c.name
				if own < all && c.name != "forwarding" {
					from = "ipv4.conf.all." + c.name
				}
				if s.From != from {
					t.Errorf("%s own %d all %d is from %s, want %s", c.name, own, all, s.From, from)
				}
				if accepted, why := input(t, ns, c.src, c.dst); accepted != c.accepted(s.Value) {
					t.Errorf("%s own %d all %d is %d, but the kernel says %q", c.name, own, all, s.Value, why)
				}
			}
		}
	}
}

// IPv6 forwards by the setting of all alone.
func TestEffectiveForwarding6(t *testing.T) {
	t.Parallel()
	a, r, b := labtest.Namespace(t), labtest.Namespace(t), labtest.Namespace(t)
	p := netip.MustParsePrefix
	labtest.VethPair(t,
		labtest.VethEnd{Namespace: a, Device: "eth0", Addresses: []netip.Prefix{p("fd00:a::2/64")}},
		labtest.VethEnd{Namespace: r, Device: "ra", Addresses: []netip.Prefix{p("fd00:a::1/64")}})
	labtest.VethPair(t,
		labtest.VethEnd{Namespace: b, Device: "eth0", Addresses: []netip.Prefix{p("fd00:b::2/64")}},
		labtest.VethEnd{Namespace: r, Device: "rb", Addresses: []netip.Prefix{p("fd00:b::1/64")}})
	run(t, "ip", "-n", a, "-6", "route", "add", "default", "via", "fd00:a::1")
	run(t, "ip", "-n", b, "-6", "route", "add", "default", "via", "fd00:b::1")
	for _, all := range []string{"1", "0"} {
		for _, own := range []string{"0", "1"} {
			set(t, r, "net.ipv6.conf.all.forwarding="+all)
			set(t, r, "net.ipv6.conf.ra.forwarding="+own, "net.ipv6.conf.rb.forwarding="+own)
			n := settingsOf(t, r)
			s, ok := n.Setting(n.LinkByName("ra"), "ipv6", "forwarding")
			if want := int32(all[0] - '0'); !ok || s.Value != want || s.Own != int32(own[0]-'0') {
				t.Errorf("own %s, all %s: %+v, %v", own, all, s, ok)
			}
			out, err := exec.CommandContext(t.Context(), "ip", "netns", "exec", a, "ping", "-c1", "-W1", "-q", "fd00:b::2").CombinedOutput()
			if (err == nil) != (s.Value != 0) {
				t.Errorf("own %s, all %s is %d, but ping says %s", own, all, s.Value, out)
			}
		}
	}
}
