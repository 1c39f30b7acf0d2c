package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// someState has a namespace of each kind, and a ruleset of several lines.
func someState(rules int) *netstate.State {
	r := rand.New(rand.NewPCG(1, 2))
	body := func() []byte {
		b := make([]byte, 100+r.IntN(900))
		for i := 0; i < 96; i += 8 {
			binary.LittleEndian.PutUint64(b[i:], r.Uint64())
		}
		return b
	}
	host := &netstate.Namespace{
		Inode: 4026531840, Host: true, Peers: map[int32]uint64{0: 4026532249},
		Links:   []netstate.Link{{Index: 1, Name: "lo", Flags: 9, MTU: 65536}, {Index: 2, Name: "eth0 <&>", Conf4: []int32{1, 0, -1}}},
		Routes:  []netstate.Route{{Family: "inet", Table: 254, Dst: netip.MustParsePrefix("0.0.0.0/0"), Hops: []netstate.Hop{{Link: 2, Gateway: netip.MustParseAddr("fe80::1")}}}},
		Ruleset: netstate.Ruleset{Generation: 7},
		Sysctls: map[string]string{"ipv4.ip_forward": "1"},
	}
	for range rules {
		host.Ruleset.Rules = append(host.Ruleset.Rules, body())
	}
	host.Ruleset.Tables = [][]byte{body()}
	host.Ruleset.Elements = [][]byte{body(), body()}
	host.Ruleset.Legacy = []netstate.LegacyTable{
		{Name: "nat", Info: body(), Entries: bytes.Repeat(body(), rules*4)}, {IP6: true, Name: "nat", Info: body(), Entries: body()},
	}
	pod := &netstate.Namespace{Inode: 4026532249, Names: []string{"/run/netns/x"}, Unreadable: []netstate.Unreadable{{Part: netstate.PartChains, Why: "operation not permitted"}}}
	return &netstate.State{
		Nodes: []*netstate.Snapshot{
			{Version: 1, Node: "a", ByteOrder: "little", Taken: time.Unix(1700000000, 5).UTC(), Took: time.Second, Namespaces: []*netstate.Namespace{host, pod}},
			{Version: 1, Node: "b", ByteOrder: "little", Taken: time.Unix(1700000001, 0).UTC(), Workloads: []netstate.Workload{{Pod: "web", Netns: 5}}},
		},
		Cluster: &netstate.Cluster{Context: "c", Pods: []netstate.Pod{{Namespace: "shop", Name: "web", UID: "u", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}}},
	}
}

func writeState(tb testing.TB, s *netstate.State) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, Header{Application: "pktrail"})
	if err == nil {
		err = w.WriteState(s)
	}
	if err == nil {
		err = w.End(End{Reason: "taken"})
	}
	if err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestStateComesBack(t *testing.T) {
	for _, rules := range []int{0, 1, 5000} {
		want := someState(rules)
		b := writeState(t, want)
		got, err := ReadState(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%d rules: the state is another one", rules)
		}
		// Whoever reads frames passes over it, and the stream is whole.
		r, err := NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		var f trail.Frame
		if err := r.Read(&f); !isEOF(err) || !r.Whole() {
			t.Errorf("%d rules: %v, whole %v", rules, err, r.Whole())
		}
		// Blocks that are passed on mean the same, between frames too.
		var copied bytes.Buffer
		w, err := NewWriter(&copied, Header{})
		if err != nil {
			t.Fatal(err)
		}
		id, err := w.AddPoint(trail.Point{Interface: "eth0", Link: packet.LinkEthernet}, PointOptions{})
		if err != nil {
			t.Fatal(err)
		}
		err = CopySnapshots(bytes.NewReader(b), func(block []byte) error {
			return errors.Join(w.WriteFrame(&trail.Frame{Point: id, Data: []byte("x"), Len: 1}), w.WriteBlock(block))
		})
		if err := errors.Join(err, w.Flush()); err != nil {
			t.Fatal(err)
		}
		if err := w.End(End{}); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadState(&copied); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d rules: the copy is another one: %v", rules, err)
		}
	}
}

// goldenState is a state of few bytes, for docs/file-format.md.
func goldenState() *netstate.State {
	s := someState(0)
	s.Nodes[0].Node, s.Nodes[1].Node = "node1", "node2"
	return s
}

