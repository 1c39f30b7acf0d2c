//go:build !pktrail_lite

package skbtrace

import (
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func compile(tb testing.TB, s string) filter.Program {
	tb.Helper()
	e, err := filter.Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := e.Compile(filter.Options{Link: filter.Raw, Inner: true})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// open opens a tracer that ends with the test, with brackets in the named
// namespaces.
func open(tb testing.TB, o Options, namespaces ...string) *Tracer {
	tb.Helper()
	labtest.RequireRoot(tb)
	tr, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = tr.Close() })
	for _, b := range tr.Blind() {
		if b != noICMPv6() {
			tb.Errorf("blind: %s: %s", b.What, b.Why)
		}
	}
	for _, name := range namespaces {
		ns, err := os.Open("/run/netns/" + name)
		if err != nil {
			tb.Fatal(err)
		}
		if err := tr.Netfilter(ns); err != nil {
			tb.Fatal(err)
		}
		_ = ns.Close()
	}
	return tr
}

// drain stops the tracer and returns what it has seen.
func drain(tb testing.TB, tr *Tracer) []Event {
	tb.Helper()
	tr.Stop()
	var all []Event
	for {
		var e Event
		err := tr.Read(&e)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			tb.Fatal(err)
		}
		e.Data = slices.Clone(e.Data)
		all = append(all, e)
	}
}

// show prints events, brackets left out, where a test failed.
func show(tb testing.TB, events []Event) {
	tb.Helper()
	for _, e := range events {
		if e.Stage == trail.StageHook {
			continue
		}
		f, _ := flowOf(&e)
		what, _ := json.Marshal([]any{e.Route, e.Drop, e.Refusal, e.Socket, e.Neighbour, e.Conntrack})
		tb.Logf("%d %s %s@%d start %v learned %v: %s %s", e.Flight, e.Stage, e.Device, e.Netns, e.Start, e.Learned, f, what)
	}
}

func showOnFailure(tb testing.TB, events []Event) {
	tb.Helper()
	tb.Cleanup(func() {
		if tb.Failed() {
			show(tb, events)
		}
	})
}

func flowOf(e *Event) (packet.Flow, bool) {
	var p packet.Packet
	p.DecodeLen(e.Link, e.Data, e.Len)
	return p.Flow()
}

// stages returns those of one flight, "receive eth0@4026532453", in order.
func pick(events []Event, want func(*Event) bool) []Event {
	var out []Event
	for i := range events {
		if want(&events[i]) {
			out = append(out, events[i])
		}
	}
	return out
}

func ofStage(events []Event, s trail.Stage) []Event {
	return pick(events, func(e *Event) bool { return e.Stage == s })
}

// run runs a program in a namespace.
func run(tb testing.TB, namespace string, argv ...string) {
	tb.Helper()
	argv = append([]string{"netns", "exec", namespace}, argv...)
	if out, err := exec.CommandContext(tb.Context(), labtest.RequireTool(tb, "ip"), argv...).CombinedOutput(); err != nil {
		tb.Fatalf("%v: %v: %s", argv, err, out)
	}
}

func prefixes(tb testing.TB, s ...string) []netip.Prefix {
	tb.Helper()
	var out []netip.Prefix
	for _, p := range s {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// router makes client - router - server with a veth pair each, both versions
// of IP: 10.1.0.2 and fd01::2 - 10.1.0.1, 10.2.0.1 - 10.2.0.2 and fd02::2.
func router(tb testing.TB) (client, middle, server string) {
	tb.Helper()
	client, middle, server = labtest.Namespace(tb), labtest.Namespace(tb), labtest.Namespace(tb)
	labtest.VethPair(tb, labtest.VethEnd{Namespace: client, Device: "eth0", Addresses: prefixes(tb, "10.1.0.2/24", "fd01::2/64")},
		labtest.VethEnd{Namespace: middle, Device: "left", Addresses: prefixes(tb, "10.1.0.1/24", "fd01::1/64")})
	labtest.VethPair(tb, labtest.VethEnd{Namespace: middle, Device: "right", Addresses: prefixes(tb, "10.2.0.1/24", "fd02::1/64")},
		labtest.VethEnd{Namespace: server, Device: "eth0", Addresses: prefixes(tb, "10.2.0.2/24", "fd02::2/64")})
	run(tb, client, "ip", "route", "add", "default", "via", "10.1.0.1")
	run(tb, client, "ip", "route", "add", "default", "via", "fd01::1")
	run(tb, server, "ip", "route", "add", "default", "via", "10.2.0.1")
	run(tb, server, "ip", "route", "add", "default", "via", "fd02::1")
	run(tb, middle, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
	return client, middle, server
}
