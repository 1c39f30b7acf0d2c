package pcapng

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func extra() Extra {
	return Extra{
		Comments: []string{"first comment", "second: äöü, 中文"},
		Custom: []Custom{
			{PEN: 32473, Text: true, Data: []byte("text")},
			{PEN: 32473, Data: []byte{1, 2, 3}},
			{PEN: 70000, Text: true, NoCopy: true, Data: []byte("t")},
			{PEN: 70000, NoCopy: true, Data: []byte{}},
		},
		Other: []Option{{Code: 0x7abc, Value: []byte("unknown")}},
	}
}

// fullInterface has every option.
func fullInterface() Interface {
	return Interface{
		LinkType: 1, SnapLen: 96, Name: "eth0", Description: "the pod's end",
		IPv4: []netip.Prefix{netip.MustParsePrefix("10.244.1.7/24"), netip.MustParsePrefix("10.0.0.1/32")},
		IPv6: []netip.Prefix{netip.MustParsePrefix("fd00::7/64")},
		MAC:  []byte{2, 0x42, 0xac, 0x1e, 1, 0}, EUI: []byte{1, 2, 3, 4, 5, 6, 7, 8},
		Speed: 10e9, TxSpeed: 1e9, RxSpeed: 2e9,
		Resolution: Nanoseconds, Offset: -3600, ZoneName: "Europe/Berlin",
		Filter: "tcp port 80", OS: "Linux 6.18", Hardware: "virtio",
		FCSLen: 32, HasFCSLen: true, Extra: extra(),
	}
}

func fullStatistics() Statistics {
	return Statistics{
		Interface: 0, Ticks: 1700000009_123456789, Start: Known(1700000000_000000001), End: Known(1700000009_123456789),
		Received: Known(100), Dropped: Known(0), Accepted: Known(90), OSDropped: Known(1 << 40), Delivered: Known(89), Extra: extra(),
	}
}

func fullNames() Names {
	return Names{
		Records: []NameRecord{
			{Addr: netip.MustParseAddr("10.244.1.7"), Names: []string{"web-x2k8l", "web.shop.svc"}},
			{Addr: netip.MustParseAddr("fd00::7"), Names: []string{"web6"}},
			{MAC: []byte{2, 0, 0, 0, 0, 1}, Names: []string{"gate"}},
			{MAC: []byte{2, 0, 0, 0, 0, 1, 9, 9}, Names: []string{"gate64"}},
		},
		DNSName: "kube-dns", DNSAddr: []netip.Addr{netip.MustParseAddr("10.96.0.10"), netip.MustParseAddr("fd00::a")},
		Extra: extra(),
	}
}

// TestBlocks writes each block with every option and reads it again, as it is
// and turned into the other byte order.
func TestBlocks(t *testing.T) {
	section := Section{Major: 1, Length: -1, Hardware: "amd64", OS: "Linux", Application: "pktrail 1", Extra: extra()}
	iface, stats, names := fullInterface(), fullStatistics(), fullNames()
	secrets := Secrets{Kind: SecretsTLS, Data: []byte("CLIENT_RANDOM 00 11\n"), Extra: extra()}
	custom := CustomBlock{PEN: 32473, Data: []byte("12345678")}
	noCopy := CustomBlock{PEN: 32473, NoCopy: true, Data: []byte{}}
	var out bytes.Buffer
	w, err := NewWriter(&out, &section)
	if err != nil {
		t.Fatal(err)
	}
	blocks := []Appender{&iface, &names, &secrets, &custom, &noCopy, &stats}
	for _, a := range blocks {
		if err := w.Write(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, big := range []bool{false, true} {
		file := out.Bytes()
		if big {
			file = bigEndian(t, file)
		}
		section.BigEndian = big
		want := []any{section, iface, names, secrets, custom, noCopy, stats}
		got := decodeAll(t, file)
		if len(got) != len(want) {
			t.Fatalf("%d blocks, want %d", len(got), len(want))
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("big-endian %v:\n got %+v\nwant %+v", big, got[i], want[i])
			}
		}
	}
}

func decodeAll(t *testing.T, file []byte) []any {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var list []any
	for {
		var b Block
		if err := r.Next(&b); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		v, err := decode(r, &b)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
}

// decode reads a block of any type.
func decode(r *Reader, b *Block) (any, error) {
	switch b.Type {
	case TypeSection:
		return b.Section()
	case TypeInterface:
		i, err := b.Interface()
		i.clock = clock{}
		return i, err
	case TypeNames:
		return b.Names()
	case TypeStatistics:
		return b.Statistics()
	case TypeSecrets:
		return b.Secrets()
	case TypeCustom, TypeCustomNoCopy:
		return b.Custom()
	case TypePacket, TypeOldPacket, TypeSimplePacket:
		var p Packet
		err := r.Packet(b, &p)
		return p, err
	}
	return b.Type, nil
}

func TestInterfaceNonContiguousMask(t *testing.T) {
	raw := block(order(false), TypeInterface, u16s(1, 0), u32s(0), option(OptIfIPv4, []byte{10, 0, 0, 1, 255, 0, 255, 0}))
	b := Block{Type: TypeInterface, Raw: raw}
	i, err := b.Interface()
	if err != nil || len(i.IPv4) != 0 || len(i.Other) != 1 {
		t.Fatalf("%+v, %v: want the option in Other", i, err)
	}
}

func TestTooLong(t *testing.T) {
	long := strings.Repeat("x", MaxOption+1)
	for name, a := range map[string]Appender{
		"comment": &Section{Extra: Extra{Comments: []string{long}}},
		"custom":  &Section{Extra: Extra{Custom: []Custom{{Data: []byte(long[:MaxOption-3])}}}},
		"names":   &Names{Records: []NameRecord{{Addr: netip.MustParseAddr("::1"), Names: []string{long}}}},
		"block":   &CustomBlock{Data: make([]byte, MaxBlock)},
		"packet":  &Packet{Data: make([]byte, MaxBlock)},
	} {
		kept := []byte("kept")
		got, err := a.Append(kept)
		if !errors.Is(err, ErrTooLong) || string(got) != "kept" {
			t.Errorf("%s: %q, %v; want ErrTooLong and nothing appended", name, got[:min(len(got), 20)], err)
		}
	}
	for _, rec := range []NameRecord{{Names: []string{"x"}}, {MAC: []byte{1}, Names: []string{"x"}}, {Addr: netip.MustParseAddr("::1")}, {Addr: netip.MustParseAddr("::1"), Names: []string{"a\x00b"}}} {
		if _, err := (&Names{Records: []NameRecord{rec}}).Append(nil); err == nil {
			t.Errorf("%+v was written", rec)
		}
	}
}

func TestBlockTypeString(t *testing.T) {
	for typ, want := range map[BlockType]string{
		TypeSection: "SHB", TypeInterface: "IDB", TypeOldPacket: "PB", TypeSimplePacket: "SPB", TypeNames: "NRB",
		TypeStatistics: "ISB", TypePacket: "EPB", TypeSecrets: "DSB", TypeCustom: "CB", TypeCustomNoCopy: "CB", 9: "block type 0x00000009",
	} {
		if got := typ.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
