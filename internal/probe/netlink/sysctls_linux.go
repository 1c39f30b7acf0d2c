package netlink

import (
	"bytes"
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
	root, err := unix.Open(sysctlRoot, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", sysctlRoot, err)
	}
	defer func() { _ = unix.Close(root) }()
	t.out.Sysctls = map[string]string{}
	for _, g := range sysctlGroups() {
		dir, err := unix.Openat(root, g.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		switch {
		case errors.Is(err, unix.ENOENT):
		case err != nil:
			t.unreadable(netstate.PartSysctls, g.dir, err)
		default:
			t.sysctlGroup(dir, g)
			_ = unix.Close(dir)
		}
	}
	return nil
}

// sysctlGroup reads settings of one directory.
func (t *taker) sysctlGroup(dir int, g sysctlGroup) {
	var buf [256]byte
	prefix := strings.ReplaceAll(g.dir, "/", ".") + "."
	for _, name := range g.names {
		v, err := readSetting(dir, name, buf[:])
		switch {
		case errors.Is(err, unix.ENOENT):
		case err != nil:
			t.unreadable(netstate.PartSysctls, g.dir+"/"+name, err)
		default:
			t.out.Sysctls[prefix+name] = string(v)
		}
	}
}

// readSetting reads a setting into buf, or into a longer one if it needs that: a
// list of ports may be long, and is given at once or cut.
func readSetting(dir int, path string, buf []byte) ([]byte, error) {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	for {
		switch n, err := unix.Pread(fd, buf, 0); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, err
		case n < len(buf):
			return bytes.TrimRight(buf[:n], "\n"), nil
		default:
			buf = make([]byte, 8*len(buf))
		}
	}
}

// sysctlGroup are settings of a directory below /proc/sys/net.
type sysctlGroup struct {
	dir   string
	names []string
}

// sysctlGroups are the settings that are read
// (Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst,
// ipvs-sysctl.rst).
func sysctlGroups() []sysctlGroup {
	words := strings.Fields
	return []sysctlGroup{
		{"ipv4", words("ip_forward ip_default_ttl ip_no_pmtu_disc ip_forward_use_pmtu ip_forward_update_priority" +
			" ip_local_port_range ip_local_reserved_ports ip_unprivileged_port_start ip_nonlocal_bind ip_early_demux" +
			" fwmark_reflect tcp_fwmark_accept tcp_l3mdev_accept udp_l3mdev_accept raw_l3mdev_accept" +
			" fib_multipath_hash_policy fib_multipath_hash_fields fib_multipath_use_neigh" +
			" icmp_echo_ignore_all icmp_echo_ignore_broadcasts icmp_errors_use_inbound_ifaddr icmp_ratelimit icmp_ratemask" +
			" tcp_syncookies tcp_max_syn_backlog tcp_mtu_probing tcp_tw_reuse tcp_ecn")},
		{"ipv4/neigh/default", words("gc_thresh1 gc_thresh2 gc_thresh3")},
		{"ipv4/conf/all", netstate.SettingNames("ipv4")},
		{"ipv4/conf/default", words("rp_filter arp_ignore arp_announce arp_filter accept_local log_martians route_localnet" +
			" forwarding src_valid_mark accept_source_route send_redirects proxy_arp")},
		{"ipv4/vs", words("conntrack conn_reuse_mode expire_nodest_conn expire_quiescent_template sloppy_tcp snat_reroute nat_icmp_send")},
		{"ipv6", words("bindv6only ip_nonlocal_bind fwmark_reflect fib_multipath_hash_policy fib_multipath_hash_fields")},
		{"ipv6/icmp", words("echo_ignore_all ratelimit")},
		{"ipv6/neigh/default", words("gc_thresh1 gc_thresh2 gc_thresh3")},
		{"ipv6/route", words("max_size")},
		{"ipv6/conf/all", netstate.SettingNames("ipv6")},
		{"ipv6/conf/default", words("forwarding disable_ipv6 accept_ra")},
		{"bridge", words("bridge-nf-call-iptables bridge-nf-call-ip6tables bridge-nf-call-arptables" +
			" bridge-nf-filter-vlan-tagged bridge-nf-filter-pppoe-tagged bridge-nf-pass-vlan-input-dev")},
		{"netfilter", words("nf_conntrack_max nf_conntrack_count nf_conntrack_buckets nf_conntrack_expect_max" +
			" nf_conntrack_acct nf_conntrack_checksum nf_conntrack_helper nf_conntrack_log_invalid" +
			" nf_conntrack_tcp_be_liberal nf_conntrack_tcp_loose nf_conntrack_tcp_ignore_invalid_rst" +
			" nf_conntrack_tcp_timeout_established nf_conntrack_tcp_timeout_close_wait nf_conntrack_tcp_timeout_time_wait" +
			" nf_conntrack_udp_timeout nf_conntrack_udp_timeout_stream nf_conntrack_icmp_timeout" +
			" nf_conntrack_generic_timeout nf_hooks_lwtunnel nf_log_all_netns")},
		{"netfilter/nf_log", words("2 3 5 7 10")},
		{"core", words("somaxconn netdev_max_backlog")},
	}
}
