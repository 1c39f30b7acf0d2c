package netlink

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run runs a program with the arguments in one string, and fails the test
// unless it succeeds.
func run(tb testing.TB, command string) []byte {
	tb.Helper()
	argv := strings.Fields(command)
	path := labtest.RequireTool(tb, argv[0])
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(tb.Context(), path, argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s: %v: %s", command, err, complaint.String())
	}
	return out.Bytes()
}

// ip runs lines of ip(8) in a namespace.
func ip(tb testing.TB, ns string, lines ...string) {
	tb.Helper()
	for _, line := range lines {
		run(tb, "ip -n "+ns+" "+line)
	}
}

func open(tb testing.TB, ns string) *os.File {
	tb.Helper()
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	})
	return f
}

// take takes a namespace, of which every part has to be readable.
func take(tb testing.TB, ns string, o Options) *netstate.Namespace {
	tb.Helper()
	got, err := Take(tb.Context(), open(tb, ns), o)
	if err != nil {
		tb.Fatal(err)
	}
	for _, u := range got.Unreadable {
		tb.Errorf("%s: unreadable: %+v", ns, u)
	}
	return got
}

// sameJSON compares two listings, value by value.
func sameJSON(tb testing.TB, what string, got, want []byte) {
	tb.Helper()
	var g, w []any
	if err := json.Unmarshal(got, &g); err != nil {
		tb.Errorf("%s: ours: %v\n%s", what, err, got)
		return
	}
	if err := json.Unmarshal(want, &w); err != nil {
		tb.Errorf("%s: theirs: %v\n%s", what, err, want)
		return
	}
	if len(g) != len(w) {
		tb.Errorf("%s: %d entries, want %d\n got %s\nwant %s", what, len(g), len(w), got, want)
		return
	}
	for i := range g {
		if !reflect.DeepEqual(g[i], w[i]) {
			a, _ := json.Marshal(g[i])
			b, _ := json.Marshal(w[i])
			tb.Errorf("%s:\n got %s\nwant %s", what, a, b)
		}
	}
}

// sameText compares two listings, line by line.
func sameText(tb testing.TB, what string, got, want []byte) {
	tb.Helper()
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(none)", "(none)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			tb.Errorf("%s, line %d:\n got %q\nwant %q", what, i+1, a, b)
		}
	}
}

// try is run for what may fail.
func try(tb testing.TB, command string) (string, error) {
	tb.Helper()
	argv := strings.Fields(command)
	out, err := exec.CommandContext(tb.Context(), labtest.RequireTool(tb, argv[0]), argv[1:]...).CombinedOutput()
	return string(out), err
}

// timers are numbers that a clock changes between two looks.
var timers = regexp.MustCompile(`("\w+_timer":|\w+_timer +)\d+\.\d\d|(used |/|"(?:used|confirmed|updated)":)\d+|(valid_lft |preferred_lft |"(?:valid|preferred)_life_time":)\d{1,5}\b`)

// still puts 0 in their place.
func still(b []byte) []byte { return timers.ReplaceAll(b, []byte("${1}${2}${3}0")) }

// manyEntries makes addresses, neighbours and entries of forwarding databases
// of all sorts.
func manyEntries(tb testing.TB, ns string) {
	tb.Helper()
	ip(tb, ns,
		"addr add 10.1.0.1/24 brd + dev a1 label a1:x", "addr add 10.1.0.2/24 dev a1", "addr add 10.9.0.1 peer 10.9.0.2/32 dev eth0 scope link",
		"addr add 10.8.0.1/24 dev eth0 valid_lft 3000 preferred_lft 2000", "addr add 10.7.0.1/32 dev dn0 metric 77 noprefixroute scope host",
		"addr add fd01::1/64 dev a1 nodad", "addr add fd02::1/128 peer fd02::2/128 dev eth0 nodad", "addr add fd03::1/64 dev eth0 nodad valid_lft 4000 preferred_lft 0 home mngtmpaddr",
		"addr add 192.0.2.1/24 dev p0", "addr add 10.6.0.1/24 dev br0", "addr add fd06::1/64 dev br0 nodad",
		"neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev a1 nud permanent", "neigh add 10.1.0.10 lladdr 02:00:00:00:00:0a dev a1 nud noarp",
		"neigh add 10.1.0.11 lladdr 02:00:00:00:00:0b dev a1 nud stale extern_learn protocol zebra", "neigh add 10.1.0.12 dev a1 nud failed",
		"neigh add fd01::9 lladdr 02:00:00:00:00:0c dev a1 nud stale router", "neigh add proxy 10.1.0.77 dev a1", "neigh add proxy fd01::77 dev a1 protocol static",
		"neigh add 10.1.0.13 lladdr 02:00:00:00:00:0d dev a1 nud none",
		"nexthop add id 5 via 192.0.2.9 fdb", "nexthop add id 6 group 5 fdb",
	)
	for _, line := range []string{
		"fdb add 02:00:00:00:01:01 dev vx0 dst 192.0.2.2", "fdb append 00:00:00:00:00:00 dev vx0 dst 192.0.2.3 port 9999 vni 77 via p0",
		"fdb add 02:00:00:00:01:02 dev vx2 dst 192.0.2.7 src_vni 5 vni 6", "fdb add 02:00:00:00:01:02 dev vx3 dst fd00::7 port 5", "fdb add 02:00:00:00:01:03 dev vx1 nhid 6",
		"fdb add 02:00:00:00:01:04 dev a0 master static", "fdb add 02:00:00:00:01:05 dev a0 master static sticky",
		"fdb add 02:00:00:00:01:06 dev p0 master dynamic extern_learn", "fdb add 02:00:00:00:01:07 dev br0 self local",
		"fdb add 02:00:00:00:01:08 dev vx0 master static", "vlan add dev a0 vid 100-102",
	} {
		if out, err := try(tb, "bridge -n "+ns+" "+line); err != nil { // a kernel without VLANs
			tb.Logf("%s: %v: %s", line, err, out)
		}
	}
}
