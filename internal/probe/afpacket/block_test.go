package afpacket

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// slot is a frame as the kernel writes it into a block.
type slot struct {
	sec, nsec, length, status, tci uint32
	tpid, hatype                   uint16
	ifindex                        int32
	pkttype                        byte
	data                           []byte
}

// fill builds a block of 4096 bytes.
func fill(slots ...slot) []byte {
	ne := binary.NativeEndian
	b := make([]byte, 4096)
	ne.PutUint32(b[blockStatus:], statusUser)
	ne.PutUint32(b[blockCount:], uint32(len(slots)))
	ne.PutUint32(b[blockFirst:], blockHeader)
	off := blockHeader
	for i, s := range slots {
		h := b[off:]
		const mac = 82
		size := (mac + len(s.data) + 7) &^ 7
		if i < len(slots)-1 {
			ne.PutUint32(h[slotNext:], uint32(size))
		}
		ne.PutUint32(h[slotSec:], s.sec)
		ne.PutUint32(h[slotNsec:], s.nsec)
		ne.PutUint32(h[slotSnap:], uint32(len(s.data)))
		ne.PutUint32(h[slotLen:], s.length)
		ne.PutUint32(h[slotStatus:], s.status)
		ne.PutUint16(h[slotMac:], mac)
		ne.PutUint32(h[slotTCI:], s.tci)
		ne.PutUint16(h[slotTPID:], s.tpid)
		ne.PutUint32(h[slotIfindex:], uint32(s.ifindex))
		ne.PutUint16(h[slotHatype:], s.hatype)
		h[slotPkttype] = s.pkttype
		copy(h[mac:], s.data)
		off += size
	}
	return b
}

func TestBlock(t *testing.T) {
	data := []byte("ABCDEFabcdef\x08\x00payload")
	b := fill(
		slot{sec: 1, nsec: 2, length: 1500, ifindex: 3, hatype: arpEther, data: data},
		slot{sec: 4e9, nsec: 999999999, length: 20, ifindex: 1<<31 - 1, hatype: 65534, pkttype: 4, data: data[:20]},
		slot{length: 21, status: statusVLAN | statusVLANProto, tci: 0x6064, tpid: 0x88a8, hatype: arpEther, pkttype: 1, data: data},
		slot{length: 21, status: statusVLAN, tci: 7, hatype: arpLoopback, pkttype: 3, data: data},
		slot{length: 21, status: statusVLAN, tci: 7, hatype: 65534, data: data}, // no place for a tag
		slot{length: 70000, status: statusVLAN, hatype: arpEther, data: data[:11]},
		slot{hatype: arpEther},
	)
	type got struct {
		Frame trail.Frame
		Index int
		Link  packet.LinkType
	}
	want := []got{
		{trail.Frame{Time: 1000000002, Dir: trail.In, Len: 1500, Data: data}, 3, packet.LinkEthernet},
		{trail.Frame{Time: 4e18 + 999999999, Dir: trail.Out, Len: 20, Data: data[:20]}, 1<<31 - 1, packet.LinkRaw},
		{trail.Frame{Dir: trail.In, Len: 25, Data: []byte("ABCDEFabcdef\x88\xa8\x60\x64\x08\x00payload")}, 0, packet.LinkEthernet},
		{trail.Frame{Dir: trail.In, Len: 25, Data: []byte("ABCDEFabcdef\x81\x00\x00\x07\x08\x00payload")}, 0, packet.LinkEthernet},
		{trail.Frame{Dir: trail.In, Len: 21, Data: data}, 0, packet.LinkRaw},
		{trail.Frame{Dir: trail.In, Len: 70004, Data: data[:11]}, 0, packet.LinkEthernet},
		{trail.Frame{Dir: trail.In, Data: []byte{}}, 0, packet.LinkEthernet},
	}
	var k block
	k.begin(b)
	for i, w := range want {
		var g got
		dev, ok := k.next(&g.Frame, MaxSnapLen)
		g.Index, g.Link = dev.index(), dev.link()
		if diff := cmp.Diff(w, g); !ok || diff != "" {
			t.Errorf("frame %d (-want +got):\n%s", i, diff)
		}
	}
	var f trail.Frame
	if _, ok := k.next(&f, MaxSnapLen); ok || k.left != 0 {
		t.Errorf("a frame after the last; %d left", k.left)
	}
}

