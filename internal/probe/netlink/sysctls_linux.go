package netlink

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
)

// sysctlRoot shows the settings of the reading thread's namespace.
const sysctlRoot = "/proc/sys/net/"

// sysctls reads the settings that decide about packets and are not those of one
// interface: these come with the links. One that this kernel or namespace does
// not have is left out: a module is not loaded, or the setting belongs to the
// machine's own namespace alone.
func (t *taker) sysctls() error {
	if err := unix.Access(sysctlRoot, unix.F_OK); err != nil {
		return fmt.Errorf("look at %s: %w", sysctlRoot, err)
	}
	t.out.Sysctls = map[string]string{}
	buf := make([]byte, 4096)
	for _, path := range sysctlPaths() {
		n, err := readFile(sysctlRoot+path, buf)
		switch {
		case errors.Is(err, unix.ENOENT):
		case err != nil:
			t.unreadable(netstate.PartSysctls, path, err)
		default:
			t.out.Sysctls[strings.ReplaceAll(path, "/", ".")] = strings.TrimRight(string(buf[:n]), "\n")
		}
	}
	return nil
}

// readFile reads a file's beginning: settings are short.
func readFile(path string, buf []byte) (int, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(fd) }()
	for {
		n, err := unix.Read(fd, buf)
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0), err
		}
	}
}

// sysctlPaths are the settings below /proc/sys/net
// (Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst,
// ipvs-sysctl.rst).
func sysctlPaths() []string {
	groups := []struct{ dir, names string }{
		{"ipv4/", "ip_forward ip_default_ttl ip_no_pmtu_disc ip_forward_use_pmtu ip_forward_update_priority" +
			" ip_local_port_range ip_local_reserved_ports ip_unprivileged_port_start ip_nonlocal_bind ip_early_demux" +
			" fwmark_reflect tcp_fwmark_accept tcp_l3mdev_accept udp_l3mdev_accept raw_l3mdev_accept" +
			" fib_multipath_hash_policy fib_multipath_hash_fields fib_multipath_use_neigh" +
			" icmp_echo_ignore_all icmp_echo_ignore_broadcasts icmp_errors_use_inbound_ifaddr icmp_ratelimit icmp_ratemask" +
			" tcp_syncookies tcp_max_syn_backlog tcp_mtu_probing tcp_tw_reuse tcp_ecn"},
		{"ipv4/neigh/default/", "gc_thresh1 gc_thresh2 gc_thresh3"},
		{"ipv4/conf/all/", strings.Join(netstate.SettingNames("ipv4"), " ")},
		{"ipv4/conf/default/", "rp_filter arp_ignore arp_announce arp_filter accept_local log_martians route_localnet" +
			" forwarding src_valid_mark accept_source_route send_redirects proxy_arp"},
		{"ipv4/vs/", "conntrack conn_reuse_mode expire_nodest_conn expire_quiescent_template sloppy_tcp snat_reroute nat_icmp_send"},
		{"ipv6/", "bindv6only ip_nonlocal_bind fwmark_reflect fib_multipath_hash_policy fib_multipath_hash_fields"},
		{"ipv6/icmp/", "echo_ignore_all ratelimit"},
		{"ipv6/neigh/default/", "gc_thresh1 gc_thresh2 gc_thresh3"},
		{"ipv6/route/", "max_size"},
		{"ipv6/conf/all/", strings.Join(netstate.SettingNames("ipv6"), " ")},
		{"ipv6/conf/default/", "forwarding disable_ipv6 accept_ra"},
		{"bridge/", "bridge-nf-call-iptables bridge-nf-call-ip6tables bridge-nf-call-arptables" +
			" bridge-nf-filter-vlan-tagged bridge-nf-filter-pppoe-tagged bridge-nf-pass-vlan-input-dev"},
		{"netfilter/", "nf_conntrack_max nf_conntrack_count nf_conntrack_buckets nf_conntrack_expect_max" +
			" nf_conntrack_acct nf_conntrack_checksum nf_conntrack_helper nf_conntrack_log_invalid" +
			" nf_conntrack_tcp_be_liberal nf_conntrack_tcp_loose nf_conntrack_tcp_ignore_invalid_rst" +
			" nf_conntrack_tcp_timeout_established nf_conntrack_tcp_timeout_close_wait nf_conntrack_tcp_timeout_time_wait" +
			" nf_conntrack_udp_timeout nf_conntrack_udp_timeout_stream nf_conntrack_icmp_timeout" +
			" nf_conntrack_generic_timeout nf_hooks_lwtunnel nf_log_all_netns"},
		{"netfilter/nf_log/", "2 3 5 7 10"},
		{"core/", "somaxconn netdev_max_backlog"},
	}
	var all []string
	for _, g := range groups {
		for name := range strings.FieldsSeq(g.names) {
			all = append(all, g.dir+name)
		}
	}
	return all
}
