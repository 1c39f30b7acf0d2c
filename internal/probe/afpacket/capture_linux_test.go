package afpacket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestDirectionAndPoints(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	base := trail.Point{Node: "n", Target: "pod", Netns: 7, Role: trail.RolePod}
	rdA := read(t, nil, open(t, a, Options{Interface: a.index(t, "left")}))
	rdB := read(t, nil, open(t, b, Options{Point: base}))
	fd := sender(t, a, "left")
	for i := range uint32(100) {
		send(t, fd, frame(i, 60+int(i)))
	}
	for _, end := range []struct {
		name string
		rd   *Reader
		dir  trail.Direction
		in   space
	}{{"left", rdA, trail.Out, a}, {"right", rdB, trail.In, b}} {
		n := uint32(0)
		last := int64(0)
		for _, s := range rest(t, end.rd) {
			got, ok := number(s.Data)
			if !ok {
				continue // ARP and the like
			}
			if got != n || len(s.Data) != 60+int(n) || s.Len != len(s.Data) || s.Dir != end.dir || s.Time < last {
				t.Fatalf("%s: frame %d is %d, %d of %d bytes, %v, at %d after %d", end.name, n, got, len(s.Data), s.Len, s.Dir, s.Time, last)
			}
			attrs := end.in.find(t, end.name).Attrs()
			want := trail.Point{Interface: end.name, Index: attrs.Index, Kind: "veth", MTU: 1500, Link: packet.LinkEthernet, MAC: attrs.HardwareAddr.String()}
			if end.name == "right" {
				want.Node, want.Target, want.Netns, want.Role = "n", "pod", 7, trail.RolePod
			}
			if s.Where != want {
				t.Fatalf("point %+v, want %+v", s.Where, want)
			}
			n++
			last = s.Time
		}
		if n != 100 {
			t.Errorf("%s: read %d frames, want 100", end.name, n)
		}
	}
}

func TestVLANTags(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	sent := read(t, nil, open(t, a, Options{Interface: a.index(t, "left")}))
	got := read(t, nil, open(t, b, Options{}))
	cut := read(t, nil, open(t, b, Options{SnapLen: 17}))
	tagged := func(number uint32, tags ...uint16) []byte { // TPID and TCI in turn
		f := frame(number, 100)
		var mid []byte
		for _, v := range tags {
			mid = binary.BigEndian.AppendUint16(mid, v)
		}
		return slices.Concat(f[:12], mid, f[12:])
	}
	frames := [][]byte{
		tagged(0, 0x8100, 0x6064),                  // priority 3, VLAN 100
		tagged(1, 0x88a8, 200, 0x8100, 100),        // QinQ
		tagged(2, 0x8100, 0),                       // priority tag of VLAN 0
		tagged(3),                                  // none
		tagged(4, 0x8100, 1, 0x8100, 2, 0x8100, 3), // more than fits the usual room
	}
	fd := sender(t, a, "left")
	for _, f := range frames {
		send(t, fd, f)
	}
	for _, end := range []struct {
		name string
		rd   *Reader
		snap int
	}{{"sender", sent, 1 << 20}, {"receiver", got, 1 << 20}, {"snapped", cut, 17}} {
		var data [][]byte
		for _, s := range rest(t, end.rd) {
			if s.Data[0] != 0xff || s.Data[6] != 2 {
				continue
			}
			data = append(data, s.Data)
			if i := len(data) - 1; i < len(frames) && s.Len != len(frames[i]) {
				t.Errorf("%s: frame %d has length %d, want %d", end.name, i, s.Len, len(frames[i]))
			}
		}
		if len(data) != len(frames) {
			t.Fatalf("%s: %d frames, want %d", end.name, len(data), len(frames))
		}
		for i, f := range frames {
			if want := f[:min(len(f), end.snap)]; !bytes.Equal(data[i], want) {
				t.Errorf("%s: frame %d\n%x, want\n%x", end.name, i, data[i], want)
			}
		}
	}
}

// TestStreamLengths reads a TCP stream that the kernel has not yet cut into
// segments: the bytes of all packets must be the bytes sent.
func TestStreamLengths(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	const total = 4 << 20
	whole := read(t, nil, open(t, a, Options{Interface: a.index(t, "left")}))
	heads := read(t, nil, open(t, b, Options{SnapLen: 96}))
	stream(t, a, b, "10.7.0.2:7777", total)
	for _, end := range []struct {
		name string
		rd   *Reader
		dir  trail.Direction
		snap int
	}{{"sender", whole, trail.Out, 1 << 20}, {"receiver", heads, trail.In, 96}} {
		payload, largest := 0, 0
		// A busy machine's TCP sends again what it sent, out of order if
		// a queue was full: each byte of the stream counts once.
		seen := make([]bool, total)
		var first uint32 // sequence number of the stream's first byte; valid iff begun
		begun := false
		for _, s := range rest(t, end.rd) {
			if len(s.Data) != min(s.Len, end.snap) {
				t.Fatalf("%s: %d bytes of %d", end.name, len(s.Data), s.Len)
			}
			if s.Dir != end.dir || binary.BigEndian.Uint16(s.Data[12:]) != 0x0800 {
				continue
			}
			tcp := s.Data[14+20:]
			seq, n := binary.BigEndian.Uint32(tcp[4:]), s.Len-14-20-int(tcp[12]>>4)*4
			if !begun {
				first, begun = seq+1, true // a SYN
			}
			for i := range n {
				at := int(seq-first) + i
				if at >= total {
					t.Fatalf("%s: byte %d of a stream of %d", end.name, at, total)
				}
				if !seen[at] {
					seen[at] = true
					payload++
				}
			}
			largest = max(largest, s.Len)
		}
		if payload != total {
			t.Errorf("%s: %d bytes of payload, want %d", end.name, payload, total)
		}
		if largest < 30000 {
			t.Errorf("%s: the largest packet has %d bytes; no segmentation offload here", end.name, largest)
		}
	}
}

