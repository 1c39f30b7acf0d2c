//go:build !pktrail_lite

package skbtrace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
	"github.com/pktrail/pktrail/internal/trail"
)

// wire is a veth pair; frames written to one end arrive at the other, in
// namespace to, and are for nobody there.
type wire struct {
	to string
	fd int
}

func newWire(t *testing.T) *wire {
	t.Helper()
	from, w := labtest.Namespace(t), &wire{to: labtest.Namespace(t)}
	labtest.VethPair(t, labtest.VethEnd{Namespace: from, Device: "a"}, labtest.VethEnd{Namespace: w.to, Device: "b"})
	err := lab.Do(from, func() (err error) {
		dev, err := net.InterfaceByName("a")
		if err != nil {
			return err
		}
		if w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		return unix.Bind(w.fd, &unix.SockaddrLinklayer{Ifindex: dev.Index})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(w.fd) })
	return w
}

// send writes an IP packet in a frame whose destination carries a number.
func (w *wire) send(t *testing.T, number int, ip []byte) {
	t.Helper()
	frame := binary.BigEndian.AppendUint32([]byte{2, 0}, uint32(number))
	frame = append(frame, 2, 0, 0, 0, 0, 1, 0x08, 0x00)
	if ip[0]>>4 == 6 {
		frame[12], frame[13] = 0x86, 0xdd
	}
	if _, err := unix.Write(w.fd, append(frame, ip...)); err != nil {
		t.Fatal(err)
	}
}

// The filter in the kernel matches what it matches outside, inside of tunnels
// too.
func TestFilterInKernel(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	r := rand.New(rand.NewPCG(1, 2))
	var packets [][]byte
	for len(packets) < 1000 {
		b := build.Packet(packettest.IP(r, 2)...)
		if len(b) < 20 || len(b) > 1400 {
			continue
		}
		packets = append(packets, b)
	}
	expressions := []string{
		"host 10.244.1.3", "net 10.244.0.0/16 and udp", "tcp port 80 or icmp", "ip6", "vxlan", "udp[8] & 1 != 0", "greater 200", "less 100",
		"not host 10.0.1.4", "tcp[tcpflags] & tcp-syn != 0", "ip6 net fd00:2:44::/48 and not icmp6", "src net 10.0.0.0/9 and dst portrange 1-30000",
		"host fd00:2:44::1", "len % 3 = 1", "ip[8] > 100 or ip6[7] > 100", "ip proto 47 or ip proto 4",
	}
	matched := 0
	for i, expr := range expressions {
		p := compile(t, expr)
		o := Options{Filter: p, Netns: inodes(t, w.to)}
		var tr *Tracer
		if i%4 == 3 { // as on kernels without bpf_rdonly_cast
			var err error
			o.HeaderLen, o.Ring = DefaultHeaderLen, DefaultRing
			if tr, err = (&loader{options: o, noCast: true}).open(); err != nil {
				t.Fatal(err)
			}
			if len(tr.Blind()) != 1 {
				t.Errorf("blind without cast: %v", tr.Blind())
			}
		} else {
			tr = open(t, o)
		}
		for i, b := range packets {
			w.send(t, i, b)
		}
		got := map[int]bool{}
		for _, e := range ofStage(drain(t, tr), trail.StageReceive) {
			got[int(binary.BigEndian.Uint32(e.Data[2:]))] = true
		}
		for i, b := range packets {
			if want := p.Match(&filter.Packet{Data: b}) != 0; want != got[i] {
				t.Errorf("%q: packet %d (%x): kernel says %v", expr, i, b[:min(len(b), 60)], got[i])
			}
		}
		matched += len(got)
		_ = tr.Close()
	}
	if matched < 2000 {
		t.Errorf("only %d matches: the packets are too strange", matched)
	}
}

