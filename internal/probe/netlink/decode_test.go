package netlink

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/render/iproute"
)

var (
	addrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	ends  = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })
)

// attrs are attributes, given as type and value: a number of 2 or 4 bytes of
// this machine's order, a text, or bytes.
func attrs(pairs ...any) []byte {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		var v []byte
		switch x := pairs[i+1].(type) {
		case uint16:
			v = binary.NativeEndian.AppendUint16(nil, x)
		case uint32:
			v = binary.NativeEndian.AppendUint32(nil, x)
		case string:
			v = append([]byte(x), 0)
		case []byte:
			v = x
		}
		b = nlattr.Append(b, uint16(pairs[i].(int)), v...)
	}
	return b
}

func be16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

// union is union nf_inet_addr.
func union(addr string) []byte {
	var b [16]byte
	copy(b[:], netip.MustParseAddr(addr).AsSlice())
	return b[:]
}

// ipvsServices are messages of IPVS by the layout of linux/ip_vs.h, and what
// they mean; the kernel of our tests has no IPVS.
func ipvsServices() (messages [][]byte, want []netstate.IPVS) {
	service := func(pairs ...any) []byte { return genlRequest(1, 1, attrs(1, attrs(pairs...))) }
	flags := func(v uint32) []byte {
		return binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, v), 1<<32-1)
	}
	mask := []byte{255, 255, 255, 0}
	messages = [][]byte{
		service(1, uint16(2), 2, uint16(6), 3, union("10.96.0.10"), 4, be16(53), 6, "rr", 7, flags(2), 8, uint32(0), 9, []byte{255, 255, 255, 255}, 10, attrs(1, uint32(5)), 12, attrs(1, uint32(5))),
		service(1, uint16(2), 2, uint16(17), 3, union("10.96.0.10"), 4, be16(53), 6, "sh", 7, flags(1|2|4), 8, uint32(10800), 9, mask, 11, "sip"),
		service(1, uint16(10), 2, uint16(6), 3, union("fd00::a"), 4, be16(80), 6, "wlc", 7, flags(1), 8, uint32(300), 9, uint32(64)),
		service(1, uint16(10), 5, uint32(7), 6, "rr", 7, flags(0), 8, uint32(0), 9, uint32(128), 77, []byte{1}),
	}
	at := netip.MustParseAddrPort
	want = []netstate.IPVS{
		{Proto: 6, Addr: at("10.96.0.10:53"), Scheduler: "rr", Flags: 2, Netmask: 32},
		{Proto: 17, Addr: at("10.96.0.10:53"), Scheduler: "sh", Flags: 7, Timeout: 10800, Netmask: 24, Engine: "sip"},
		{Proto: 6, Addr: at("[fd00::a]:80"), IP6: true, Scheduler: "wlc", Flags: 1, Timeout: 300, Netmask: 64},
		{Mark: 7, IP6: true, Scheduler: "rr", Netmask: 128, Raw: []netstate.Attr{{Type: 77, Data: []byte{1}}}},
	}
	return messages, want
}

func ipvsReals() (messages [][]byte, want []netstate.IPVSReal) {
	dest := func(pairs ...any) []byte { return genlRequest(1, 1, attrs(2, attrs(pairs...))) }
	messages = [][]byte{
		dest(1, union("10.244.1.3"), 2, be16(53), 3, uint32(0x100), 4, uint32(1), 5, uint32(9), 6, uint32(3), 7, uint32(4), 8, uint32(5), 9, uint32(6), 11, uint16(2)),
		dest(1, union("10.244.1.2"), 2, be16(53), 3, uint32(2), 4, uint32(3), 13, []byte{1}, 14, be16(6080), 15, uint16(1)),
		dest(1, union("fd00::b"), 2, be16(53), 3, uint32(3), 4, uint32(0), 11, uint16(10)),
	}
	at := netip.MustParseAddrPort
	want = []netstate.IPVSReal{
		{Addr: at("10.244.1.3:53"), Weight: 1, Upper: 9, Lower: 3, Active: 4, Inactive: 5, Persistent: 6},
		{Addr: at("10.244.1.2:53"), Weight: 3, Method: 2, Tunnel: 1, Port: 6080, TunnelFlags: 1},
		{Addr: at("[fd00::b]:53"), Method: 3},
	}
	return messages, want
}

