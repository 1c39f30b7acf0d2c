//go:build !pktrail_lite

package nftrace

import (
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

var (
	pod1  = netip.MustParseAddr("10.244.1.7")
	pod2  = netip.MustParseAddr("10.244.2.3")
	pod1v = netip.MustParseAddr("fd44:1::7")
	pod2v = netip.MustParseAddr("fd44:2::3")

	ip4 = build.IPv4{Src: pod1, Dst: pod2, ID: 77}
	ip6 = build.IPv6{Src: pod1v, Dst: pod2v}
	tcp = build.TCP{SrcPort: 41822, DstPort: 80, Flags: packet.SYN}
)

// The ways to wrap a packet up, as payload of a UDP port or an IP protocol.
var wrapped = []struct {
	name  string
	port  uint16 // or
	proto int
	body  func(inner ...build.Layer) []byte
}{
	{"vxlan", 8472, 0, func(in ...build.Layer) []byte {
		return build.Packet(append([]build.Layer{build.VXLAN{VNI: 1}, build.Ethernet{}}, in...)...)
	}},
	{"vxlan with group policy", 4789, 0, func(in ...build.Layer) []byte {
		b := build.Packet(append([]build.Layer{build.VXLAN{VNI: 0xffffff}, build.Ethernet{}}, in...)...)
		b[0] |= 0x80
		return b
	}},
	{"geneve", 6081, 0, func(in ...build.Layer) []byte {
		return build.Packet(append([]build.Layer{build.Geneve{VNI: 1}, build.Ethernet{}}, in...)...)
	}},
	{"ip in ip", 0, protoIPIP, func(in ...build.Layer) []byte { return build.Packet(in...) }},
	{"gre", 0, protoGRE, func(in ...build.Layer) []byte { return build.Packet(append([]build.Layer{build.GRE{}}, in...)...) }},
}

var insideCases = []struct {
	name  string
	inner []build.Layer
	match Match
	want  bool
}{
	{"port", []build.Layer{ip4, tcp}, Match{DstPort: 80}, true},
	{"other port", []build.Layer{ip4, tcp}, Match{DstPort: 81}, false},
	{"either port", []build.Layer{ip4, tcp}, Match{Port: 41822, Proto: protoTCP}, true},
	{"other protocol", []build.Layer{ip4, tcp}, Match{Port: 41822, Proto: protoUDP}, false},
	{"addresses", []build.Layer{ip4, tcp}, Match{Src: netip.PrefixFrom(pod1, 32), Dst: netip.MustParsePrefix("10.244.2.1/22")}, true},
	{"other address", []build.Layer{ip4, tcp}, Match{Src: netip.PrefixFrom(pod2, 32)}, false},
	{"other network", []build.Layer{ip4, tcp}, Match{Dst: netip.MustParsePrefix("10.244.3.0/24")}, false},
	{"version", []build.Layer{ip4, tcp}, Match{Version: 6, DstPort: 80}, false},
	{"echo", []build.Layer{ip4, build.ICMPv4{Type: 8, ID: 4660, Seq: 1}}, Match{ICMPID: 4660, HasID: true}, true},
	{"echo reply", []build.Layer{ip4, build.ICMPv4{Type: 0, ID: 4660, Seq: 1}}, Match{ICMPID: 4660, HasID: true}, true},
	{"other echo", []build.Layer{ip4, build.ICMPv4{Type: 8, ID: 4661, Seq: 1}}, Match{ICMPID: 4660, HasID: true}, false},
	{"no echo", []build.Layer{ip4, build.ICMPv4{Type: 13, ID: 4660, Seq: 1}}, Match{ICMPID: 4660, HasID: true}, false},
	{"later fragment", []build.Layer{build.IPv4{Src: pod1, Dst: pod2, Offset: 64, Proto: packet.ProtoUDP}, build.Payload("\x00\x50\x00\x50abcdef")}, Match{DstPort: 80}, false},
	{"IPv6 port", []build.Layer{ip6, tcp}, Match{DstPort: 80}, true},
	{"IPv6 addresses", []build.Layer{ip6, tcp}, Match{Src: netip.PrefixFrom(pod1v, 128), Dst: netip.MustParsePrefix("fd44:2::/31")}, true},
	{"other IPv6 network", []build.Layer{ip6, tcp}, Match{Dst: netip.MustParsePrefix("fd44:1::/32")}, false},
	{"other IPv6 address", []build.Layer{ip6, tcp}, Match{Dst: netip.PrefixFrom(pod1v, 128)}, false},
	{"IPv6 echo", []build.Layer{ip6, build.ICMPv6{Type: 128, ID: 9, Seq: 1}}, Match{ICMPID: 9, HasID: true, Version: 6}, true},
	{"IPv6 echo reply", []build.Layer{ip6, build.ICMPv6{Type: 129, ID: 9, Seq: 1}}, Match{ICMPID: 9, HasID: true}, true},
	{"IPv6 other ICMP", []build.Layer{ip6, build.ICMPv6{Type: 135, ID: 9, Seq: 1}}, Match{ICMPID: 9, HasID: true}, false},
}

// A packet in a tunnel is marked by what is inside, where it comes in. Each
// is followed by one that always is marked: when that is seen, the other has
// passed.
func TestInside(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.router, `table inet t {
		chain f { type filter hook forward priority 0; policy accept
		}
	}`, "nft", "-f", "-")
	for _, w := range wrapped {
		for _, c := range insideCases {
			t.Run(w.name+"/"+c.name, func(t *testing.T) {
				tr := open(t, b.router, Options{Matches: []Match{c.match, {Proto: protoSCTP}}})
				proto := w.proto
				if _, is6 := c.inner[0].(build.IPv6); is6 && proto == protoIPIP {
					proto = protoIPv6
				}
				sendRaw(t, b.client, w.port, proto, w.body(c.inner...))
				sendRaw(t, b.client, 0, protoSCTP, []byte("last one"))
				want := "FORWARD cl>sv inet t: f policy accept\n"
				if c.want {
					want += want
				}
				expect(t, tr, want)
				tr.stop(t)
				if st, err := tr.Stats(); err != nil || st.Marked != uint64(len(want))/38 {
					t.Errorf("%+v, %v", st, err)
				}
			})
		}
	}
}

