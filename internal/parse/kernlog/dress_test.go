package kernlog

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/parse/parsetest"
)

func file(tb testing.TB, path string) string {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

var (
	lineNumber = regexp.MustCompile(`(?m)^\d+: `)
	times      = regexp.MustCompile(`(?m)^(\d+ us|-) `)
	nodes      = regexp.MustCompile(`(?m)^(\d+ us |)(boot [0-9a-f]+ |)(box/|)`)
)

// plain is the text of items without line numbers, boots and nodes; without
// times too where the dress has none that tell lines apart.
func plain(t *testing.T, s string, o Options, timed bool) string {
	t.Helper()
	text := parsetest.Text(read(t, s, o))
	text = lineNumber.ReplaceAllString(text, "")
	if !timed {
		text = times.ReplaceAllString(text, "")
	}
	return strings.ReplaceAll(nodes.ReplaceAllString(text, "$1"), "FACT box ", "FACT  ")
}

// dmesg's own dresses, as it printed them: each gives the same packets.
func TestDmesgDresses(t *testing.T) {
	paths, err := filepath.Glob("testdata/dresses/*")
	if err != nil || len(paths) != 12 {
		t.Fatal(paths, err)
	}
	reference := file(t, "testdata/dresses/dmesg")
	for _, path := range paths {
		timed := !strings.HasSuffix(path, "-T") && !strings.HasSuffix(path, "-t")
		s := file(t, path)
		if !Detect([]byte(s)) {
			t.Errorf("%s is not detected", path)
		}
		if got, want := plain(t, s, Options{}, timed), plain(t, reference, Options{}, timed); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", path, got, want)
		}
	}
}

// clothes are what other tools put around a line of the kernel: its time since
// boot and its text come in.
var clothes = map[string]struct {
	line  func(at time.Time, mono, text string) string
	timed bool
}{
	"RFC 3164": {func(at time.Time, _, text string) string {
		return at.Format(time.Stamp) + " box kernel: " + text + "\n"
	}, false},
	"RFC 3164 with time since boot": {func(at time.Time, mono, text string) string {
		return at.Format(time.Stamp) + " box kernel: " + mono + text + "\n"
	}, true},
	"rsyslog": {func(at time.Time, mono, text string) string {
		return at.Format("2006-01-02T15:04:05.000000-07:00") + " box kernel: " + mono + text + "\n"
	}, true},
	"rsyslog without time since boot, CRLF": {func(at time.Time, _, text string) string {
		return at.Format("2006-01-02T15:04:05.000000-07:00") + " box kernel: " + text + "\r\n"
	}, true},
	"RFC 5424": {func(at time.Time, mono, text string) string {
		return "<4>1 " + at.Format("2006-01-02T15:04:05.000000Z07:00") + " box kernel - - - " + mono + text + "\n"
	}, true},
	"OpenWrt": {func(at time.Time, mono, text string) string {
		return at.Format(time.ANSIC) + " kern.warn kernel: " + mono + text + "\n"
	}, true},
	"busybox": {func(at time.Time, mono, text string) string {
		return at.Format(time.Stamp) + " box kern.warn kernel: " + mono + text + "\n"
	}, true},
	"no space": {func(at time.Time, mono, text string) string {
		return at.Format(time.Stamp) + " box kernel:" + mono + text + "\n"
	}, true},
	"short-iso": {func(at time.Time, _, text string) string {
		return at.Format("2006-01-02T15:04:05-0700") + " box kernel: " + text + "\n"
	}, false},
	"short-iso-precise": {func(at time.Time, _, text string) string {
		return at.Format("2006-01-02T15:04:05.000000-0700") + " box kernel: " + text + "\n"
	}, true},
	"short-precise": {func(at time.Time, _, text string) string {
		return at.Format("Jan 02 15:04:05.000000") + " box kernel: " + text + "\n"
	}, true},
	"short-full": {func(at time.Time, _, text string) string {
		return at.UTC().Format("Mon 2006-01-02 15:04:05 MST") + " box kernel: " + text + "\n"
	}, false},
	"short-unix": {func(at time.Time, _, text string) string {
		return fmt.Sprintf("%d.%06d box kernel: %s\n", at.Unix(), at.Nanosecond()/1000, text)
	}, true},
	"short-monotonic": {func(_ time.Time, mono, text string) string { return mono + "box kernel: " + text + "\n" }, true},
	"cat":             {func(_ time.Time, _, text string) string { return text + "\n" }, false},
	"json": {func(at time.Time, _, text string) string {
		return fmt.Sprintf(`{"_TRANSPORT":"kernel","MESSAGE":%q,"__REALTIME_TIMESTAMP":"%d","_HOSTNAME":"box","_BOOT_ID":"b00","SYSLOG_IDENTIFIER":"kernel","PRIORITY":"4"}`, text, at.UnixMicro()) + "\n"
	}, true},
	"json with bytes": {func(at time.Time, _, text string) string {
		var digits []string
		for _, c := range []byte(text) {
			digits = append(digits, fmt.Sprint(c))
		}
		return fmt.Sprintf(`{"__REALTIME_TIMESTAMP" : "%d", "MESSAGE" : [%s], "_HOSTNAME" : "box", "_TRANSPORT" : "kernel", "_BOOT_ID" : "b00"}`, at.UnixMicro(),
			strings.Join(digits, ",")) + "\n"
	}, true},
	"export": {func(at time.Time, _, text string) string {
		return fmt.Sprintf("__CURSOR=s=1\n__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=77000000\n_BOOT_ID=b00\n_HOSTNAME=box\n_TRANSPORT=kernel\nMESSAGE=%s\nPRIORITY=4\n_SOURCE_MONOTONIC_TIMESTAMP=76990000\n\n", at.UnixMicro(), text)
	}, true},
	"byte order mark": {func(at time.Time, mono, text string) string {
		s := mono + text + "\r\n"
		if strings.HasPrefix(mono, "[27878.460594]") {
			s = "\xef\xbb\xbf" + s
		}
		return s
	}, true},
	"caller": {func(_ time.Time, mono, text string) string {
		return strings.TrimSpace(mono) + "[ T1234] " + text + "\n"
	}, true},
}

func TestClothes(t *testing.T) {
	reference := file(t, "testdata/dresses/dmesg")
	zone := time.FixedZone("", 2*3600)
	o := Options{Zone: zone, Before: time.Date(2026, 3, 1, 0, 0, 0, 0, zone)}
	boot := time.Date(2026, 2, 28, 23, 0, 0, 0, zone)
	for name, c := range clothes {
		var b strings.Builder
		for l := range strings.Lines(reference) {
			mono, text := l[:15], strings.TrimSuffix(l[15:], "\n")
			ns, ok := seconds(strings.Trim(mono, "[ ]"))
			if !ok {
				t.Fatal(mono)
			}
			b.WriteString(c.line(boot.Add(time.Duration(ns)), mono, text))
		}
		if !Detect([]byte(b.String())) {
			t.Errorf("%s is not detected", name)
		}
		if got, want := plain(t, b.String(), o, c.timed), plain(t, reference, o, c.timed); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
		if name == "cat" || name == "short-monotonic" || name == "byte order mark" || name == "caller" {
			continue
		}
		items := read(t, b.String(), o)
		if s := items[0].Sighting; s == nil || s.Seen.Time/1e9 != boot.Add(27878*time.Second).Unix() || s.At.Node != "box" && name != "OpenWrt" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
