//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Records of the kernel log become events, through a pipe that gives one
// record per read as /dev/kmsg does.
func TestKernelLogEvents(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_DIRECT|unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(p[1]), unix.F_SETPIPE_SZ, 1<<20); err != nil { // one page per record
		t.Fatal(err)
	}
	for _, r := range append(records(t), "6,1,1,-;eth0: link up\n") {
		if _, err := unix.Write(p[1], []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Close(p[1]); err != nil {
		t.Fatal(err)
	}
	var described []string
	tr, err := Open(Options{Netns: f, Legacy: LegacyOff, Point: trail.Point{Node: "node1"}, Describe: func(r *trail.Rule) {
		described = append(described, r.Chain)
		r.Text = "-A " + r.Chain
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	// Lines of other namespaces are in this log: those of vc1 are not ours.
	tr.legacy.kmsg, tr.legacy.names, tr.legacy.record = p[0], true, make([]byte, 8192)
	tr.Stop()
	var got strings.Builder
	for {
		var e Event
		err := tr.Read(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e.Point.Node != "node1" || e.Point.Index != 1 || e.Rules[0].Text != "-A "+e.Rules[0].Chain || e.Link != packet.LinkRaw || !e.Late {
			t.Errorf("%+v", e)
		}
		got.WriteString(short(&e) + " " + e.Dir.String() + "\n")
	}
	const want = `OUTPUT lo ip raw: OUTPUT#2 policy Out
INPUT lo ip raw: INPUT#2 policy In
OUTPUT lo ip6 raw: OUTPUT#2 policy Out
OUTPUT lo ip filter: OUTPUT#2 Out
 lo ip nat: KUBE-SVC#1 ?
 lo ip6 nat: KUBE-SVC#1 ?
OUTPUT lo ip filter: OUTPUT#1 Out
OUTPUT lo ip6 mangle: OUTPUT#7 return Out
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if len(described) != 8 {
		t.Errorf("described %q", described)
	}
	if st, err := tr.Stats(); err != nil || st.Messages != 16 {
		t.Errorf("%+v, %v", st, err)
	}
}

// The kernel log itself can be read where the machine lets us, and then few
// packets are marked; or it is said why not.
func TestKernelLogOpens(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	l := &legacy{kmsg: -1}
	l.listenKernel(legacyRules)
	if len(l.blind) != 1 {
		t.Fatalf("blind: %v", l.blind)
	}
	if l.kmsg < 0 {
		if l.most() != 0 || !strings.Contains(l.blind[0].Why, "/dev/kmsg") && !strings.Contains(l.blind[0].Why, "nowhere") {
			t.Errorf("blind: %v", l.blind)
		}
		return
	}
	var messages, overruns atomic.Uint64
	if err := l.drain(&messages, &overruns); err != nil {
		t.Error(err)
	}
	if l.most() != KernelLogTotal || len(l.fds()) != 1 || !strings.Contains(l.blind[0].What, "first 10") {
		t.Errorf("at most %d, blind %v", l.most(), l.blind)
	}
	if err := l.close(); err != nil {
		t.Error(err)
	}
}

// A table whose limit is for the kernel log counts tunnels together with the
// rest.
func TestSharedLimit(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.router, counted, "nft", "-f", "-")
	tr := open(t, b.router, Options{})
	s := recorder(t, b.router, func(*socket) error { return nil })
	both := []Match{toServer, {Src: prefixes("10.244.1.7/32")[0]}}
	if _, err := makeTable(s, newRuleset(both, limits{rate: 1000, total: 5, shared: true}, tunnelPorts())); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		sendRaw(t, b.client, 8472, 0, wrapped[0].body(ip4, tcp))
	}
	flood(t, b, 10)
	if got := len(tr.stop(t)); got != 5 {
		t.Errorf("%d packets, want 5", got)
	}
}

// Frames on a bridge, which somebody else's rule marks.
func TestBridge(t *testing.T) {
	t.Parallel()
	left, bridge, right := labtest.Namespace(t), labtest.Namespace(t), labtest.Namespace(t)
	labtest.VethPair(t, labtest.VethEnd{Namespace: left, Device: "eth0", Addresses: prefixes("10.9.2.1/24")}, labtest.VethEnd{Namespace: bridge, Device: "p1"})
	labtest.VethPair(t, labtest.VethEnd{Namespace: right, Device: "eth0", Addresses: prefixes("10.9.2.2/24")}, labtest.VethEnd{Namespace: bridge, Device: "p2"})
	run(t, bridge, "", "ip", "link", "add", "br0", "type", "bridge")
	for _, p := range []string{"p1", "p2"} {
		run(t, bridge, "", "ip", "link", "set", p, "master", "br0")
	}
	run(t, bridge, "", "ip", "link", "set", "br0", "up")
	labtest.Ping(t, left, serverIP)
	run(t, bridge, `table bridge t {
		chain pre { type filter hook prerouting priority -300; ip protocol icmp icmp type echo-request meta nftrace set 1
		}
		chain f { type filter hook forward priority 0; ether type ip accept
		}
	}`, "nft", "-f", "-")
	tr := open(t, bridge, Options{})
	second := monitor(t, bridge)
	r := labtest.Ping(t, left, serverIP)
	expect(t, tr, "PREROUTING p1 bridge t: pre continue, pre policy accept\nFORWARD p1>p2 bridge t: f accept\n")
	events := tr.stop(t)
	second.same(t, events)
	for _, e := range events {
		var p packet.Packet
		p.Decode(e.Link, e.Data)
		f, ok := p.Flow()
		if e.Link != packet.LinkEthernet || e.Point.Link != packet.LinkEthernet || e.Len <= 42 || !ok || f.Dst != serverIP || f.Proto != packet.ProtoICMP {
			t.Errorf("%+v of a ping that took %v", e, r.RTT)
		}
	}
}
