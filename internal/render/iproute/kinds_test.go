package iproute

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// message builds attributes as the kernel does.
type message []byte

func (m message) raw(typ uint16, v ...byte) message { return nlattr.Append(m, typ, v...) }
func (m message) u8(typ uint16, v uint8) message    { return m.raw(typ, v) }
func (m message) u16(typ uint16, v uint16) message {
	return m.raw(typ, binary.NativeEndian.AppendUint16(nil, v)...)
}

func (m message) u32(typ uint16, v uint32) message {
	return m.raw(typ, binary.NativeEndian.AppendUint32(nil, v)...)
}

func (m message) be16(typ uint16, v uint16) message {
	return m.raw(typ, binary.BigEndian.AppendUint16(nil, v)...)
}

func (m message) be32(typ uint16, v uint32) message {
	return m.raw(typ, binary.BigEndian.AppendUint32(nil, v)...)
}

func (m message) str(typ uint16, v string) message       { return m.raw(typ, append([]byte(v), 0)...) }
func (m message) nest(typ uint16, inner message) message { return m.raw(typ|0x8000, inner...) }

// u32s are numbers in a row.
func u32s(v ...uint32) []byte {
	var b []byte
	for _, n := range v {
		b = binary.NativeEndian.AppendUint32(b, n)
	}
	return b
}

// header is struct ifinfomsg.
func header(typ uint16, index, flags uint32) message {
	m := message{0, 0}
	m = binary.NativeEndian.AppendUint16(m, typ)
	return append(m, u32s(index, flags, 0)...)
}

const (
	etherType = 1
	upFlags   = 0x11043 // UP BROADCAST RUNNING MULTICAST LOWER_UP
)

