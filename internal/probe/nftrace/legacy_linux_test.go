//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// kube are rules as kube-proxy makes them, for either iptables.
const kube = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-A - [0:0]
:KUBE-SEP-B - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.0.99/32 -j KUBE-SVC-A
-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m udp --dport 80 -j KUBE-SVC-A
-A KUBE-SVC-A -s 10.9.2.0/24 -j RETURN
-A KUBE-SVC-A -j KUBE-SEP-B
-A KUBE-SEP-B -p udp -m udp -j DNAT --to-destination 10.9.2.2:8080
COMMIT
*filter
:KUBE-FORWARD - [0:0]
-A FORWARD -j KUBE-FORWARD
-A FORWARD -p udp -m udp --dport 8081 -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
`

func TestIptablesNFT(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.router, kube, "iptables-nft-restore")
	tr := open(t, b.router, Options{Matches: []Match{toServer}})
	second := monitor(t, b.router)
	sendUDP(t, b.client, "10.96.0.10:80")
	expect(t, tr, `PREROUTING cl ip nat: PREROUTING jump KUBE-SERVICES, KUBE-SERVICES jump KUBE-SVC-A, KUBE-SVC-A jump KUBE-SEP-B, KUBE-SEP-B accept
FORWARD cl>sv ip filter: FORWARD jump KUBE-FORWARD, KUBE-FORWARD return, FORWARD policy accept
`)
	events := tr.stop(t)
	second.same(t, events)
	if h := events[0].Hook; h.Priority != -100 || events[1].Hook.Priority != 0 {
		t.Errorf("priorities %d, %d", h.Priority, events[1].Hook.Priority)
	}
	if len(tr.Blind()) != 0 { // no table of iptables-legacy
		t.Errorf("blind: %v", tr.Blind())
	}
}

// legacyBed has kube's rules by iptables-legacy, and NFLOG as the logger
// where v4 or v6 say so.
func legacyBed(t *testing.T, v4, v6 string) bed {
	t.Helper()
	b := newBed(t)
	run(t, b.router, kube, "iptables-legacy-restore")
	run(t, b.router, "*filter\n-A FORWARD -p udp -m udp --dport 80 -j REJECT\nCOMMIT\n", "ip6tables-legacy-restore")
	set(t, b.router, loggerPath(nfprotoIPv4), v4)
	set(t, b.router, loggerPath(nfprotoIPv6), v6)
	return b
}

// The namespace sends its trace to NFLOG: it is read, nothing is changed.
func TestLegacy(t *testing.T) {
	t.Parallel()
	if *record {
		recordLegacy(t)
	}
	b := legacyBed(t, loggerNFLOG, loggerNFLOG)
	tr := open(t, b.router, Options{Matches: []Match{toServer}})
	if len(tr.Blind()) != 0 {
		t.Errorf("blind: %v", tr.Blind())
	}
	sendUDP(t, b.client, "10.96.0.10:80")
	const want = `PREROUTING cl ip nat: PREROUTING#1, KUBE-SERVICES#2, KUBE-SVC-A#2, KUBE-SEP-B#1
FORWARD cl>sv ip filter: FORWARD#1, KUBE-FORWARD#2 return, FORWARD#3 policy
POSTROUTING sv ip nat: POSTROUTING#1 policy
`
	expectAnyOrder(t, tr, want)
	sendUDP(t, b.client, "[fd09:2::2]:80")
	expectAnyOrder(t, tr, want+"FORWARD cl>sv ip6 filter: FORWARD#1\n")
	events := tr.stop(t)
	for _, e := range events {
		for _, r := range e.Rules {
			if !r.Legacy || r.Verdict != "" && r.Kind != trail.RuleReturn {
				t.Errorf("%+v", r)
			}
		}
		// NFLOG has no time at POSTROUTING.
		if e.Late != (e.Hook.Name == "POSTROUTING") || time.Since(time.Unix(0, e.Time)).Abs() > time.Minute {
			t.Errorf("time %d, late %v at %s", e.Time, e.Late, e.Hook.Name)
		}
		if e.Stage != trail.StageRules || e.Len != len(e.Data) || !strings.HasSuffix(string(e.Data), "0123456789abcdef") || e.Point.Index == 0 {
			t.Errorf("%+v", e)
		}
		if want := map[string]int{"PREROUTING": -100, "FORWARD": 0, "POSTROUTING": 100}[e.Hook.Name]; e.Hook.Priority != want {
			t.Errorf("priority %d at %s", e.Hook.Priority, e.Hook.Name)
		}
	}
	if got := loggers(t, b.router); got != [2]string{loggerNFLOG, loggerNFLOG} {
		t.Errorf("loggers %v", got)
	}
}

// nft and iptables-legacy side by side, in one Tracer; after a DROP there is
// silence.
func TestLegacyDrop(t *testing.T) {
	t.Parallel()
	b := legacyBed(t, loggerNFLOG, loggerNone)
	run(t, b.router, counted, "nft", "-f", "-")
	tr := open(t, b.router, Options{Matches: []Match{{DstPort: 8081}}})
	sendUDP(t, b.client, "10.9.2.2:8081")
	expectAnyOrder(t, tr, `FORWARD cl>sv inet t: f policy accept