// TestGoldenState: what an earlier pktrail wrote is read today.
// Tables that a tool has listed come back too, in lines of their own.
func TestSavedTablesComeBack(t *testing.T) {
	want := someState(1)
	long := strings.Repeat("x", snapshotLine)
	for _, name := range []string{"nat", "filter", "raw"} {
		want.Nodes[0].Namespaces[0].Ruleset.Saved = append(want.Nodes[0].Namespaces[0].Ruleset.Saved, netstate.SavedTable{
			Family: "ip", Name: name, Tool: "iptables-save", Chains: []netstate.SavedChain{{Name: "INPUT", Hook: "input", Rules: []netstate.SavedRule{
				{Text: "-A INPUT -m comment --comment " + long, Counted: true, Packets: 1},
			}}},
		})
	}
	got, err := ReadState(bytes.NewReader(writeState(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got.Nodes[0].Namespaces[0].Ruleset.Saved)
	}
}

func TestGoldenState(t *testing.T) {
	const name = "testdata/state.pcapng"
	if *update {
		if err := os.WriteFile(name, writeState(t, goldenState()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	got, err := ReadState(f)
	if err != nil || !reflect.DeepEqual(got, goldenState()) {
		t.Errorf("%v: the golden state is another one", err)
	}
}

func TestReadStateRefuses(t *testing.T) {
	whole := writeState(t, someState(9000))
	newer := bytes.Replace(bytes.Clone(whole), []byte(`"version":1,"block":0`), []byte(`"version":9,"block":0`), 1)
	swapped := bytes.Replace(bytes.Clone(whole), []byte(`"block":1,`), []byte(`"block":3,`), 1)
	if bytes.Equal(newer, whole) || bytes.Equal(swapped, whole) {
		t.Fatal("there are too few blocks")
	}
	damaged := bytes.Clone(whole)
	i := bytes.Index(damaged, []byte(`"block":1,`)) + 2000
	for j := range 64 {
		damaged[i+j] ^= 0x55
	}
	var frames bytes.Buffer
	w, err := NewWriter(&frames, Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.End(End{}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		in   []byte
		want string
	}{
		"nothing":          {nil, "it is empty"},
		"text":             {[]byte("# Generated by iptables-save\n*nat\n"), "it is no snapshot"},
		"JSON":             {[]byte(`{"nodes":[]}`), "it is no snapshot"},
		"a capture":        {frames.Bytes(), "there is no snapshot in it"},
		"newer":            {newer, "version 9, and this pktrail knows 1"},
		"half":             {whole[:len(whole)/2], "it is cut off"},
		"without its end":  {whole[:bytes.LastIndex(whole, []byte("pktrail/1 snapshot"))-12], "it is cut off"},
		"a block too much": {swapped, "it is damaged"},
		"damaged":          {damaged, "it is damaged"},
	} {
		s, err := ReadState(bytes.NewReader(tt.in))
		e, ok := errors.AsType[*SnapshotError](err)
		if s != nil || !ok || !strings.Contains(e.Error(), tt.want) || e.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := CopySnapshots(bytes.NewReader(whole[:len(whole)/2]), func([]byte) error { return nil }); err == nil {
		t.Error("half a snapshot was passed on without a word")
	}
}

func isEOF(err error) bool { return err != nil && err.Error() == "EOF" }

func FuzzReadState(f *testing.F) {
	f.Add(writeState(f, someState(0)))
	f.Add(writeState(f, someState(3)))
	var b bytes.Buffer
	w, err := pcapng.NewWriter(&b, &pcapng.Section{})
	if err != nil {
		f.Fatal(err)
	}
	_ = w.Write(&pcapng.CustomBlock{PEN: PEN, Data: []byte("pktrail/1 snapshot {\"node\":\"a\",\"version\":1,\"last\":true,\"bytes\":3}\nabc")})
	if err := w.Flush(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := ReadState(bytes.NewReader(in))
		if (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if err != nil {
			return
		}
		// What was read can be written.
		if _, err := ReadState(bytes.NewReader(writeState(t, s))); err != nil && !hasTwins(s) {
			t.Fatal(err)
		}
	})
}

// hasTwins: nodes or namespaces of one name, which only damage makes.
func hasTwins(s *netstate.State) bool {
	for _, n := range s.Nodes {
		if n.Node == "" {
			return true
		}
	}
	return false
}
