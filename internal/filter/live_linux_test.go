package filter

import (
	"encoding/hex"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// inNamespace runs f on a thread in a network namespace of its own, whose
// loopback is up. Processes that f starts are in it, too.
func inNamespace(t *testing.T, f func()) {
	t.Helper()
	labtest.RequireRoot(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the thread ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Errorf("make network namespace: %v", err)
			return
		}
		if err := loopbackUp(); err != nil {
			t.Errorf("set lo up: %v", err)
			return
		}
		f()
	}()
	<-done
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// vlanCorpus are expressions that live programs treat differently.
func vlanCorpus(t *testing.T) []string {
	t.Helper()
	list := corpus(t)
	list = slices.DeleteFunc(list, func(s string) bool {
		return !strings.Contains(s, "vlan") && !strings.Contains(s, "bound") && !strings.Contains(s, "ifindex")
	})
	return append(list, "tcp", "host 10.1.2.3", "port 80",
		"(ip and vlan) or tcp", "(tcp and vlan 5) or ip6", "not vlan and tcp", "vlan and (vlan 5 or ip)",
		"vlan 5 or (vlan 6 and tcp)", "not (vlan and tcp) and ip", "vlan and mpls and ip", "vlan and pppoes and ip",
		"vlan and portrange 1-1000", "vlan and net 10.0.0.0/8", "vlan and ether multicast", "vlan and tcp[13] = 2",
		"vlan and ip[ip[0] & 0xf] = 0", "inbound and vlan 5")
}

// TestLiveProgramsHaveVerdictsOfTcpdump compares with what tcpdump compiles
// for an interface, with VLAN tags in metadata and in the bytes.
func TestLiveProgramsHaveVerdictsOfTcpdump(t *testing.T) {
	o := newOracle(t)
	inNamespace(t, func() {
		for _, expr := range vlanCorpus(t) {
			compareLive(t, o, expr)
			if t.Failed() {
				return
			}
		}
	})
}

func compareLive(t *testing.T, o *oracle, expr string) {
	t.Helper()
	e, err := Parse(expr)
	var ours Program
	if err == nil {
		ours, err = e.Compile(Options{Live: true})
	}
	theirs := o.program(t, expr, "-i", "lo")
	if (err == nil) != (theirs.refusal == "") {
		t.Errorf("%q: our error %v, tcpdump's %q", expr, err, theirs.refusal)
		return
	}
	if err != nil {
		return
	}
	g := newGenerator(interestIn(expr), hash(expr)+77)
	yes := 0
	for range 5000 {
		p := g.packet(Ethernet)
		p.VLANPresent, p.VLAN = g.chance(40), uint16(g.number()&0xfff)|uint16(g.rand.IntN(8))<<13
		p.PktType, p.IfIndex = uint8(g.rand.IntN(5)), g.number()
		got, want := ours.Match(&p), theirs.program.Match(&p)
		if got > 0 {
			yes++
		}
		if got != want && !noMatterWhat(theirs.program, &p, got) {
			// libpcap's optimiser is wrong on some: it takes the offset that one
			// way has for that of all.
			if o.program(t, expr, "-O", "-i", "lo").program.Match(&p) == got {
				continue
			}
			t.Errorf("%q: verdict %d, tcpdump's %d, on %s (VLAN %v %d)\nours:\n%stcpdump's:\n%s", expr, got, want,
				hex.EncodeToString(p.Data), p.VLANPresent, p.VLAN, ours.Dump(), theirs.program.Dump())
			return
		}
	}
	if yes == 0 {
		t.Logf("%q never matched", expr)
	}
}