PREROUTING cl ip nat: PREROUTING#1, KUBE-SERVICES#3 return, PREROUTING#2 policy
FORWARD cl>sv ip filter: FORWARD#1, KUBE-FORWARD#2 return, FORWARD#2
`)
	blind := tr.Blind()
	if len(blind) != 1 || blind[0].What != "rules of ip6tables-legacy" || !strings.Contains(blind[0].Why, "no logger") {
		t.Errorf("blind: %v", blind)
	}
}

// Nobody would hear it: that is said. With LegacyBind it is heard, and put
// back at the end.
func TestLegacyBind(t *testing.T) {
	t.Parallel()
	b := legacyBed(t, "nf_log_ipv4", loggerNone)
	o := Options{Matches: []Match{{DstPort: 8081}}}
	if got := open(t, b.router, o).Blind(); len(got) != 2 || got[0].What != legacyRules || !strings.Contains(got[0].Why, "nf_log_all_netns") {
		t.Errorf("blind: %v", got)
	}
	o.Legacy = LegacyOff
	if got := open(t, b.router, o).Blind(); len(got) != 0 {
		t.Errorf("blind: %v", got)
	}
	o.Legacy, o.StateDir = LegacyBind, t.TempDir()
	tr := open(t, b.router, o)
	if got := tr.Blind(); len(got) != 0 {
		t.Errorf("blind: %v", got)
	}
	if got := loggers(t, b.router); got != [2]string{loggerNFLOG, loggerNFLOG} {
		t.Errorf("loggers %v", got)
	}
	if notes, err := os.ReadDir(o.StateDir); err != nil || len(notes) != 1 {
		t.Errorf("notes %v, %v", notes, err)
	}

	// There can be one listener.
	third := open(t, b.router, Options{Legacy: LegacyBind})
	if got := third.Blind(); len(got) != 2 || !strings.Contains(got[0].Why, "NFLOG group 0") {
		t.Errorf("blind: %v", got)
	}
	if err := third.Close(); err != nil {
		t.Error(err)
	}

	sendUDP(t, b.client, "10.9.2.2:8081")
	expectAnyOrder(t, tr, `PREROUTING cl ip nat: PREROUTING#1, KUBE-SERVICES#3 return, PREROUTING#2 policy
FORWARD cl>sv ip filter: FORWARD#1, KUBE-FORWARD#2 return, FORWARD#2
`)
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if got := loggers(t, b.router); got != [2]string{"nf_log_ipv4", loggerNone} {
		t.Errorf("loggers %v", got)
	}
	if notes, err := os.ReadDir(o.StateDir); err != nil || len(notes) != 0 {
		t.Errorf("notes %v, %v", notes, err)
	}
}

// A logger that somebody else set meanwhile is his.
func TestLegacyBindOverruled(t *testing.T) {
	t.Parallel()
	b := legacyBed(t, "nf_log_ipv4", "nf_log_ipv6")
	tr := open(t, b.router, Options{Legacy: LegacyBind})
	set(t, b.router, loggerPath(nfprotoIPv4), loggerNone)
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if got := loggers(t, b.router); got != [2]string{loggerNone, "nf_log_ipv6"} {
		t.Errorf("loggers %v", got)
	}
}

// Where it could not be noted, nothing is changed.
func TestLegacyBindUnnoted(t *testing.T) {
	t.Parallel()
	b := legacyBed(t, "nf_log_ipv4", "nf_log_ipv6")
	f, err := os.Open("/run/netns/" + b.router)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tr, err := Open(Options{Netns: f, Legacy: LegacyBind, StateDir: "/proc/nothing"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, %v", tr, err)
	}
	if got := loggers(t, b.router); got != [2]string{"nf_log_ipv4", "nf_log_ipv6"} {
		t.Errorf("loggers %v", got)
	}
}

// expectAnyOrder waits for events of several sources.
func expectAnyOrder(t *testing.T, tr *tracer, want string) {
	t.Helper()
	wanted := strings.SplitAfter(want, "\n")
	left := func() int {
		got := lines(tr.seen())
		n := strings.Count(got, "\n") - len(wanted) + 1
		for _, w := range wanted {
			if !strings.Contains(got, w) {
				return -1
			}
		}
		return n
	}
	end := time.Now().Add(5 * time.Second)
	for left() != 0 {
		if time.Now().After(end) {
			st, err := tr.Stats()
			t.Fatalf("seen\n%swant in any order\n%s%+v, %v", lines(tr.seen()), want, st, err)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