// sendRaw sends to the server: to a UDP port, or as an IP protocol.
func sendRaw(t *testing.T, ns string, port uint16, proto int, body []byte) {
	t.Helper()
	if port != 0 {
		if _, err := labtest.Dial(t, ns, "udp", netip.AddrPortFrom(serverIP, port).String()).Write(body); err != nil {
			t.Fatal(err)
		}
		return
	}
	err := lab.Do(ns, func() error {
		c, err := new(net.ListenConfig).ListenPacket(t.Context(), "ip4:"+strconv.Itoa(proto), "10.9.1.2")
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.WriteTo(body, &net.IPAddr{IP: serverIP.AsSlice()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A real VXLAN device on both sides: the packet is marked on the sender, on
// the router that only sees the outside, and on the receiver both in the
// tunnel and out of it.
func TestVXLAN(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for ns, ip := range map[string][2]string{b.client: {"10.244.1.7/16", "10.9.2.2"}, b.server: {"10.244.2.3/16", "10.9.1.2"}} {
		run(t, ns, "", "ip", "link", "add", "vx", "type", "vxlan", "id", "7", "dstport", "8472", "remote", ip[1])
		run(t, ns, "", "ip", "addr", "add", ip[0], "dev", "vx")
		run(t, ns, "", "ip", "link", "set", "vx", "up")
	}
	labtest.Ping(t, b.client, pod2)
	all := `table inet t {
		chain pre { type filter hook prerouting priority 0
		}
		chain in { type filter hook input priority 0
		}
		chain out { type filter hook output priority 0
		}
		chain post { type filter hook postrouting priority 0
		}
		chain f { type filter hook forward priority 0
		}
	}`
	match := Options{Matches: []Match{{Dst: netip.PrefixFrom(pod2, 32), DstPort: 80, Proto: protoUDP}}}
	var traced [3]*tracer
	for i, ns := range []string{b.client, b.router, b.server} {
		run(t, ns, all, "nft", "-f", "-")
		traced[i] = open(t, ns, match)
	}
	sendUDP(t, b.client, "10.244.2.3:80")
	expect(t, traced[0], `OUTPUT vx inet t: out policy accept
POSTROUTING vx inet t: post policy accept
OUTPUT eth0 inet t: out policy accept
POSTROUTING eth0 inet t: post policy accept
`)
	expect(t, traced[1], `PREROUTING cl inet t: pre policy accept
FORWARD cl>sv inet t: f policy accept
POSTROUTING sv inet t: post policy accept
`)
	expect(t, traced[2], `PREROUTING eth0 inet t: pre policy accept
INPUT eth0 inet t: in policy accept
PREROUTING vx inet t: pre policy accept
INPUT vx inet t: in policy accept
`)
	for i, want := range []uint64{2, 1, 2} {
		traced[i].stop(t)
		if st, err := traced[i].Stats(); err != nil || st.Marked != want || st.Headless != 0 {
			t.Errorf("namespace %d: %+v, %v", i, st, err)
		}
	}
}
