package ask

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/packet"
)

// routeMessage is `10.20.0.0/16 via 10.1.0.2 dev #3 table 1000 proto static
// metric 50 mtu lock 1400` as the kernel writes it.
func routeMessage() []byte {
	b := []byte{familyIPv4, 16, 0, 0, 0, 4, 0, typeUnicast, 0, 0, 0, 0}
	b = nlattr.Append(b, 1, 10, 20, 0, 0)
	b = append32(b, 15, 1000)
	b = nlattr.Append(b, 5, 10, 1, 0, 2)
	b = append32(b, 4, 3)
	b = append32(b, 6, 50)
	return nlattr.Append(b, 8|nested, append32(nil, 2, 1400)...)
}

func TestDecodeEntry(t *testing.T) {
	t.Parallel()
	e, err := decodeEntry(routeMessage())
	if err != nil {
		t.Fatal(err)
	}
	e.Hops[0].Device = "eth1"
	if s := e.String(); s != "10.20.0.0/16 via 10.1.0.2 dev eth1 table 1000 proto static metric 50 mtu 1400" {
		t.Error(s)
	}
	if !slices.Equal(e.Devices(), []string{"eth1"}) || !e.leadsBy("eth1") || e.leadsBy("eth0") {
		t.Error(e.Devices())
	}
	wrongLength, wrongFamily, mixed := routeMessage(), routeMessage(), routeMessage()
	wrongLength[1], wrongFamily[0], mixed[0] = 33, 1, familyIPv6
	for _, b := range [][]byte{nil, routeMessage()[:11], wrongLength, wrongFamily, mixed} {
		if e, err := decodeEntry(b); err == nil {
			t.Errorf("%v: %v", b, e)
		}
	}
}

func TestQuestionText(t *testing.T) {
	t.Parallel()
	q := Question{
		Dst: netip.MustParseAddr("10.0.1.12"), Src: netip.MustParseAddr("192.168.235.13"), In: "eth0", Mark: 1, TOS: 0x13,
		Proto: packet.ProtoTCP, DstPort: 80,
	}
	if s := q.String(); s != "ip route get 10.0.1.12 from 192.168.235.13 iif eth0 tos 0x10 mark 0x1 ipproto tcp dport 80" {
		t.Error(s)
	}
	// What the kernel does not take is not asked.
	q = Question{Dst: netip.MustParseAddr("fd00::1"), Src: netip.IPv6Unspecified(), Proto: packet.ProtoSCTP, DstPort: 80}
	if s := q.String(); s != "ip route get fd00::1" {
		t.Error(s)
	}
	q.Proto = packet.ProtoICMP // of the other family
	if s := q.String(); s != "ip route get fd00::1" {
		t.Error(s)
	}
}

