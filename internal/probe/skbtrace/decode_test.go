package skbtrace

import (
	"encoding/binary"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// record makes one as the programs do: header, what the kind adds, conntrack
// if there is any, bytes.
func record(kind, flags byte, add, conntrack, data []byte) []byte {
	le := binary.LittleEndian
	b := make([]byte, eventSize)
	le.PutUint64(b, 1000)
	le.PutUint64(b[8:], 7)
	le.PutUint64(b[16:], 0xffff888100000000)
	le.PutUint32(b[24:], 4026531840)
	le.PutUint32(b[28:], 3)
	le.PutUint32(b[32:], 0x4000)
	le.PutUint32(b[36:], 1500)
	b[40], b[41] = kind, flags
	le.PutUint16(b[42:], 1)
	le.PutUint16(b[44:], 4)
	le.PutUint16(b[46:], uint16(len(data)))
	copy(b[56:], "eth0")
	return append(append(append(b, add...), conntrack...), data...)
}

func decodeOne(t *testing.T, d *decoder, raw []byte) Event {
	t.Helper()
	var e Event
	if err := d.decode(raw, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDecode(t *testing.T) {
	d := &decoder{offset: 1e18}
	e := decodeOne(t, d, record(kindReceive, flagStart|flagLearned|flagEthernet, nil, nil, make([]byte, 60)))
	want := trail.Observation{
		Time: 1e18 + 1000, Stage: trail.StageReceive, Dir: trail.In, Len: 1500, Flight: 7, CPU: 2, Mark: 0x4000, Merged: 4,
		Point: trail.Point{Netns: 4026531840, Interface: "eth0", Index: 3, Link: packet.LinkEthernet},
	}
	if !reflect.DeepEqual(e.Observation, want) {
		t.Errorf("%+v, want %+v", e.Observation, want)
	}
	if !e.Start || !e.Learned || e.MadeUp || e.Related || e.SKB != 0xffff888100000000 || len(e.Data) != 60 || e.Ifindex != 3 || e.Device != "eth0" {
		t.Errorf("%+v", e)
	}
}

// A VLAN tag beside the bytes is put back.
func TestDecodeVLAN(t *testing.T) {
	raw := record(kindReceive, flagEthernet, nil, nil, append(make([]byte, 12), 0x08, 0, 0x45))
	copy(raw[48:], []byte{0x81, 0x00, 0x64, 0x20}) // 0x2064 in host order
	e := decodeOne(t, &decoder{}, raw)
	if got := e.Data[12:]; string(got) != "\x81\x00\x20\x64\x08\x00\x45" || e.Len != 1504 {
		t.Errorf("%x, length %d", got, e.Len)
	}
	raw[41] = 0 // without an Ethernet header there is no place for it
	if e = decodeOne(t, &decoder{}, raw); len(e.Data) != 15 || e.Len != 1500 {
		t.Errorf("%x, length %d", e.Data, e.Len)
	}
}

func tuple(proto byte, family uint16, src, dst netip.Addr, sport, dport uint16) []byte {
	b := make([]byte, 40)
	copy(b, src.AsSlice())
	binary.BigEndian.PutUint16(b[16:], sport)
	binary.LittleEndian.PutUint16(b[18:], family)
	copy(b[20:], dst.AsSlice())
	binary.BigEndian.PutUint16(b[36:], dport)
	b[38] = proto
	return b
}

func TestDecodeConntrack(t *testing.T) {
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	c, d := netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	for _, x := range []struct {
		info  byte
		state string
		reply bool
	}{{0, "established", false}, {1, "related", false}, {2, "new", false}, {3, "established", true}, {4, "related", true}, {7, "untracked", false}} {
		ct := append([]byte{x.info, 0, 0, 0, 0x88, 1, 0, 0}, tuple(17, 2, a, b, 1000, 53)...)
		ct = append(ct, tuple(58, 10, d, c, 77, 0)...)
		e := decodeOne(t, &decoder{}, record(kindQueue, flagConntrack, nil, ct, []byte{0x45}))
		want := &trail.Conntrack{
			State: x.state, Reply: x.reply, Status: 0x188,
			Original: packet.Flow{Proto: packet.ProtoUDP, Src: a, Dst: b, SrcPort: 1000, DstPort: 53},
			Answer:   packet.Flow{Proto: packet.ProtoICMPv6, Src: d, Dst: c, ID: 77},
		}
		if !reflect.DeepEqual(e.Conntrack, want) || len(e.Data) != 1 {
			t.Errorf("%+v, want %+v", e.Conntrack, want)
		}
	}
	if e := decodeOne(t, &decoder{}, record(kindQueue, flagUntracked, nil, nil, nil)); e.Conntrack == nil || e.Conntrack.State != "untracked" {
		t.Errorf("%+v", e.Conntrack)
	}
}

func TestDecodeDrop(t *testing.T) {
	le := binary.LittleEndian
	add := make([]byte, dropSize)
	le.PutUint64(add, 0x2010)
	le.PutUint32(add[8:], 12)
	le.PutUint32(add[12:], 4*8)
	for i, a := range []uint64{0x1001, 0x2014, 0x3000, 0x4008} {
		le.PutUint64(add[16+8*i:], a)
	}
	add[112] = 1
	table, err := readSymbols(strings.NewReader("0000000000001000 T trace_kfree_skb\n0000000000002000 t nf_hook_slow\n" +
		"0000000000003000 T ip_forward\t[mod]\n0000000000004000 T ip_rcv\n0000000000005000 D data\nnonsense\n"))
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{symbols: func() *symbols { return table }, reasons: reasons{hasDrops: true, drops: map[uint32]string{12: "NETFILTER_DROP"}}}
	e := decodeOne(t, d, record(kindDrop, 0, add, nil, nil))
	want := &trail.Drop{Reason: "NETFILTER_DROP", At: "nf_hook_slow+0x10", Stack: []string{"nf_hook_slow", "ip_forward", "ip_rcv"}, Hook: "FORWARD", Socket: true}
	if !reflect.DeepEqual(e.Drop, want) {
		t.Errorf("%+v, want %+v", e.Drop, want)
	}
	for n, want := range map[uint32]string{1<<16 | 3: "mac80211:3", 2<<16 | 4: "openvswitch:4", 999: "999"} {
		if got := d.reasons.drop(n); got != want {
			t.Errorf("reason %q, want %q", got, want)
		}
	}
	d = &decoder{symbols: func() *symbols { return nil }}
	if e := decodeOne(t, d, record(kindDrop, 0, add, nil, nil)); !reflect.DeepEqual(e.Drop, &trail.Drop{Socket: true}) {
		t.Errorf("without names: %+v", e.Drop)
	}
}

func TestDecodeRoute(t *testing.T) {
	le := binary.LittleEndian
	add := make([]byte, routeSize)
	le.PutUint32(add, 254)
	le.PutUint32(add[4:], uint32(0xffffffff-11+1))
	le.PutUint32(add[12:], 1)
	le.PutUint32(add[16:], 0x10)
	add[24], add[25], add[27] = afInet, 0xc3, afInet6
	copy(add[32:], []byte{10, 0, 0, 1})
	copy(add[48:], []byte{10, 0, 0, 2})
	copy(add[64:], netip.MustParseAddr("fe80::1").AsSlice())
	e := decodeOne(t, &decoder{}, record(kindRoute, flagSwapped, add, nil, nil))
	want := &trail.Route{
		Table: 254, Err: 11, In: "lo", Mark: 0x10, TOS: 0xc0, Device: "eth0", ReversePath: true,
		Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Gateway: netip.MustParseAddr("fe80::1"),
	}
	if !reflect.DeepEqual(e.Route, want) || !e.Related {
		t.Errorf("%+v, want %+v", e.Route, want)
	}
	copy(add[80:], "left")
	add[24], add[26] = afInet6, 17
	le.PutUint32(add[4:], 0)
	for typ, errno := range map[byte]int{1: 0, 6: 22, 7: 113, 8: 13, 9: 11} {
		add[28] = typ
		e = decodeOne(t, &decoder{}, record(kindRoute, 0, add, nil, nil))
		if e.Route.Err != errno || e.Route.In != "left" || e.Route.ReversePath || !e.Route.Src.Is6() {
			t.Errorf("type %d: %+v", typ, e.Route)
		}
	}
}

func TestDecodeFates(t *testing.T) {
	le := binary.LittleEndian
	neighbour := make([]byte, neighbourSize)
	copy(neighbour, []byte{10, 0, 0, 9})
	copy(neighbour[16:], []byte{2, 0, 0, 0, 0, 9})
	neighbour[24], neighbour[25], neighbour[26] = afInet, 4, 1
	endpoint := make([]byte, endpointSize)
	endpoint[0], endpoint[1] = afInet6, 10
	le.PutUint16(endpoint[2:], 80)
	copy(endpoint[4:], netip.MustParseAddr("::ffff:10.0.0.1").AsSlice())
	le.PutUint32(endpoint[20:], noReason)
	listening := append([]byte(nil), endpoint...)
	le.PutUint32(listening[20:], 6)
	deliver := append([]byte{1, 2, 0, 0, 3, 2, 0, 0}, "nginx\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	hook := make([]byte, hookSize)
	hook[0], hook[1], hook[2] = 3, nfprotoIPv6, 1
	d := &decoder{priority: func(b bracket) (int, bool) { return int(b.index) * 100, b.netns == 4026531840 }}
	for _, c := range []struct {
		kind byte
		add  []byte
		want trail.Observation
	}{
		{kindConsume, nil, trail.Observation{Stage: trail.StageConsume}},
		{kindDeliver, deliver, trail.Observation{Stage: trail.StageDeliver, Socket: &trail.Socket{Process: "nginx", PID: 0x201, Basis: trail.Observed}}},
		{kindNeighbour, neighbour, trail.Observation{Stage: trail.StageNeighbour, Neighbour: &trail.Neighbour{
			Addr: netip.MustParseAddr("10.0.0.9"), Device: "eth0", State: "STALE", MAC: "02:00:00:00:00:09", Parked: true,
		}}},
		{kindICMP, []byte{11, 0, 0, 0, 0, 0, 0, 0}, trail.Observation{Stage: trail.StageRefuse, Refusal: &trail.Refusal{Kind: "icmp", Type: 11, Text: "TTL exceeded in transit"}}},
		{kindReset, endpoint, trail.Observation{Stage: trail.StageRefuse, Refusal: &trail.Refusal{Kind: "reset", Text: "connection reset"}}},
		{kindRetransmit, endpoint, trail.Observation{Stage: trail.StageRetransmit, Socket: &trail.Socket{
			Local: netip.MustParseAddrPort("10.0.0.1:80"), State: "LISTEN", Basis: trail.Observed,
		}}},
		{kindFull, endpoint, trail.Observation{Stage: trail.StageSocketFull, Socket: &trail.Socket{Local: netip.MustParseAddrPort("10.0.0.1:80"), Basis: trail.Observed}}},
		{kindSocket, listening, trail.Observation{Stage: trail.StageDeliver, Dir: trail.In, Socket: &trail.Socket{
			Local: netip.MustParseAddrPort("10.0.0.1:80"), State: "LISTEN", Basis: trail.Observed,
		}}},
		{kindTransmit, []byte{16, 0, 0, 0, 0, 0, 0, 0}, trail.Observation{Stage: trail.StageTransmit, Dir: trail.Out, Transmit: &trail.Transmit{Code: 16}}},
		{kindHook, hook, trail.Observation{Stage: trail.StageHook, Dir: trail.Out, Hook: &trail.Hook{Name: "OUTPUT", Family: "ip6", Priority: 100}}},
	} {
		e := decodeOne(t, d, record(c.kind, 0, c.add, nil, nil))
		got := e.Observation
		c.want.Time, c.want.Point, c.want.Len, c.want.Flight, c.want.CPU, c.want.Mark, c.want.Merged = got.Time, got.Point, got.Len, got.Flight, got.CPU, got.Mark, got.Merged
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("kind %d: %+v, want %+v", c.kind, got, c.want)
		}
	}
}

func TestDecodeShort(t *testing.T) {
	ct := make([]byte, conntrackSize)
	for kind := byte(1); kind < kindEnd; kind++ {
		n, ok := addSize(kind)
		if !ok {
			t.Fatalf("kind %d", kind)
		}
		raw := record(kind, flagConntrack, make([]byte, n), ct, make([]byte, 10))
		var e Event
		for cut := range raw {
			if err := new(decoder).decode(raw[:cut], &e); err == nil {
				t.Fatalf("kind %d: %d of %d bytes were taken", kind, cut, len(raw))
			}
		}
		decodeOne(t, new(decoder), raw)
	}
	for _, kind := range []byte{0, kindEnd, 255} {
		if err := new(decoder).decode(record(kind, 0, nil, nil, nil), &Event{}); err == nil {
			t.Errorf("kind %d was taken", kind)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for kind := byte(0); kind <= kindEnd; kind++ {
		n, _ := addSize(kind)
		f.Add(record(kind, 0, make([]byte, n), nil, make([]byte, 20)))
		f.Add(record(kind, 0xff, make([]byte, n), make([]byte, conntrackSize), make([]byte, 20)))
	}
	table, err := readSymbols(strings.NewReader("0000000000001000 T a\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := decoder{symbols: func() *symbols { return table }}
		var e Event
		if err := d.decode(raw, &e); err != nil {
			return
		}
		if e.Stage == "" || len(e.Data) > len(raw)+4 {
			t.Errorf("%+v", e)
		}
	})
}

func FuzzSymbols(f *testing.F) {
	f.Add("ffffffff81000000 T _stext\nffffffffc0000000 t nft_do_chain\t[nf_tables]\n", uint64(0xffffffff81000010))
	f.Add("0 T x\n", uint64(0))
	f.Fuzz(func(t *testing.T, text string, addr uint64) {
		s, err := readSymbols(strings.NewReader(text))
		if err != nil || s == nil {
			return
		}
		if name, off := s.find(addr); name != "" && off > addr {
			t.Errorf("%s+%x of %x", name, off, addr)
		}
	})
}