// Addresses of packets are used again within microseconds: no flight has
// events of two packets, and none is cut in two.
func TestReuse(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	for _, port := range []string{":53", ":54"} {
		c := labtest.ListenPacket(t, server, "udp4", port)
		go func() {
			for b := make([]byte, 100); ; {
				if _, _, err := c.ReadFrom(b); err != nil {
					return
				}
			}
		}()
	}
	labtest.Ping(t, client, netip.MustParseAddr("10.2.0.2"))
	tr := open(t, Options{Filter: compile(t, "udp port 53"), Netns: inodes(t, client, middle, server)})
	const each = 3000
	var wg sync.WaitGroup
	for sender, port := range []string{"53", "54", "53"} {
		c := labtest.Dial(t, client, "udp4", "10.2.0.2:"+port)
		wg.Go(func() {
			b := make([]byte, 8)
			for i := range each {
				binary.BigEndian.PutUint64(b, uint64(sender)<<32|uint64(i))
				_, _ = c.Write(b)
			}
		})
	}
	wg.Wait()
	type way struct {
		payload          string
		queued, received int
	}
	flights := map[uint64]*way{}
	for _, e := range drain(t, tr) {
		if len(e.Data) < 8 || e.Stage != trail.StageQueue && e.Stage != trail.StageReceive {
			continue
		}
		payload := string(e.Data[len(e.Data)-8:])
		f := flights[e.Flight]
		if f == nil {
			f = &way{payload: payload}
			flights[e.Flight] = f
		}
		if f.payload != payload {
			t.Fatalf("flight %d has two packets", e.Flight)
		}
		if e.Stage == trail.StageQueue {
			f.queued++
		} else {
			f.received++
		}
	}
	if len(flights) != 2*each {
		t.Errorf("%d flights, want %d", len(flights), 2*each)
	}
	for n, f := range flights {
		if f.queued != 2 || f.received != 2 {
			t.Fatalf("flight %d was queued %d times, received %d times", n, f.queued, f.received)
		}
	}
	if s, err := tr.Stats(); err != nil || s.Lost != 0 || s.Flights != 2*each {
		t.Errorf("stats %+v, %v", s, err)
	}
}

// What does not fit into the ring is counted to the last event.
func TestOverflow(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	tr := open(t, Options{Filter: compile(t, "udp port 7"), Netns: inodes(t, w.to), Ring: 64 << 10})
	b := build.Packet(build.IPv4{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), TTL: 3}, build.UDP{SrcPort: 7, DstPort: 8}, build.Payload("x"))
	const n = 2000
	for i := range n {
		w.send(t, i, b)
	}
	read := len(drain(t, tr))
	s, err := tr.Stats()
	if err != nil {
		t.Fatal(err)
	}
	// Each is received, and dropped as one for another host.
	if s.Events != 2*n || s.Lost == 0 || uint64(read)+s.Lost != s.Events || read == 0 {
		t.Errorf("read %d, stats %+v", read, s)
	}
}

