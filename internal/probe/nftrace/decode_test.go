package nftrace

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

var update = flag.Bool("update", false, "rewrite golden files")

// recorded reads the messages of a file in testdata.
func recorded(tb testing.TB, path string) [][]byte {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var all [][]byte
	for l := range strings.Lines(string(b)) {
		if strings.HasPrefix(l, "#") {
			continue
		}
		m, err := hex.DecodeString(strings.TrimSpace(l))
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		tb.Fatalf("%s has no messages", path)
	}
	return all
}

func files(tb testing.TB, pattern string) []string {
	tb.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(all) == 0 {
		tb.Fatalf("%v, %v", all, err)
	}
	return all
}

// golden compares what came of a file with what is in testdata.
func golden(t *testing.T, path string, got []Event) {
	t.Helper()
	b, err := json.MarshalIndent(got, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	path += ".golden"
	if *update {
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(b)+"\n"); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// Messages that a kernel sent, with the commands that made them.
func TestGolden(t *testing.T) {
	for _, path := range files(t, "*.nft") {
		g := newGrouper("pktrail-0-0")
		for i, m := range recorded(t, path) {
			s, ok := decodeStep(m)
			if !ok {
				t.Errorf("%s: not decoded: %x", path, m)
			}
			g.add(&s, int64(i+1))
		}
		if g.headless != 0 || len(g.open) != 0 {
			t.Errorf("%s: %d headless, %d open", path, g.headless, len(g.open))
		}
		golden(t, path, eventsOf(g.ready))
	}
	for _, path := range files(t, "*.nflog") {
		g := nflog.Passes{Silence: silence}
		for i, m := range recorded(t, path) {
			l, ok := decodeLog(m)
			if !ok {
				t.Errorf("%s: not decoded: %x", path, m)
			}
			g.Add(&l, int64(i+1))
		}
		g.Flush()
		golden(t, path, legacyEvents(&g))
	}
}

func legacyEvents(g *nflog.Passes) []Event {
	all := make([]Event, 0, len(g.Ready))
	for _, p := range g.Ready {
		all = append(all, legacyEvent(p))
	}
	return all
}

func eventsOf(groups []*group) []Event {
	all := make([]Event, 0, len(groups))
	for _, g := range groups {
		all = append(all, g.event())
	}
	return all
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		code int32
		want string
		ends bool
	}{
		{0, "drop", true},
		{1, "accept", true},
		{2, "stolen", true},
		{3, "queue", true},
		{7<<16 | 3, "queue", true},
		{1 << 16, "drop", true}, // a queue's number, an errno
		{-1, "continue", false},
		{-3, "jump", false},
		{-4, "goto", false},
		{-5, "return", false},
		{-2, "", false},
		{5, "", true},
	} {
		s := step{kind: traceRule, handle: 1, verdict: c.code, hasVerdict: true}
		if s.rule().Verdict != c.want || s.ends() != c.ends {
			t.Errorf("%d is %q, ends %v", c.code, s.rule().Verdict, s.ends())
		}
	}
	// Kernels before 6.4 call the end of a chain by a kind of its own.
	for _, s := range []step{{kind: traceReturn, hasVerdict: true, verdict: -1}, {kind: traceRule, hasVerdict: true, verdict: -1}} {
		if r := s.rule(); r.Kind != trail.RuleReturn || r.Verdict != "return" {
			t.Errorf("%+v", r)
		}
	}
}

func TestHookNames(t *testing.T) {
	for _, c := range []struct {
		family uint8
		hook   uint32
		want   string
	}{
		{nfprotoIPv4, 0, "PREROUTING"},
		{nfprotoIPv6, 4, "POSTROUTING"},
		{nfprotoInet, 5, "INGRESS"},
		{nfprotoBridge, 2, "FORWARD"},
		{nfprotoARP, 1, "OUTPUT"},
		{nfprotoNetdev, 1, "EGRESS"},
		{nfprotoNetdev, 2, ""},
		{nfprotoIPv4, 1 << 31, ""},
	} {
		if got := hookName(c.family, c.hook); got != c.want {
			t.Errorf("hook %d of %s is %q", c.hook, familyName(c.family), got)
		}
	}
	for family, want := range map[uint8]string{nfprotoInet: "inet", nfprotoIPv4: "ip", nfprotoIPv6: "ip6", nfprotoARP: "arp", nfprotoNetdev: "netdev", nfprotoBridge: "bridge", 99: ""} {
		if got := familyName(family); got != want {
			t.Errorf("family %d is %q", family, got)
		}
	}
}

// Headers that do not follow each other are not put together.
func TestPacketBytes(t *testing.T) {
	v4 := append([]byte{0x45, 0, 1, 2}, make([]byte, 16)...)
	options := append([]byte{0x46, 0, 1, 2}, make([]byte, 16)...)
	v6 := append([]byte{0x60, 0, 0, 0, 1, 2, 17, 64}, make([]byte, 32)...)
	fragment := append([]byte{0x60, 0, 0, 0, 1, 2, 44, 64}, make([]byte, 32)...)
	for _, c := range []struct {
		name    string
		network []byte
		want    int
		length  int
	}{
		{"IPv4", v4, 28, 258},
		{"IPv4 with options that are missing", options, 20, 258},
		{"IPv4 with options", append(options, 0, 0, 0, 0), 32, 258},
		{"IPv6", v6, 48, 298},
		{"IPv6 fragment", fragment, 40, 298},
		{"jumbo", append([]byte{0x60}, make([]byte, 39)...), 40, 0},
		{"cut", v4[:10], 10, 0},
		{"none", nil, 0, 0},
	} {
		s := step{network: c.network, transport: make([]byte, 8)}
		if got, link := s.packet(); len(got) != c.want || totalLen(got) != c.length || link != packet.LinkRaw {
			t.Errorf("%s: %d bytes, length %d", c.name, len(got), totalLen(got))
		}
	}
}

// FuzzStep decodes any bytes, and groups what comes of it.
func FuzzStep(f *testing.F) {
	for _, path := range files(f, "*.nft") {
		for _, m := range recorded(f, path) {
			f.Add(m)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := decodeStep(b)
		if !ok {
			return
		}
		g := newGrouper("pktrail-0-0")
		g.add(&s, 1)
		g.add(&s, 2)
		g.expire(1 << 40)
		for _, e := range eventsOf(g.ready) {
			if len(e.Rules) == 0 || e.Rules[0].Table == "" || e.Rules[0].Chain == "" || e.Link != packet.LinkRaw && e.Link != packet.LinkEthernet {
				t.Errorf("%+v", e)
			}
		}
		var h trail.Hook
		decodeChain(b, &h)
	})
}

// FuzzMessages walks any datagram.
func FuzzMessages(f *testing.F) {
	f.Add(nfMessage(nil, 0xa11, 0, 1, 2, 0, attrs(nil).text(1, "t").text(2, "c").u32(4, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		eachMessage(b, func(m nlMessage) { n += nlHeader + len(m.body) })
		if n > len(b) {
			t.Errorf("%d bytes of %d", n, len(b))
		}
	})
}
