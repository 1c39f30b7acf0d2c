//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// bed is a client, a router in the middle and a server:
//
//	client 10.9.1.2, fd09:1::2 -- cl [router] sv -- 10.9.2.2, fd09:2::2 server
type bed struct {
	client, router, server string
}

var (
	clientIP  = netip.MustParseAddr("10.9.1.2")
	serverIP  = netip.MustParseAddr("10.9.2.2")
	serverIP6 = netip.MustParseAddr("fd09:2::2")
)

func newBed(t *testing.T) bed {
	t.Helper()
	b := bed{labtest.Namespace(t), labtest.Namespace(t), labtest.Namespace(t)}
	labtest.VethPair(t,
		labtest.VethEnd{Namespace: b.client, Device: "eth0", Addresses: prefixes("10.9.1.2/24", "fd09:1::2/64")},
		labtest.VethEnd{Namespace: b.router, Device: "cl", Addresses: prefixes("10.9.1.1/24", "fd09:1::1/64")})
	labtest.VethPair(t,
		labtest.VethEnd{Namespace: b.server, Device: "eth0", Addresses: prefixes("10.9.2.2/24", "fd09:2::2/64")},
		labtest.VethEnd{Namespace: b.router, Device: "sv", Addresses: prefixes("10.9.2.1/24", "fd09:2::1/64")})
	for ns, side := range map[string]string{b.client: "1", b.server: "2"} {
		run(t, ns, "", "ip", "route", "add", "default", "via", "10.9."+side+".1")
		run(t, ns, "", "ip", "-6", "route", "add", "default", "via", "fd09:"+side+"::1")
	}
	set(t, b.router, "/proc/sys/net/ipv4/ip_forward", "1")
	set(t, b.router, "/proc/sys/net/ipv6/conf/all/forwarding", "1")
	// Nobody's first packet waits for a link address.
	labtest.Ping(t, b.client, serverIP)
	labtest.Ping(t, b.client, serverIP6)
	return b
}

func prefixes(s ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range s {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

// run runs a program in a namespace and returns what it prints.
func run(t *testing.T, ns, stdin string, argv ...string) string {
	t.Helper()
	labtest.RequireTool(t, argv[0])
	var out []byte
	err := lab.Do(ns, func() (err error) {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}

// set writes a sysctl of a namespace.
func set(t *testing.T, ns, path, value string) {
	t.Helper()
	if err := lab.Do(ns, func() error { return os.WriteFile(path, []byte(value), 0) }); err != nil {
		t.Fatal(err)
	}
}

// tracer is a Tracer that is read in the background.
type tracer struct {
	*Tracer
	mu     sync.Mutex
	events []Event
	ended  chan error
}

// open traces in a namespace until the test ends.
func open(t *testing.T, ns string, o Options) *tracer {
	t.Helper()
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		t.Fatal(err)
	}
	o.Netns = f
	if o.StateDir == "" {
		o.StateDir = t.TempDir()
	}
	tr, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	r := &tracer{Tracer: tr, ended: make(chan error, 1)}
	go func() {
		for {
			var e Event
			err := tr.Read(&e)
			if err != nil {
				r.ended <- err
				return
			}
			r.mu.Lock()
			r.events = append(r.events, e)
			r.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// stop reads to the end and returns all events.
func (r *tracer) stop(t *testing.T) []Event {
	t.Helper()
	r.Stop()
	select {
	case err := <-r.ended:
		if !errors.Is(err, io.EOF) {
			t.Fatalf("read: %v, want io.EOF", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Read does not end after Stop")
	}
	return r.events
}

// seen returns the events so far.
func (r *tracer) seen() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}

// lines are events as short text, one line each:
// "FORWARD cl>sv ip filter: FORWARD jump pol, pol return, FORWARD policy accept";
// rules of iptables-legacy have their number, "FORWARD#3".
func lines(events []Event) string {
	var b strings.Builder
	for i := range events {
		b.WriteString(short(&events[i]))
		b.WriteByte('\n')
	}
	return b.String()
}

func short(e *Event) string {
	var b strings.Builder
	b.WriteString(e.Hook.Name + " " + e.Point.Interface)
	if e.Out != "" {
		b.WriteString(">" + e.Out)
	}
	if len(e.Rules) > 0 {
		b.WriteString(" " + e.Rules[0].Family + " " + e.Rules[0].Table + ":")
	}
	for _, r := range e.Rules {
		b.WriteString(" " + r.Chain)
		if r.Legacy {
			fmt.Fprintf(&b, "#%d", r.Number)
		}
		if r.Kind != trail.RuleMatched {
			b.WriteString(" " + string(r.Kind))
		}
		if r.Kind != trail.RuleReturn && r.Verdict != "" {
			b.WriteString(" " + r.Verdict)
		}
		if r.To != "" {
			b.WriteString(" " + r.To)
		}
		b.WriteString(",")
	}
	return strings.TrimSuffix(b.String(), ",")
}
