package nftrace

import (
	"os"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func records(tb testing.TB) []string {
	tb.Helper()
	b, err := os.ReadFile("testdata/kernel.log")
	if err != nil {
		tb.Fatal(err)
	}
	var all []string
	for l := range strings.Lines(string(b)) {
		if !strings.HasPrefix(l, "#") {
			all = append(all, l)
		}
	}
	return all
}

func TestKernelLog(t *testing.T) {
	var g legacyGrouper
	for i, r := range records(t) {
		l, ok := decodeRecord([]byte(r))
		if !ok {
			t.Fatalf("not decoded: %s", r)
		}
		g.add(&l, int64(i+1))
	}
	g.flush()
	golden(t, "testdata/kernel.log", eventsOf(g.ready))
}

// The headers that are made again say what the line said.
func TestKernelLogPackets(t *testing.T) {
	want := []string{
		"127.0.0.1:59442 -> 127.0.0.1:49999", "127.0.0.1:59442 -> 127.0.0.1:49999", "127.0.0.1 -> 127.0.0.1",
		"127.0.0.1:55948 -> 127.0.0.1:49999", "[::1]:42878 -> [::1]:49999", "[::1]:46274 -> [::1]:49999",
		"127.0.0.1 -> 127.0.0.1 id 16094", "::1 -> ::1 id 16095",
	}
	all := records(t)
	for i, w := range want {
		l, ok := decodeRecord([]byte(all[i]))
		if !ok {
			t.Fatalf("not decoded: %s", all[i])
		}
		var p packet.Packet
		p.Decode(packet.LinkRaw, l.data)
		f, ok := p.Flow()
		if !ok || f.String() != w {
			t.Errorf("%s: %v, want %s", all[i], f, w)
		}
		if len(l.data) >= 20 && l.data[0]>>4 == 4 && checksum(l.data[:20]) != 0 {
			t.Errorf("wrong checksum in %x", l.data[:20])
		}
	}
	l, _ := decodeRecord([]byte(all[3]))
	tcp := packet.TCP(l.data[20:])
	if tcp.Seq() != 376576935 || tcp.Flags() != packet.SYN || tcp.Window() != 65495 || len(l.data) != 60 || totalLen(l.data) != 60 {
		t.Errorf("%x", l.data)
	}
	fragment, ok := decodeText("TRACE: filter:INPUT:rule:1 IN=a OUT= SRC=1.2.3.4 DST=5.6.7.8 LEN=1500 TOS=0x02 PREC=0x20 TTL=9 ID=7 CE MF FRAG:185 OPT (94040000) PROTO=UDP MARK=0x2a ")
	if !ok || fragment.mark != 0x2a || len(fragment.data) != 24 || fragment.data[1] != 0x22 || fragment.data[6] != 0xa0 || fragment.data[7] != 185 {
		t.Errorf("%v, %+v", ok, fragment)
	}
}

// What is no trace of the kernel's is left out.
func TestKernelLogOther(t *testing.T) {
	line := strings.TrimPrefix(records(t)[0], "4,3402,3048870535,-")
	for _, s := range []string{
		"", ";", "4,1,1,-;", "x" + line,
		"12,3402,3048870535,-" + line, // a program wrote it
		"4,1,1,-;TRACE: raw:OUTPUT:policy:2",
		"4,1,1,-;TRACE: raw:OUTPUT:policy:2 IN= OUT=lo SRC=127.0.0.1 LEN=4",
		"4,1,1,-;TRACE: raw:OUTPUT:policy:2 IN= OUT=lo SRC=127.0.0.1 DST=::1 LEN=4",
		"4,1,1,-;usb 1-1: new device IN=1",
	} {
		if l, ok := decodeRecord([]byte(s)); ok {
			t.Errorf("%q is taken as %+v", s, l)
		}
	}
}

func TestPrefix(t *testing.T) {
	for _, c := range []struct {
		s    string
		want line
		ok   bool
	}{
		{"TRACE: nat:KUBE-SVC:rule:12 ", line{table: "nat", chain: "KUBE-SVC", kind: trail.RuleMatched, number: 12}, true},
		{"TRACE: filter:FORWARD:policy:1 ", line{table: "filter", chain: "FORWARD", kind: trail.RulePolicy, number: 1}, true},
		{"TRACE: filter:a:b:return:2147483647", line{table: "filter", chain: "a:b", kind: trail.RuleReturn, number: 1<<31 - 1}, true},
		{"TRACE: filter:a:rule:2147483648", line{}, false},
		{"TRACE: filter:a:rule:-1", line{}, false},
		{"TRACE: filter:a:rules:1", line{}, false},
		{"TRACE: filter::rule:1", line{}, false},
		{"TRACE: :a:rule:1", line{}, false},
		{"TRACE: a:rule:1", line{}, false},
		{"TRACE: 1", line{}, false},
		{"trace: nat:a:rule:1", line{}, false},
		{"", line{}, false},
	} {
		var l line
		ok := decodePrefix(c.s, &l)
		if ok != c.ok || ok && (l.table != c.want.table || l.chain != c.want.chain || l.kind != c.want.kind || l.number != c.want.number) {
			t.Errorf("%q: %+v, %v", c.s, l, ok)
		}
	}
}

// FuzzRecord decodes any record, and groups what comes of it.
func FuzzRecord(f *testing.F) {
	for _, r := range records(f) {
		f.Add([]byte(r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, ok := decodeRecord(b); ok {
			checkLine(t, l)
		}
	})
}

// FuzzLog decodes any packet of NFLOG.
func FuzzLog(f *testing.F) {
	for _, m := range recorded(f, "testdata/kube.nflog") {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, ok := decodeLog(b); ok {
			checkLine(t, l)
		}
	})
}

func checkLine(t *testing.T, l line) {
	t.Helper()
	var g legacyGrouper
	g.add(&l, 1)
	g.add(&l, 2)
	g.expire(1 << 40)
	if len(g.open) != 0 || len(g.ready) == 0 || len(g.ready) > 2 {
		t.Errorf("%d open, %d ready of %+v", len(g.open), len(g.ready), l)
	}
	for _, is := range g.ready {
		if e := is.event(); len(e.Rules) == 0 || !e.Rules[0].Legacy || e.Rules[0].Table == "" {
			t.Errorf("%+v", e)
		}
		is.at()
	}
}