func TestLoopbackOnce(t *testing.T) {
	s := newSpace(t)
	lo := s.index(t, "lo")
	accept := []bpf.RawInstruction{{Op: opReturn, K: 0xffff}}
	readers := map[string]*Reader{
		"lo":              read(t, nil, open(t, s, Options{Interface: lo})),
		"all":             read(t, nil, open(t, s, Options{})),
		"all with filter": read(t, nil, open(t, s, Options{Filter: accept})),
	}
	s.inside(t, func() error {
		c, err := net.Dial("udp", "127.0.0.1:9") //nolint:noctx // no name to look up
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		_, err = c.Write([]byte("hello"))
		return err
	})
	for name, rd := range readers {
		n := 0
		for _, f := range rest(t, rd) {
			if f.Dir != trail.In || f.Where.Interface != "lo" || f.Where.Link != packet.LinkEthernet || f.Where.MAC != "" {
				t.Errorf("%s: %v at %+v", name, f.Dir, f.Where)
			}
			if f.Data[14+9] == unix.IPPROTO_UDP {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: the datagram was seen %d times", name, n)
		}
	}
}

// TestTunnelDevice reads a device without link header beside one with.
func TestTunnelDevice(t *testing.T) {
	s := newSpace(t)
	rd := read(t, nil, open(t, s, Options{}))
	tun := -1
	s.inside(t, func() (err error) {
		tun, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		req, err := unix.NewIfreq("tun7")
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		return unix.IoctlIfreq(tun, unix.TUNSETIFF, req)
	})
	defer func() { _ = unix.Close(tun) }()
	dev := s.find(t, "tun7")
	addr, err := netlink.ParseAddr("10.8.0.1/24")
	must(t, err)
	must(t, errors.Join(s.link.AddrAdd(dev, addr), s.link.LinkSetUp(dev)))
	s.inside(t, func() error {
		c, err := net.Dial("udp", "10.8.0.2:9") //nolint:noctx // no name to look up
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		_, err = c.Write([]byte("hello"))
		return err
	})
	b := make([]byte, 2000)
	n, err := unix.Read(tun, b)
	must(t, err)
	sent := slices.Clone(b[:n])
	copy(b[12:20], slices.Concat(sent[16:20], sent[12:16])) // the answer: addresses swapped
	_, err = unix.Write(tun, b[:n])
	must(t, err)
	var out, in int
	for _, f := range rest(t, rd) {
		if f.Where.Interface != "tun7" {
			continue
		}
		want := trail.Point{Interface: "tun7", Index: dev.Attrs().Index, Kind: "tun", MTU: 1500, Link: packet.LinkRaw}
		if f.Where != want {
			t.Errorf("point %+v, want %+v", f.Where, want)
		}
		switch {
		case bytes.Equal(f.Data, sent) && f.Dir == trail.Out:
			out++
		case bytes.Equal(f.Data, b[:n]) && f.Dir == trail.In:
			in++
		}
	}
	if out != 1 || in != 1 {
		t.Errorf("seen %d times going out and %d times coming in, want 1 and 1", out, in)
	}
}

// TestFilterIsThereFirst opens a capture under load: not one frame that the
// filter refuses may come, and the first that comes is no old one.
func TestFilterIsThereFirst(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	fd := sender(t, a, "left")
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for i := uint32(0); ; i++ {
			select {
			case <-stop:
				return
			default:
				_, _ = unix.Write(fd, frame(i, 60))
			}
		}
	})
	odd := []bpf.RawInstruction{ // number & 1 != 0
		{Op: opLoadHalf, K: 12},
		{Op: opJumpEq, Jf: 3, K: probeType},
		{Op: opLoadByte, K: 17},
		{Op: 0x45, Jf: 1, K: 1}, // jset
		{Op: opReturn, K: 0xffffffff},
		{Op: opReturn, K: 0},
	}
	for range 20 {
		rd := read(t, nil, open(t, b, Options{Filter: odd, Interface: b.index(t, "right"), SnapLen: 40, Buffer: 8 << 20}))
		if _, err := one(rd); err != nil {
			t.Fatal(err)
		}
		for _, f := range rest(t, rd) {
			if n, ok := number(f.Data); !ok || n&1 == 0 || len(f.Data) != 40 || f.Len != 60 {
				t.Fatalf("frame %d of %d bytes in %d", n, f.Len, len(f.Data))
			}
		}
	}
	close(stop)
	done.Wait()
}

func TestPromiscuous(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	index := b.index(t, "right")
	promiscuity := func() int { return b.find(t, "right").Attrs().Promisc }
	for _, o := range []Options{{}, {Interface: index}} {
		r := open(t, b, o)
		if n := promiscuity(); n != 0 {
			t.Errorf("%+v: promiscuity %d, nobody asked for it", o, n)
		}
		must(t, r.Close())
		o.Promiscuous = true
		r = open(t, b, o)
		if n := promiscuity(); n != 1 {
			t.Errorf("%+v: promiscuity %d, want 1", o, n)
		}
		must(t, r.Close())
		if n := promiscuity(); n != 0 {
			t.Errorf("%+v: promiscuity %d stays behind", o, n)
		}
	}
}