// TestBlockEndsWhereItIsBroken: frames that cannot be read stay counted.
func TestBlockEndsWhereItIsBroken(t *testing.T) {
	whole := fill(slot{data: make([]byte, 60)}, slot{data: make([]byte, 60)}, slot{data: make([]byte, 60)})
	second := uint32(blockHeader + 144)
	for name, c := range map[string]struct {
		off   uint32
		value uint32
		left  uint32
	}{
		"more frames than there are":     {blockCount, 5, 2},
		"first frame beyond the block":   {blockFirst, 5000, 3},
		"second frame beyond the block":  {blockHeader + slotNext, 1 << 31, 2},
		"second frame within the first":  {blockHeader + slotNext, 8, 2},
		"second frame longer than block": {second + slotSnap, 1 << 20, 2},
		"data in front of the header":    {second + slotMac, 20, 2},
	} {
		b := bytes.Clone(whole)
		binary.NativeEndian.PutUint32(b[c.off:], c.value)
		var k block
		var f trail.Frame
		n := uint32(0)
		for k.begin(b); ; n++ {
			if _, ok := k.next(&f, 100); !ok {
				break
			}
		}
		if total := binary.NativeEndian.Uint32(b[blockCount:]); k.left != c.left || n+k.left != total {
			t.Errorf("%s: read %d, left %d, want %d left", name, n, k.left, c.left)
		}
	}
	var k block
	k.begin(nil)
	if _, ok := k.next(new(trail.Frame), 1); ok {
		t.Error("a frame in nothing")
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	b := fill(slot{status: statusVLAN, hatype: arpEther, data: make([]byte, 60)})
	var k block
	var f trail.Frame
	if n := testing.AllocsPerRun(100, func() {
		k.begin(b)
		k.next(&f, MaxSnapLen)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzBlock(f *testing.F) {
	data := []byte("ABCDEFabcdef\x08\x00payload")
	f.Add(fill(), uint32(0))
	f.Add(fill(slot{length: 1500, hatype: arpEther, data: data}, slot{length: 20, hatype: 65534, data: data}), uint32(96))
	f.Add(fill(slot{status: statusVLAN | statusVLANProto, tci: 5, tpid: 0x88a8, hatype: arpEther, data: data}), uint32(16))
	f.Add(fill(slot{status: statusVLAN, hatype: arpEther, data: data[:12]}), uint32(1))
	f.Fuzz(func(t *testing.T, b []byte, snap uint32) {
		var k block
		k.begin(b)
		total := uint64(k.left)
		frames := uint64(0)
		for {
			var fr trail.Frame
			dev, ok := k.next(&fr, snap)
			if !ok {
				break
			}
			frames++
			if fr.Len < len(fr.Data) || fr.Time < 0 || len(fr.Data) > len(b) || cap(fr.Data) != len(fr.Data) || dev.link() == 0 {
				t.Fatalf("frame %+v of %v", fr, dev)
			}
		}
		if frames*slotHeader > uint64(len(b)) {
			t.Fatalf("%d frames in %d bytes", frames, len(b))
		}
		if frames+uint64(k.left) != total {
			t.Fatalf("%d frames and %d left of %d", frames, k.left, total)
		}
	})
}

func TestLayout(t *testing.T) {
	for _, c := range []struct {
		buffer int
		want   layout
	}{
		{0, layout{1 << 20, 32}},
		{1, layout{128 << 10, 4}},
		{1 << 20, layout{128 << 10, 8}},
		{2 << 20, layout{256 << 10, 8}},
		{3 << 20, layout{256 << 10, 12}},
		{8 << 20, layout{1 << 20, 8}},
		{MaxBuffer, layout{1 << 20, 1024}},
	} {
		if got := (Options{Buffer: c.buffer}).layout(); got != c.want {
			t.Errorf("buffer %d: %+v, want %+v", c.buffer, got, c.want)
		}
	}
	for wait, want := range map[time.Duration]layout{
		DefaultTimeout: {1 << 20, 32}, time.Second: {4 << 20, 8}, 25 * time.Millisecond: {512 << 10, 64},
	} {
		if got := (Options{Timeout: wait}).layout(); got != want {
			t.Errorf("timeout %v: %+v, want %+v", wait, got, want)
		}
	}
	l := Options{}.layout()
	for n := 0; ; n++ {
		next, ok := l.smaller()
		if !ok {
			if n != 3 {
				t.Errorf("%d steps to %+v", n, l)
			}
			break
		}
		if next.bytes() != l.bytes() {
			t.Errorf("%+v is of another size than %+v", next, l)
		}
		l = next
	}
}

// TestProgram runs what is attached: with the prologue for all interfaces and
// without, with and without a filter.
func TestProgram(t *testing.T) {
	filter := []bpf.RawInstruction{
		{Op: opLoadByte, K: 0},
		{Op: opJumpEq, Jf: 1, K: 'x'},
		{Op: opReturn, K: 0xffffffff},
		{Op: opReturn, K: 0},
	}
	got := program(filter, 96, true)
	want := append(program(nil, 0, true)[:5:5], filter...)
	want[7].K = 96
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if filter[2].K != 0xffffffff {
		t.Error("the caller's program was changed")
	}
	if diff := cmp.Diff([]bpf.RawInstruction{{Op: opReturn, K: 96}}, program(nil, 96, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The prologue in words of x/net/bpf.
	for i, w := range []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType + 24}, // SKF_AD_HATYPE, which x/net does not name
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 772, SkipFalse: 3},
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 4, SkipFalse: 1},
		bpf.RetConstant{Val: 0},
	} {
		raw, err := w.Assemble()
		if err != nil {
			t.Fatal(err)
		}
		if got[i].Jt != raw.Jt || got[i].Jf != raw.Jf || got[i].K != raw.K {
			t.Errorf("instruction %d is %+v, want %+v", i, got[i], raw)
		}
	}
}

func TestDefaults(t *testing.T) {
	o, err := Options{}.withDefaults()
	if err != nil || o.SnapLen != MaxSnapLen || o.Timeout != DefaultTimeout {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = Options{Timeout: time.Second, SnapLen: 1}.withDefaults()
	if err != nil || o.SnapLen != 1 || o.Timeout != time.Second {
		t.Errorf("%+v, %v", o, err)
	}
}

// message is a netlink message about a link.
func message(kind uint16, index int32, flags uint32, hatype uint16, attrs ...[]byte) []byte {
	ne := binary.NativeEndian
	b := make([]byte, nlHeader+linkInfo)
	ne.PutUint16(b[4:], kind)
	ne.PutUint32(b[8:], 9)
	ne.PutUint16(b[nlHeader+2:], hatype)
	ne.PutUint32(b[nlHeader+4:], uint32(index))
	ne.PutUint32(b[nlHeader+8:], flags)
	for _, a := range attrs {
		b = append(b, a...)
	}
	ne.PutUint32(b, uint32(len(b)))
	return b
}

func attr(kind uint16, v []byte) []byte {
	b := make([]byte, nlAttr, nlAttr+len(v)+3)
	binary.NativeEndian.PutUint16(b, uint16(nlAttr+len(v)))
	binary.NativeEndian.PutUint16(b[2:], kind)
	b = append(b, v...)
	return append(b, make([]byte, (4-len(b)%4)%4)...)
}

func seedMessages() []byte {
	eth := message(newLink, 7, 0x1003, arpEther,
		attr(attrName, []byte("eth0\x00")), attr(attrMAC, []byte{2, 0x42, 0xac, 0x1e, 1, 0}),
		attr(attrMTU, []byte{0xaa, 5, 0, 0}), attr(0x8000|attrInfo, attr(attrKind, []byte("veth\x00"))))
	bridge := message(newLink, 8, 1, arpEther, attr(attrName, []byte("port\x00")))
	bridge[nlHeader] = 7 // AF_BRIDGE
	gone := message(delLink, 9, 0, 65534, attr(attrName, []byte("tun0\x00")), attr(attrMAC, nil))
	return bytes.Join([][]byte{eth, bridge, gone, message(nlDone, 0, 0, 0)}, nil)
}

func TestDecodeLinks(t *testing.T) {
	var got []linkMessage
	decodeLinks(seedMessages(), func(m linkMessage) { got = append(got, m) })
	want := []linkMessage{
		{kind: newLink, seq: 9, link: link{index: 7, hatype: 1, up: true, name: "eth0", kind: "veth", mac: net.HardwareAddr{2, 0x42, 0xac, 0x1e, 1, 0}, mtu: 1450}},
		{seq: 9},
		{kind: delLink, seq: 9, link: link{index: 9, hatype: 65534, name: "tun0"}},
		{kind: nlDone, seq: 9},
	}
	got[1].link = link{} // a port of a bridge is no link
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(linkMessage{}, link{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p := want[0].link.describe(trail.Point{Target: "web"})
	if p != (trail.Point{Target: "web", Interface: "eth0", Index: 7, Kind: "veth", Link: packet.LinkEthernet, MTU: 1450, MAC: "02:42:ac:1e:01:00"}) {
		t.Errorf("point %+v", p)
	}
}

func FuzzLinks(f *testing.F) {
	f.Add(seedMessages())
	f.Add(message(nlError, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		decodeLinks(b, func(m linkMessage) {
			n++
			if (m.kind == newLink || m.kind == delLink) && (m.link.index <= 0 || m.link.name == "") {
				t.Fatalf("message %+v", m)
			}
		})
		if n*nlHeader > len(b) {
			t.Fatalf("%d messages in %d bytes", n, len(b))
		}
	})
}

func BenchmarkNext(b *testing.B) {
	var slots []slot
	for range 20 {
		slots = append(slots, slot{sec: 1, hatype: arpEther, ifindex: 2, data: make([]byte, 60)})
	}
	blk := fill(slots...)
	var k block
	var f trail.Frame
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := k.next(&f, MaxSnapLen); !ok {
			k.begin(blk)
		}
	}
}
