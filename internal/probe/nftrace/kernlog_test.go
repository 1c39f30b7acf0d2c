package nftrace

import (
	"os"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/trail/nflog"
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
	g := nflog.Passes{Silence: silence}
	for i, r := range records(t) {
		l, ok := decodeRecord([]byte(r))
		if !ok {
			t.Fatalf("not decoded: %s", r)
		}
		g.Add(&l, int64(i+1))
	}
	g.Flush()
	golden(t, "testdata/kernel.log", legacyEvents(&g))
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

func checkLine(t *testing.T, s nflog.Step) {
	t.Helper()
	g := nflog.Passes{Silence: silence}
	g.Add(&s, 1)
	g.Add(&s, 2)
	g.Expire(1 << 40)
	if g.Open() != 0 || len(g.Ready) == 0 || len(g.Ready) > 2 {
		t.Errorf("%d open, %d ready of %+v", g.Open(), len(g.Ready), s)
	}
	for _, e := range legacyEvents(&g) {
		if len(e.Rules) == 0 || !e.Rules[0].Legacy || e.Rules[0].Table == "" {
			t.Errorf("%+v", e)
		}
	}
}
