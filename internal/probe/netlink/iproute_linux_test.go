package netlink

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/render/iproute"
)

// links makes of each kind that kernels commonly have a device or two.
func manyLinks(t *testing.T) (ns, peer string) {
	t.Helper()
	ns, peer = labtest.Namespace(t), labtest.Namespace(t)
	ip(t, ns,
		"link add eth0 type veth peer name eth0 netns "+peer,
		"link add a0 type veth peer name a1", "link set a0 up", "link set a1 up",
		"link add br0 type bridge ageing_time 1000", "link set br0 up",
		"link add br1 type bridge forward_delay 400 stp_state 0", "link set br1 up",
		"link set a0 master br0", "link set a0 type bridge_slave hairpin on isolated on neigh_suppress on cost 7 priority 3 group_fwd_mask 0x4008",
		"link add p0 type veth peer name p1", "link set p0 master br0", "link set p0 type bridge_slave learning off flood off mcast_flood off backup_port a0 guard on",
		"link add vx0 type vxlan id 42 dstport 4789 local 192.0.2.1 nolearning", "link set vx0 master br1", "link set vx0 up",
		"link add vx1 type vxlan id 43 dstport 8472 group 239.1.1.1 dev p0 ttl 5 tos inherit ageing 100 maxaddress 50 l2miss l3miss proxy rsc udpcsum",
		"link add vx2 type vxlan external dstport 4790 gbp", "link add vx3 type vxlan id 44 dstport 4791 local fd00::1 remote fd00::2 udp6zerocsumrx flowlabel 0x1234 df set srcport 1000 2000",
		"link add mv0 link eth0 type macvlan mode bridge", "link add mv1 link eth0 type macvlan mode source macaddr add 02:00:00:00:00:05",
		"link add mv2 link eth0 type macvtap mode private bcqueuelen 500",
		"tuntap add tun0 mode tun user 0", "tuntap add tap0 mode tap multi_queue group 4242", "link set tap0 up",
		"link add dn0 type ifb", "link set dn0 mtu 1234 txqueuelen 77 group 9 promisc on allmulticast on arp off", "link set dn0 alias a\\text",
		"link property add dev dn0 altname another-name-of-it altname third", "link set a0 address 02:11:22:33:44:55",
		"link set eth0 up",
	)
	ip(t, peer, "link set eth0 up")
	for _, optional := range [...][]string{
		{"link add bo0 type bond mode active-backup miimon 100", "link add s0 type ifb", "link set s0 master bo0", "link set bo0 up", "link set bo0 type bond primary s0"},
		{"link add bo1 type bond mode 802.3ad arp_interval 0", "link add s1 type ifb", "link set s1 master bo1", "link set bo1 up"},
		{"link add bo2 type bond mode active-backup arp_interval 100 arp_ip_target 192.0.2.7,192.0.2.8 arp_validate all"},
		{"link add vrf0 type vrf table 100", "link add s2 type ifb", "link set s2 master vrf0", "link set vrf0 up"},
		{"link add vl0 link a1 type vlan id 5 ingress-qos-map 1:2 egress-qos-map 3:4"},
		{"link add gre1 type gre local 192.0.2.1 remote 192.0.2.2 key 7 ttl 9"},
		{"link add ip1 type ipip local 192.0.2.1 remote 192.0.2.2"},
		{"link add gn0 type geneve id 9 remote 192.0.2.2"},
		{"link add iv0 link eth0 type ipvlan mode l3s private"},
		{"link add wg0 type wireguard"},
		{"link add nk0 type netkit"},
		{"link add xf0 type xfrm if_id 5"},
		{"link add te0 type team"},
		{"link set dn0 protodown on"},
		{"link set br0 type bridge vlan_filtering 1 vlan_default_pvid 7"},
		{"link set br0 type bridge mcast_querier 1"},
	} {
		for _, line := range optional { // where this kernel has the kind
			if _, err := try(t, "ip -n "+ns+" "+line); err != nil {
				t.Logf("%s: %v", line, err)
				break
			}
		}
	}
	settle(t, ns)
	return ns, peer
}

// settle waits until the state of links changes no more.
func settle(t *testing.T, ns string) {
	t.Helper()
	var last string
	since := time.Now()
	labtest.Wait(t, 20*time.Second, "quiet links", func() bool {
		now := string(run(t, "ip -n "+ns+" -d addr"))
		now = timers.ReplaceAllString(now, "")
		if now != last || strings.Contains(now, " tentative") {
			last, since = now, time.Now()
		}
		return time.Since(since) > 1500*time.Millisecond
	})
}

