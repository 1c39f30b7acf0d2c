//go:build !pktrail_lite

package skbtrace

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
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

// swallow reads until the connection is closed.
func swallow(c net.PacketConn) {
	go func() {
		for b := make([]byte, 100); ; {
			if _, _, err := c.ReadFrom(b); err != nil {
				return
			}
		}
	}()
}

// Addresses of packets are used again within microseconds: no flight has
// events of two packets, and none is cut in two.
func TestReuse(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	for _, port := range []string{":53", ":54"} {
		swallow(labtest.ListenPacket(t, server, "udp4", port))
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

// So are routing lookups of packets that were lost themselves: a tracer without
// room counts what one with room counts.
func TestOverflowLookups(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	to4, to6 := netip.MustParseAddr("10.2.0.2"), netip.MustParseAddr("fd02::2")
	labtest.Ping(t, client, to4)
	labtest.Ping(t, client, to6)
	o := Options{Filter: compile(t, "icmp or icmp6"), Netns: inodes(t, client, middle, server)}
	roomy := open(t, o)
	o.Ring = 1 // a page
	tight := open(t, o)
	for _, to := range []netip.Addr{to4, to6} {
		run(t, client, "ping", "-q", "-i", "0.002", "-c", "200", to.String())
	}
	tight.Stop()
	all := drain(t, roomy)
	lookups := map[bool]int{}
	for _, e := range ofStage(all, trail.StageRoute) {
		lookups[e.Route.Dst.Is6()]++
	}
	if lookups[false] < 200 || lookups[true] < 200 {
		t.Errorf("%v lookups, want 200 of each version at least", lookups)
	}
	got := drain(t, tight)
	want, err := roomy.Stats()
	if err != nil || want.Lost != 0 {
		t.Fatalf("stats with room %+v, %v", want, err)
	}
	s, err := tight.Stats()
	if err != nil || s.Lost == 0 || s.Events != want.Events || uint64(len(got))+s.Lost != s.Events {
		t.Errorf("read %d, stats %+v, with room %+v; %v", len(got), s, want, err)
	}
}
