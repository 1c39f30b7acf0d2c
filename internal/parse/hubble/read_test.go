package hubble

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pktrail/pktrail/internal/parse"
)

func TestDetect(t *testing.T) {
	for _, s := range []string{
		"", "\n\n", "{}", `{"cpu":"CPU 07:","type":"trace","observationPoint":"to-stack"}`, `{"verdict":"accept"}`, "Nov 21 08:26:35 host kernel: TRACE: raw:PREROUTING:policy:2",
		"Nov 21 08:26:35.699: a -> b", "10.0.0.1 -> 10.0.0.2 FORWARDED", "-> stack flow 0x1 identity 1->2 state new ifindex 0: 10.0.0.1:33 -> 10.0.0.2:44 tcp SYN",
	} {
		if Detect([]byte(s)) {
			t.Errorf("%q is told for Hubble's", s)
		}
	}
	for _, s := range []string{
		"level=info\n" + `{"flow":{"time":"x"}}`, `{"time":"2026","verdict":"FORWARDED","event_type":{"type":4}}`, `{"lost_events":{"num_events_lost":"1"}}`,
		"Nov 21 08:26:35.699: 10.0.0.1:4000 (ID:4000) -> 10.0.0.2:80 (ID:4001) to-endpoint FORWARDED (TCP Flags: SYN)\r\n", "  TIMESTAMP: Nov 21 08:26:59.546",
	} {
		if !Detect([]byte(s)) {
			t.Errorf("%q is not told for Hubble's", s)
		}
	}
}

func TestMoment(t *testing.T) {
	day := func(year int, month time.Month, d int) time.Time {
		return time.Date(year, month, d, 8, 0, 0, 5e8, time.UTC)
	}
	for _, c := range []struct {
		text      string
		reference time.Time
		want      time.Time
	}{
		{"2026-11-21T08:00:00.5Z", time.Time{}, day(2026, 11, 21)},
		{"2026-11-21T10:00:00.5+02:00", day(2020, 1, 1), day(2026, 11, 21)},
		{"Nov 21 08:00:00.500", day(2026, 11, 21), day(2026, 11, 21)},
		{"Nov 21 08:00:00.500", day(2026, 11, 20), day(2026, 11, 21)}, // in another zone
		{"Nov 21 08:00:00.500", day(2026, 11, 19), day(2025, 11, 21)},
		{"Dec 31 08:00:00.500", day(2027, 1, 1), day(2026, 12, 31)},
		{"Jan  1 08:00:00.500", day(2026, 12, 30), day(2026, 1, 1)},
		{"Nov 21 08:00:00.500", time.Time{}, day(1970, 11, 21)},
	} {
		if at, ok := moment([]byte(c.text), c.reference); !ok || at != c.want.UnixNano() {
			t.Errorf("%s with %s is %s, %t", c.text, c.reference, time.Unix(0, at).UTC(), ok)
		}
	}
	for _, s := range []string{"", "yesterday", "Feb 30 08:00:00.500"} {
		if _, ok := moment([]byte(s), reference()); ok {
			t.Errorf("%q is a time", s)
		}
	}
}

func TestBroken(t *testing.T) {
	gone := errors.New("gone")
	r := New(io.MultiReader(strings.NewReader("  TIMESTAMP: Nov 21 08:26:59.546\n     SOURCE: 10.0.0.1\nDESTINATION: 10.0.0.2\n       TYPE: to-stack\n    VERDICT: FORWARDED\n"), iotest.ErrReader(gone)), Options{})
	if it, err := r.Read(); err != nil || it.Sighting == nil { // what was held comes before the error
		t.Fatalf("%+v, %v", it, err)
	}
	for range 2 {
		if _, err := r.Read(); !errors.Is(err, gone) {
			t.Fatal(err)
		}
	}
	r = New(strings.NewReader(strings.Repeat("x", 2<<20)+"\nNov 21 08:26:36.000: EVENTS LOST: HUBBLE_RING_BUFFER CPU(1) 33\n"), Options{})
	var bad *parse.LineError
	if _, err := r.Read(); !errors.As(err, &bad) || !errors.Is(err, parse.ErrTooLong) {
		t.Fatal(err)
	}
	if it, err := r.Read(); err != nil || it.Fact == nil || it.Fact.Line != 2 || r.Lost() != 33 {
		t.Fatalf("%+v, %v", it, err)
	}
}