func TestIPVS(t *testing.T) {
	messages, want := ipvsServices()
	var got []netstate.IPVS
	for i, m := range messages {
		s, err := decodeIPVS(m)
		if diff := cmp.Diff(want[i], s, ends); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if _, err := decodeIPVS(m[:len(m)-4]); err == nil {
			t.Errorf("service %d is whole when it is cut", i)
		}
		got = append(got, s)
	}
	messages, reals := ipvsReals()
	for i, m := range messages {
		r, err := decodeIPVSReal(m, false)
		if diff := cmp.Diff(reals[i], r, ends); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		got[i%2].Reals = append(got[i%2].Reals, r)
	}
	text := string(iproute.IPVS(&netstate.Namespace{IPVS: got}))
	if want := strings.Join([]string{
		"-A -t 10.96.0.10:53 -s rr",
		"-a -t 10.96.0.10:53 -r 10.244.1.3:53 -m -w 1 -x 9 -y 3",
		"-a -t 10.96.0.10:53 -r [fd00::b]:53 -g -w 0",
		"-A -u 10.96.0.10:53 -s sh -p 10800 -M 255.255.255.0 --pe sip -o",
		"-a -u 10.96.0.10:53 -r 10.244.1.2:53 -i --tun-type gue --tun-port 6080 --tun-csum -w 3",
		"-A -t [fd00::a]:80 -s wlc -p 300 -M 64",
		"-A -f 7 -6 -s rr",
		"",
	}, "\n"); text != want {
		t.Errorf("%s", cmp.Diff(want, text))
	}
}

// A question for the real servers names the service as the kernel did.
func TestIPVSQuestion(t *testing.T) {
	messages, _ := ipvsServices()
	for i, m := range messages {
		s, err := decodeIPVS(m)
		if err != nil {
			t.Fatal(err)
		}
		q := ipvsRequest(&s)
		if q[0] != ipvsGetDest {
			t.Errorf("command %d", q[0])
		}
		q[0] = 1
		back, err := decodeIPVS(q)
		if err != nil || back.Addr != s.Addr || back.Mark != s.Mark || back.IP6 != s.IP6 || back.Proto != s.Proto {
			t.Errorf("service %d: %v, %+v, want %+v", i, err, back, s)
		}
	}
	if id := familyID(genlRequest(1, 2, attrs(genlName, "IPVS", genlFamilyID, uint16(33)))); id != 33 {
		t.Errorf("family %d", id)
	}
}

// A connection of GRE, and one of SCTP that is offloaded: the kernel of our
// tests has neither.
func TestConnections(t *testing.T) {
	tuple := func(src, dst string, proto ...any) []byte {
		a, b := netip.MustParseAddr(src), netip.MustParseAddr(dst)
		first := 1
		if a.Is6() {
			first = 3
		}
		return attrs(1, attrs(first, a.AsSlice(), first+1, b.AsSlice()), 2, attrs(proto...))
	}
	be32 := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	head := []byte{2, 0, 0, 0}
	gre := slices.Concat(head, attrs(1, tuple("10.0.0.1", "10.0.0.2", 1, []byte{47}, 2, be16(16), 3, be16(255)),
		2, tuple("10.0.0.2", "10.0.0.1", 1, []byte{47}), 3, be32(2), 7, be32(30), 11, be32(1), 19, attrs(1, "system_u:x"), 22, []byte{1, 2, 3, 4}))
	sctp := slices.Concat(head, attrs(1, tuple("fd00::1", "fd00::2", 1, []byte{132}, 2, be16(9), 3, be16(38412)),
		2, tuple("fd00::2", "fd00::1", 1, []byte{132}, 2, be16(38412), 3, be16(9)), 3, be32(1<<14|2|4), 4, attrs(3, attrs(1, []byte{4})), 8, be32(5), 11, be32(2)))
	ns := &netstate.Namespace{}
	for _, b := range [][]byte{gre, sctp} {
		c, err := decodeConnection(b)
		if err != nil {
			t.Fatal(err)
		}
		ns.Conntrack.Entries = append(ns.Conntrack.Entries, c)
		for n := range len(b) {
			if _, err := decodeConnection(b[:n]); err == nil && n%4 != 0 {
				t.Errorf("cut at %d is whole", n)
			}
		}
	}
	want := "ipv4     2 gre      47 30 src=10.0.0.1 dst=10.0.0.2 srckey=0x10 dstkey=0xff src=10.0.0.2 dst=10.0.0.1 srckey=0x0 dstkey=0x0 mark=0 secctx=system_u:x use=1\n" +
		"ipv6     10 sctp     132 ESTABLISHED src=fd00::1 dst=fd00::2 sport=9 dport=38412 src=fd00::2 dst=fd00::1 sport=38412 dport=9 [OFFLOAD] mark=5 use=2\n"
	if got := string(iproute.Connections(ns)); got != want {
		t.Error(cmp.Diff(want, got))
	}
	if !slices.Equal(ns.Conntrack.Entries[0].Labels, []byte{1, 2, 3, 4}) {
		t.Error("labels")
	}
}