// TestAsIP compares what is listed of a namespace with what ip and bridge list.
func TestAsIP(t *testing.T) {
	t.Parallel()
	ns, peer := manyLinks(t)
	manyEntries(t, ns)
	for _, l := range take(t, ns, Options{}).Links {
		if l.Raw != nil || l.RawData != nil || l.RawPort != nil || l.Inet6 != nil && l.Inet6.Raw != nil {
			t.Logf("%s: not understood: %v %v %v", l.Name, l.Raw, l.RawData, l.RawPort)
		}
	}
	for _, c := range []struct {
		tool    string
		options iproute.Options
		list    func(*netstate.Namespace, iproute.Options) []byte
	}{
		{"ip link", iproute.Options{}, iproute.Links},
		{"ip -d link", iproute.Options{Details: true}, iproute.Links},
		{"ip -s link", iproute.Options{Stats: true}, iproute.Links},
		{"ip -s -d link", iproute.Options{Details: true, Stats: true}, iproute.Links},
		{"ip addr", iproute.Options{}, iproute.Addresses},
		{"ip -d addr", iproute.Options{Details: true}, iproute.Addresses},
		{"ip -s addr", iproute.Options{Stats: true}, iproute.Addresses},
		{"ip -4 addr", iproute.Options{Family: "inet"}, iproute.Addresses},
		{"ip neigh", iproute.Options{}, iproute.Neighbours},
		{"ip -6 neigh", iproute.Options{Family: "inet6"}, iproute.Neighbours},
		{"ip -s neigh", iproute.Options{Stats: true}, iproute.Neighbours},
		{"ip neigh show nud all", iproute.Options{AllStates: true}, iproute.Neighbours},
		{"ip neigh show proxy", iproute.Options{}, iproute.ProxyNeighbours},
		{"bridge fdb", iproute.Options{}, iproute.FDB},
		{"bridge -s fdb", iproute.Options{Stats: true}, iproute.FDB},
	} {
		for _, c.options.JSON = range []bool{false, true} {
			tool, args, _ := strings.Cut(c.tool, " ")
			if c.options.JSON {
				args = "-j " + args
			}
			ours, theirs := at(t, ns, peer, tool+" -n "+ns+" "+args, func(got *netstate.Namespace) []byte { return c.list(got, c.options) }, &c.options)
			if c.options.JSON {
				sameJSON(t, c.tool, ours, theirs)
			} else {
				sameText(t, c.tool, ours, theirs)
			}
		}
	}
}

// at lists what is there with a tool and with ours, at a moment when nothing
// changed: the kernel sends packets of its own, which are counted.
func at(t *testing.T, ns, peer, command string, list func(*netstate.Namespace) []byte, o *iproute.Options) (ours, theirs []byte) {
	t.Helper()
	others := []*os.File{open(t, peer)}
	labtest.Wait(t, 20*time.Second, "two looks that are the same", func() bool {
		theirs = still(run(t, command))
		got := take(t, ns, Options{Others: others})
		o.Netns = func(id int32) string {
			if got.Peers[id] != 0 {
				return peer
			}
			return ""
		}
		ours = still(list(got))
		return bytes.Equal(theirs, still(run(t, command)))
	})
	return ours, theirs
}

// TestInet6Addresses: `ip -6 addr` asks the kernel for less of each link than
// is listed here, but the addresses are the same.
func TestInet6Addresses(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	ip(t, ns, "link add a0 type veth peer name a1", "addr add fd00::1/64 dev a0 nodad", "addr add 10.0.0.1/8 dev a1")
	got := take(t, ns, Options{})
	type link struct {
		Name      string `json:"ifname"`
		Addresses []any  `json:"addr_info"`
	}
	var ours, theirs []link
	if err := json.Unmarshal(iproute.Addresses(got, iproute.Options{JSON: true, Family: "inet6"}), &ours); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(run(t, "ip -6 -j -n "+ns+" addr"), &theirs); err != nil {
		t.Fatal(err)
	}
	if len(ours) != 2 || !reflect.DeepEqual(ours, theirs) {
		t.Errorf("got %v, want %v", ours, theirs)
	}
}

func TestTakeEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Take(ctx, nil, Options{}); err == nil {
		t.Error("an ended context is no error")
	}
}