func TestWalkWithoutEnd(t *testing.T) {
	t.Parallel()
	rules := []Rule{
		{Priority: 1, Action: ActionGoto, Goto: 1},
		{Priority: 2, Action: ActionGoto, Goto: 1},
		{Priority: 3, Action: 99},
	}
	broken := errors.New("broken")
	find := func(uint32) (Entry, bool, error) { return Entry{}, false, broken }
	m := matcher{q: Question{Dst: netip.MustParseAddr("10.0.0.1")}}
	steps, err := walk(rules, m, find, nil)
	if err != nil || len(steps) != 3 || !steps[2].Decides || steps[2].Doubt == "" {
		t.Errorf("%+v, %v", steps, err)
	}
	if _, err := walk([]Rule{{Action: ActionTable, Table: 7, SuppressPrefix: -1}}, m, find, nil); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// TestWalkVRF: a packet of a VRF's port is known to the rules by the VRF's
// name, and its rule leads to the VRF's table.
func TestWalkVRF(t *testing.T) {
	t.Parallel()
	links := []Link{{Name: "red", Index: 5, Kind: "vrf", VRFTable: 77}, {Name: "eth1", Index: 6, Master: 5}, {Name: "eth0", Index: 7}}
	m := matcher{q: Question{Dst: netip.MustParseAddr("10.0.0.1"), In: "eth1"}}
	m.enter(links)
	rules := []Rule{
		{Priority: 1, In: "eth1", Action: ActionProhibit},
		{Priority: 1000, L3mdev: true, Action: ActionTable, SuppressPrefix: -1, SuppressGroup: -1},
	}
	var asked []uint32
	find := func(table uint32) (Entry, bool, error) {
		asked = append(asked, table)
		return Entry{Type: typeUnicast, Dst: netip.MustParsePrefix("10.0.0.0/8")}, true, nil
	}
	steps, err := walk(rules, m, find, nil)
	if err != nil || len(steps) != 1 || !slices.Equal(asked, []uint32{77}) || !steps[0].Decides || steps[0].Doubt == "" {
		t.Errorf("%+v, %v, asked %v", steps, err, asked)
	}
	other := matcher{q: Question{Dst: m.q.Dst, In: "eth0"}}
	other.enter(links)
	if steps, err = walk(rules, other, find, nil); err != nil || len(steps) != 0 {
		t.Errorf("%+v, %v", steps, err)
	}
}

// TestMatchDoubt: what cannot be known is said.
func TestMatchDoubt(t *testing.T) {
	t.Parallel()
	m := matcher{q: Question{Dst: netip.MustParseAddr("10.0.0.1")}, vrf: "red", vrfTable: 7}
	for _, c := range []struct {
		rule  Rule
		is    bool
		doubt bool
	}{
		{Rule{Unknown: []uint16{77}}, true, true},
		{Rule{L3mdev: true}, true, true},
		{Rule{HasUID: true, UIDLast: 10}, true, true},
		{Rule{HasUID: true, UIDFirst: 5, UIDLast: 10}, false, false},
		{Rule{FlowLabel: 5, FlowLabelMask: 15}, false, true},
		{Rule{TunnelID: 5}, false, false},
		{Rule{Not: true, TunnelID: 5}, true, false},
		{Rule{SrcPorts: Ports{First: 8, Last: 8, Mask: 8}}, false, false},
		{Rule{DSCP: 0, DSCPMask: 0x3f}, true, false},
	} {
		if is, doubt := m.matches(c.rule); is != c.is || (doubt != "") != c.doubt {
			t.Errorf("%+v: %v, %q", c.rule, is, doubt)
		}
	}
}

// FuzzDecode gives every decoder whatever may come, and prints what they
// make of it.
func FuzzDecode(f *testing.F) {
	f.Add(routeMessage())
	hop := []byte{16, 0, 0, 2, 3, 0, 0, 0}
	hop = nlattr.Append(hop, 5, 10, 0, 0, 2)
	f.Add(nlattr.Append([]byte{familyIPv4, 0, 0, 0, 254, 3, 0, 1, 0, 2, 0, 0}, 9, hop...))
	rule := nlattr.Append([]byte{familyIPv4, 0, 24, 0, 100, 0, 0, 1, 0, 0, 0, 0}, 2, 10, 1, 0, 0)
	rule = append32(append32(rule, 10, 1), 16, 0xff)
	f.Add(nlattr.Append(rule, 23, 80, 0, 90, 0))
	f.Add(nlattr.Append(make([]byte, 16), 3, 'e', 't', 'h', '0', 0))
	f.Add(nlattr.Append([]byte{familyIPv4, 24, 0, 0, 1, 0, 0, 0}, 2, 10, 0, 0, 1))
	f.Add(nlattr.Append(make([]byte, ndmsgLen), 2, 2, 0, 0, 0, 0, 1))
	f.Add(nlattr.Append(make([]byte, diagLen), 11, 1))
	flow := packet.Flow{Proto: packet.ProtoTCP, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), SrcPort: 1, DstPort: 2}
	f.Add(tupleRequest(flow, 0, 7))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := slices.Clone(b)
		if e, err := decodeEntry(b); err == nil {
			if !e.Dst.IsValid() || e.String() == "" {
				t.Errorf("%+v", e)
			}
			s := search{q: Question{Dst: e.Dst.Addr()}}
			s.add(e)
		}
		if r, err := decodeRule(b); err == nil {
			if r.String() == "" {
				t.Errorf("%+v", r)
			}
			matcher{q: Question{Dst: netip.MustParseAddr("10.0.0.1")}}.matches(r)
		}
		if n, err := decodeNeighbour(b); err == nil {
			_ = n.entry().String()
		}
		if d, err := decodeDiag(b); err == nil {
			_ = d.listener().String()
		}
		if _, p, err := decodeAddress(b); err == nil && !p.IsValid() {
			t.Errorf("%v", p)
		}
		_, _ = decodeLink(b)
		_, _ = decodeConnection(b)
		if !slices.Equal(b, before) {
			t.Error("the message was changed")
		}
	})
}

// FuzzTuple: what we ask is what we would read.
func FuzzTuple(f *testing.F) {
	f.Add(uint8(6), []byte{10, 0, 0, 1}, []byte{10, 0, 0, 2}, uint16(1), uint16(2))
	f.Add(uint8(58), make([]byte, 16), make([]byte, 16), uint16(1), uint16(2))
	f.Fuzz(func(t *testing.T, proto uint8, src, dst []byte, sport, dport uint16) {
		flow := packet.Flow{Proto: packet.Proto(proto), Src: addrOf(src), Dst: addrOf(dst)}
		if !flow.Src.IsValid() || flow.Src.Is4() != flow.Dst.Is4() || !flow.Dst.IsValid() {
			return
		}
		switch {
		case flow.HasPorts():
			flow.SrcPort, flow.DstPort = sport, dport
		case flow.Proto == packet.ProtoICMP, flow.Proto == packet.ProtoICMPv6:
			flow.ID = sport
		}
		c, err := decodeConnection(tupleRequest(flow, 8, 3))
		if err != nil || c.Original != flow || c.Zone != 3 {
			t.Errorf("%+v, %v, want %+v", c, err, flow)
		}
	})
}