func TestRawListeners(t *testing.T) {
	const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
    1: 0100007F:0001 00000000:0000 07 00000000:00000680 00:00000000 00000000  1000        0 27418 2 00000000d2a3 0
    6: 0100007F:0006 0200007F:0000 01 00000000:00000000 00:00000000 00000000     0        0 27419 2 00000000d2a3 0
   58: 00000000000000000000000001000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 9 2 0 0
    7: 0100007:0001 00000000:0000 07 00000000:00000680 00:00000000 00000000  1000        0 27418 2 00000000d2a3 0
`
	want := []netstate.Listener{
		{Proto: "raw", Addr: netip.MustParseAddrPort("127.0.0.1:1"), Queue: 0x680, UID: 1000, Inode: 27418},
		{Proto: "raw", Addr: netip.MustParseAddrPort("[::1]:58"), Inode: 9},
	}
	if diff := cmp.Diff(want, rawListeners([]byte(text)), addrs, ends); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecode(f *testing.F) {
	services, _ := ipvsServices()
	reals, _ := ipvsReals()
	for _, m := range services {
		f.Add(byte(0), m)
	}
	for _, m := range reals {
		f.Add(byte(1), m)
	}
	tuple := attrs(1, attrs(1, []byte{1, 2, 3, 4}, 2, []byte{1, 2, 3, 5}), 2, attrs(1, []byte{6}, 2, be16(1), 3, be16(2)))
	f.Add(byte(2), slices.Concat([]byte{2, 0, 0, 0}, attrs(1, tuple, 2, tuple, 4, attrs(1, attrs(1, []byte{3})), 9, attrs(1, make([]byte, 8)))))
	b, _ := hex.DecodeString("020a0000")
	f.Add(byte(3), append(append(b, make([]byte, 68)...), attrs(11, []byte{1})...))
	f.Add(byte(4), []byte("1: 0100007F:0001 00000000:0000 07 00000000:00000680 00:00000000 00000000  1000        0 27418 2\n"))
	f.Fuzz(func(t *testing.T, what byte, b []byte) {
		ns := &netstate.Namespace{}
		switch what {
		case 0:
			if s, err := decodeIPVS(b); err == nil {
				ns.IPVS = []netstate.IPVS{s}
				ipvsRequest(&s)
			}
		case 1:
			if r, err := decodeIPVSReal(b, len(b)%2 == 0); err == nil {
				ns.IPVS = []netstate.IPVS{{Reals: []netstate.IPVSReal{r}}}
			}
		case 2:
			if c, err := decodeConnection(b); err == nil {
				ns.Conntrack.Entries = []netstate.Connection{c}
				(&ConnectionFilter{Ports: []uint16{1}, Addrs: []netip.Addr{c.Reply.Dst.Addr()}}).wants(&c)
			}
		case 3:
			for _, p := range diagProtocols() {
				if l, ok, err := p.decodeListener(b); ok && err == nil {
					ns.Listeners = append(ns.Listeners, l)
				}
			}
		case 4:
			ns.Listeners = rawListeners(b)
		default:
			familyID(b)
		}
		for _, text := range [][]byte{iproute.IPVS(ns), iproute.Connections(ns), iproute.Listeners(ns)} {
			if len(text) > 0 && text[len(text)-1] != '\n' {
				t.Errorf("%q", text)
			}
		}
	})
}