// A packet is followed through NAT, its answer by the flow that was learned,
// and both know of the connection.
func TestNAT(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	run(t, middle, "nft", "table ip x { chain c { type nat hook prerouting priority -100; udp dport 8080 dnat to 10.2.0.2:53; }; chain s { type nat hook postrouting priority 100; masquerade; }; }")
	c := labtest.ListenPacket(t, server, "udp4", ":53")
	go func() {
		for b := make([]byte, 100); ; {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = c.WriteTo(b[:n], from)
		}
	}()
	labtest.Ping(t, client, netip.MustParseAddr("10.1.0.1"))
	tr := open(t, Options{Filter: compile(t, "host 10.1.0.2 and udp port 8080"), Netns: inodes(t, client, middle, server), Limit: 2})
	conn := labtest.Dial(t, client, "udp4", "10.1.0.1:8080")
	for range 3 { // the third is beyond the limit: answers count too
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	events := drain(t, tr)
	showOnFailure(t, events)
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	var got []string
	for _, e := range events {
		if e.Stage == trail.StageQueue || e.Stage == trail.StageReceive {
			f, _ := flowOf(&e)
			got = append(got, strings.ReplaceAll(fmt.Sprintf("%d %s %s %s learned %v", e.Flight&0xff, e.Stage, e.Device, f, e.Learned), fmt.Sprint(local.Port()), "P"))
		}
	}
	last := pick(events, func(e *Event) bool { return e.Stage == trail.StageReceive && e.Netns == netnsOf(t, client) })
	if len(last) != 1 {
		t.Fatalf("%d answers arrived: %v", len(last), got)
	}
	for _, e := range events {
		if e.Flight != events[0].Flight && e.Flight != last[0].Flight && e.Flight != 0 {
			t.Errorf("a third flight: %d", e.Flight)
		}
	}
	right := pick(events, func(e *Event) bool { return e.Stage == trail.StageQueue && e.Device == "right" })
	if len(right) != 1 || !right[0].Learned || right[0].Conntrack == nil {
		t.Fatalf("behind NAT: %+v", right)
	}
	ct := right[0].Conntrack
	want := packet.Flow{Proto: packet.ProtoUDP, Src: local.Addr(), SrcPort: local.Port(), Dst: netip.MustParseAddr("10.1.0.1"), DstPort: 8080}
	if ct.State != "new" || ct.Reply || ct.Original != want || ct.Answer.Src != netip.MustParseAddr("10.2.0.2") || ct.Answer.SrcPort != 53 || ct.Answer.Dst != netip.MustParseAddr("10.2.0.1") {
		t.Errorf("conntrack %+v", ct)
	}
	back := pick(events, func(e *Event) bool { return e.Stage == trail.StageQueue && e.Device == "left" })
	if len(back) != 1 || back[0].Flight != last[0].Flight || back[0].Learned || back[0].Conntrack == nil || !back[0].Conntrack.Reply || back[0].Conntrack.State != "established" {
		t.Errorf("answer %+v", back)
	}
	if first := pick(events, func(e *Event) bool { return e.Flight == last[0].Flight && e.Start }); len(first) != 1 || !first[0].Learned || first[0].Netns != netnsOf(t, server) {
		t.Errorf("the answer starts with %+v", first)
	}
}

// Follow and SetLimit change what is followed while it runs.
func TestFollow(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	labtest.Ping(t, client, netip.MustParseAddr("10.2.0.2"))
	tr := open(t, Options{Filter: compile(t, "udp port 1"), Netns: inodes(t, client, middle, server), Limit: 1})
	labtest.ListenPacket(t, server, "udp", ":9")
	for _, dst := range []string{"10.2.0.2:9", "[fd02::2]:9"} {
		c := labtest.Dial(t, client, "udp", dst)
		local, peer := c.LocalAddr().(*net.UDPAddr).AddrPort(), netip.MustParseAddrPort(dst)
		_, _ = c.Write([]byte("nobody sees this"))
		if err := tr.Follow(packet.Flow{Proto: packet.ProtoUDP, Src: peer.Addr(), Dst: local.Addr(), SrcPort: peer.Port(), DstPort: local.Port()}); err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("this is seen"))
		_, _ = c.Write([]byte("beyond the limit"))
		if err := tr.SetLimit(2); err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("again"))
	}
	if err := tr.Follow(packet.Flow{}); err == nil {
		t.Error("followed a flow without addresses")
	}
	events := drain(t, tr)
	showOnFailure(t, events)
	var payloads []string
	for _, e := range events {
		if e.Start && e.Netns == netnsOf(t, client) {
			var p packet.Packet
			p.DecodeLen(e.Link, e.Data, e.Len)
			payloads = append(payloads, string(p.Rest()))
		}
	}
	if got := fmt.Sprint(payloads); got != "[this is seen again this is seen again]" {
		t.Errorf("followed %s", got)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if err := tr.Follow(packet.Flow{Src: netip.MustParseAddr("::1"), Dst: netip.MustParseAddr("::1")}); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}