var (
	here  = []byte{192, 0, 2, 1}
	there = []byte{192, 0, 2, 2}
	here6 = []byte{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
	mac   = []byte{2, 0, 0, 0xab, 0xcd, 1}
)

// madeUp are links of kinds that few kernels have all of, as the kernel would
// write them (the fill_info functions of its drivers).
func madeUp() []message {
	index := uint32(100)
	link := func(name, kind string, typ uint16, addr, brd []byte, data message) message {
		index++
		m := header(typ, index, upFlags).str(3, name).u32(13, 1000).u8(16, 6).u8(17, 0).u32(4, 1450).u32(27, 0).
			u32(30, 0).u32(61, 0).u32(50, 68).u32(51, 65535)
		if addr != nil {
			m = m.raw(1, addr...).raw(2, brd...)
		}
		return m.nest(18, message(nil).str(1, kind).nest(2, data))
	}
	none := message(nil)
	all := []message{link("eth9", "veth", etherType, mac, bytes.Repeat([]byte{0xff}, 6), none)} // index 101
	encap := func(first uint16, m message) message {
		return m.u16(first, 1).u16(first+1, 5).be16(first+2, 0).be16(first+3, 5555)
	}
	greFlags := none.u32(1, 101).be16(2, 0x3000).be16(3, 0xa000).be32(4, 0x0a000001).be32(5, 7)
	for _, k := range []struct {
		name, kind string
		typ        uint16
		addr, brd  []byte
		data       message
	}{
		{"gn0", "geneve", etherType, mac, mac, none.u32(1, 9).raw(2, there...).u8(3, 0).u8(4, 1).be16(5, 6081).u8(8, 1).u8(9, 0).u8(10, 1).be32(11, 0x1234).u8(13, 1)},
		{"gn1", "geneve", etherType, mac, mac, none.u32(1, 0).raw(7, here6...).raw(12).u8(4, 8).be16(5, 6081).raw(6).u8(13, 0).raw(14)},
		{"ip0", "ipip", 768, here, there, encap(15, none.u32(1, 101).raw(2, here...).raw(3, there...).u8(4, 64).u8(5, 4).u8(9, 4).u8(10, 1).u32(20, 0x10))},
		{"ip1", "ipip", 768, []byte{0, 0, 0, 0}, []byte{0, 0, 0, 0}, none.u32(1, 0).raw(2, 0, 0, 0, 0).raw(3, 0, 0, 0, 0).u8(4, 0).u8(5, 1).u8(9, 0).u8(10, 0).u16(15, 0).raw(19)},
		{"sit0", "sit", 776, here, there, none.raw(2, here...).raw(3, there...).u8(4, 0).u8(5, 0).u8(9, 41).u8(10, 1).u16(8, 1).raw(11, here6...).raw(12, here...).u16(13, 32).u16(14, 24).u16(15, 0)},
		{"t6", "ip6tnl", 769, here6, here6, none.u32(1, 0).raw(2, here6...).raw(3, here6...).u8(4, 64).u8(6, 4).be32(7, 0x0ab12345).u32(8, 0x40).u8(9, 41).u32(20, 5).u16(15, 0)},
		{"t7", "ip6tnl", 769, here6, here6, none.raw(2, here6...).raw(3, here6...).u8(4, 0).u8(6, 4).be32(7, 0).u32(8, 0x3f).u8(9, 4).u16(15, 2).u16(16, 0).be16(17, 1).be16(18, 2)},
		{"gre1", "gre", 778, here, there, encap(14, greFlags.raw(6, here...).raw(7, there...).u8(8, 9).u8(9, 0).u8(10, 1).u8(19, 1).u32(20, 3))},
		{"tap1", "gretap", etherType, mac, mac, none.be16(2, 0x8000).be16(3, 0).raw(6, here...).raw(7, 0, 0, 0, 0).u8(8, 0).u8(9, 1).u8(10, 0).u16(14, 0).raw(18)},
		{"er1", "erspan", etherType, mac, mac, greFlags.raw(6, here...).raw(7, there...).u8(8, 9).u8(9, 0).u8(10, 1).u16(14, 0).u8(22, 2).u8(23, 1).u16(24, 0x17).u32(21, 77)},
		{"g6", "ip6gre", 823, here6, here6, greFlags.raw(6, here6...).raw(7, here6...).u8(8, 9).u8(11, 4).be32(12, 0x0ab12345).u32(13, 0).u16(14, 0).u32(20, 9)},
		{"g7", "ip6gretap", etherType, mac, mac, none.be16(2, 0).be16(3, 0).raw(6, here6...).raw(7, here6...).u8(8, 0).u8(11, 4).be32(12, 0).u32(13, 0x17).u16(14, 0)},
		{"vti1", "vti", 768, here, there, none.u32(1, 101).be32(2, 5).be32(3, 6).raw(4, here...).raw(5, there...).u32(6, 8)},
		{"xf0", "xfrm", 65534, nil, nil, none.u32(1, 101).u32(2, 0x2a)},
		{"xf1", "xfrm", 65534, nil, nil, none.raw(3)},
		{"vl0", "vlan", etherType, mac, mac, none.be16(5, 0x8100).u16(1, 5).raw(2, u32s(0x13, 0xff)...).nest(4, none.raw(1, u32s(1, 2)...)).nest(3, none.raw(1, u32s(3, 4)...).raw(1, u32s(5, 6)...))},
		{"vl1", "vlan", etherType, mac, mac, none.be16(5, 0x88a8).u16(1, 4094).raw(2, u32s(0x2c, 0xff)...)},
		{"iv0", "ipvlan", etherType, mac, mac, none.u16(1, 2).u16(2, 1)},
		{"iv1", "ipvtap", etherType, mac, mac, none.u16(1, 0).u16(2, 0)},
		{"vrf0", "vrf", etherType, mac, mac, none.u32(1, 100)},
		{"bo0", "bond", etherType, mac, mac, bondData(none)},
		{"bo1", "bond", etherType, mac, mac, none.u8(1, 4).nest(8, none).u32(9, 0).nest(23, none.u16(1, 2).u16(2, 3).u16(3, 4).u16(4, 5).raw(5, mac...)).u16(24, 65535).u16(25, 1).raw(26, mac...)},
		{"nk0", "netkit", etherType, mac, mac, none.u8(2, 1).u32(3, 0).u32(5, 1).u32(6, 1).u32(7, 0).u32(4, 2).u16(8, 10).u16(9, 20)},
		{"wg0", "wireguard", 65534, nil, nil, none},
	} {
		all = append(all, link(k.name, k.kind, k.typ, k.addr, k.brd, k.data))
	}
	return append(all, ports()...)
}

func bondData(m message) message {
	return m.u8(1, 1).u32(2, 101).u32(3, 100).u32(4, 200).u32(5, 300).u32(28, 0).u8(6, 1).u32(7, 50).
		nest(8, message(nil).raw(0, here...).raw(1, there...)).nest(31, message(nil).raw(0, here6...)).u32(9, 3).u32(10, 1).u32(11, 101).
		u8(12, 2).u8(13, 1).u8(14, 5).u32(15, 1).u8(16, 1).u8(17, 0).u32(18, 0).u32(19, 1).u32(20, 1).u8(29, 1).u8(21, 0).u8(22, 9).
		u8(27, 1).u8(30, 2)
}

// ports are links with a master, a card with virtual functions, and a link
// that a program keeps down.
func ports() []message {
	none := message(nil)
	port := func(index uint32, name, kind string, data message) message {
		return header(etherType, index, upFlags).str(3, name).u32(4, 1500).u32(10, 101).raw(1, mac...).raw(2, mac...).
			nest(18, none.str(1, "veth").str(4, kind).nest(5, data))
	}
	vf := none.raw(1, append(u32s(3), append(append([]byte{}, mac...), make([]byte, 26)...)...)...).
		raw(13, append(bytes.Repeat([]byte{0xff}, 6), make([]byte, 26)...)...).
		raw(2, u32s(3, 100, 5)...).raw(6, u32s(3, 10, 20)...).raw(3, u32s(3, 20)...).raw(4, u32s(3, 1)...).raw(5, u32s(3, 2)...).
		raw(7, u32s(3, 0)...).raw(9, u32s(3, 1<<32-1)...).
		raw(12, none.raw(1, append(u32s(3, 100, 5), 0x88, 0xa8, 0, 0)...)...).
		raw(8, none.raw(0, 1, 0, 0, 0, 0, 0, 0, 0).raw(1, 2, 0, 0, 0, 0, 0, 0, 0).raw(2, 3, 0, 0, 0, 0, 0, 0, 0).raw(3, 4, 0, 0, 0, 0, 0, 0, 0).
			raw(4, 5, 0, 0, 0, 0, 0, 0, 0).raw(5, 6, 0, 0, 0, 0, 0, 0, 0).raw(7, 7, 0, 0, 0, 0, 0, 0, 0).raw(8, 8, 0, 0, 0, 0, 0, 0, 0)...)
	vf2 := none.raw(1, append(u32s(4), append(append([]byte{}, mac...), make([]byte, 26)...)...)...).raw(2, u32s(4, 7, 0)...).raw(3, u32s(4, 0)...).
		raw(10, append(u32s(4, 0), 1, 2, 3, 4, 5, 6, 7, 8)...)
	return []message{
		port(300, "bp0", "bond", none.u8(1, 1).u8(2, 2).u32(3, 4).raw(4, mac...).u16(5, 6).u32(9, 1<<32-7).u16(6, 1).u8(7, 0x3d).u16(8, 0x81)),
		port(301, "vp0", "vrf", none.u32(1, 100)),
		port(302, "tp0", "team", none),
		header(32, 303, 0x11143).str(3, "ib0").u32(4, 2044).raw(1, bytes.Repeat([]byte{7}, 20)...).raw(2, bytes.Repeat([]byte{8}, 20)...).
			raw(54, bytes.Repeat([]byte{9}, 20)...).u8(39, 1).nest(55, none.u32(2, 5)).raw(34, 1, 0xab).raw(36, 2, 0xcd).str(38, "p0").
			str(57, "pci").str(56, "0000:00:03.0").u32(5, 0).u32(37, 1<<32-1),
		header(etherType, 304, upFlags).str(3, "pf0").u32(4, 1500).raw(1, mac...).u32(21, 2).
			raw(22, none.raw(1, vf...).raw(1, vf2...)...).str(20, "a card"),
		header(65534, 305, 0x500d1).str(3, "tun9").u32(4, 1500).u8(16, 9).u32(27, 77),
	}
}

// TestMadeUpLinks compares links of kinds that this kernel may lack with what
// `ip -d monitor` writes of the same messages.
func TestMadeUpLinks(t *testing.T) {
	tool := labtest.RequireTool(t, "ip")
	var file []byte
	ns := &netstate.Namespace{}
	for i, m := range madeUp() {
		const newLink = 16 // RTM_NEWLINK
		file = append(file, u32s(uint32(16+len(m)))...)
		file = binary.NativeEndian.AppendUint16(file, newLink)
		file = append(append(file, 0, 0), u32s(uint32(i), 0)...)
		file = append(file, m...)
		l, err := rtnl.Link(m)
		if err != nil {
			t.Fatal(err)
		}
		if l.RawData != nil || l.RawPort != nil || l.Raw != nil {
			t.Errorf("%s: not understood: %v %v %v", l.Name, l.RawData, l.RawPort, l.Raw)
		}
		ns.Links = append(ns.Links, l)
	}
	path := filepath.Join(t.TempDir(), "messages")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, details := range []bool{false, true} {
		args := []string{"monitor", "link", "file", path}
		if details {
			args = append([]string{"-d"}, args...)
		}
		want, err := exec.CommandContext(t.Context(), tool, args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		l := newLinkListing(ns, Options{Details: details})
		for i := range ns.Links {
			ns.Links[i].TxQueueLen = 0 // ip monitor does not say it
			l.head(&ns.Links[i])
		}
		compareLines(t, string(l.w.b), string(want))
	}
	golden(t, "kinds.json", Links(ns, Options{JSON: true, Details: true, Stats: true}))
}

func compareLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	if len(g) != len(w) {
		t.Errorf("%d lines, want %d", len(g), len(w))
	}
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("line %d\n got %q\nwant %q", i+1, g[i], w[i])
		}
	}
}

// golden compares JSON with a file, one entry in each line.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	var all []json.RawMessage
	if err := json.Unmarshal(got, &all); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, one := range all {
		b.Write(append(one, '\n'))
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, b.String(), string(want))
}
