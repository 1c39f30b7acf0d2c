package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestCapture(t *testing.T) {
	p := newPair(t)
	s, r := capture(t, Capture{Targets: []string{"netns:" + p.a}, Filter: "icmp", SnapLen: 60}, func() { p.ping(t, 3) })
	if len(s.frames) != 6 || len(s.at(p.a, "eth0")) != 6 {
		t.Errorf("%d frames, want 3 requests and 3 replies", len(s.frames))
	}
	for i, f := range s.frames {
		if want := []trail.Direction{trail.Out, trail.In}[i%2]; f.Dir != want || len(f.Data) != 60 || f.Len != 98 {
			t.Errorf("frame %d: %v, %d of %d bytes", i, f.Dir, len(f.Data), f.Len)
		}
	}
	if s.reason() != errEnough.Error() || s.Header().Application != "pktrail" || s.Header().OS == "" {
		t.Errorf("ended by %q, made by %+v", s.reason(), s.Header())
	}
	if got := r.points(); len(got) != 1 || got[0].Interface != "any" || got[0].Target != p.a || got[0].Role != trail.RolePod {
		t.Errorf("armed at %+v", got)
	}
	if got := r.of(KindEnded); len(got) != 1 || got[0] != errEnough.Error() || len(r.of(KindError)) != 0 {
		t.Errorf("ended with %q", got)
	}
}

func TestLimits(t *testing.T) {
	p := newPair(t)
	for reason, c := range map[string]struct {
		limits Limits
		frames int
	}{
		EndPackets:  {Limits{Packets: 3}, 3},
		EndBytes:    {Limits{Bytes: 400}, 5}, // of 98 bytes
		EndDuration: {Limits{Duration: 300 * time.Millisecond}, 6},
	} {
		t.Run(reason, func(t *testing.T) {
			var out bytes.Buffer
			r := begin(t, Capture{Targets: []string{"netns:" + p.a}, Filter: "icmp", Limits: c.limits}, &out)
			began := time.Now()
			p.ping(t, 3)
			if err := r.wait(t); err != nil {
				t.Fatal(err)
			}
			s := read(t, out.Bytes())
			if len(s.frames) != c.frames || s.reason() != reason {
				t.Errorf("%d frames, ended by %q", len(s.frames), s.reason())
			}
			if d := time.Since(began); c.limits.Duration > 0 && (d < c.limits.Duration-50*time.Millisecond || d > 5*time.Second) {
				t.Errorf("a limit of %v took %v", c.limits.Duration, d)
			}
		})
	}
}

// The limit of bytes holds for each target, that of packets for all.
func TestLimitsOfTwoTargets(t *testing.T) {
	p := newPair(t)
	var out bytes.Buffer
	r := begin(t, Capture{
		Targets: []string{"netns:" + p.a, "netns:" + p.b}, Filter: "icmp", Limits: Limits{Bytes: 98 * 6},
	}, &out)
	p.ping(t, 2) // 4 packets at each
	p.ping(t, 2)
	if err := r.wait(t); err != nil {
		t.Fatal(err)
	}
	s := read(t, out.Bytes())
	a, b := len(s.at(p.a, "eth0")), len(s.at(p.b, "eth0"))
	if max(a, b) != 6 || min(a, b) < 5 || s.reason() != EndBytes {
		t.Errorf("%d and %d packets, ended by %q", a, b, s.reason())
	}
}

// A context that is done before the capture is armed ends it, without a
// stream or with a whole one.
func TestCancelledAtAnyMoment(t *testing.T) {
	p := newPair(t)
	q := Request{Version: Version, Capture: &Capture{Targets: []string{"netns:" + p.a, "netns:" + p.b}, Points: []string{"path"}}}
	for i := range 12 {
		ctx, cancel := context.WithCancelCause(t.Context())
		after := time.Duration(i*i) * 300 * time.Microsecond
		timer := time.AfterFunc(after, func() { cancel(errEnough) })
		if i == 0 {
			cancel(errEnough)
		}
		var out bytes.Buffer
		k := newTalk()
		err := Run(ctx, q, &out, k.hear)
		timer.Stop()
		switch {
		case err != nil && (!errors.Is(err, context.Canceled) || out.Len() > 0 || len(k.of(KindArmed)) > 0):
			t.Errorf("after %v: %v, %d bytes, %+v", after, err, out.Len(), k.all)
		case err == nil:
			if s := read(t, out.Bytes()); s.reason() != errEnough.Error() {
				t.Errorf("after %v: ended by %q", after, s.reason())
			}
		}
	}
}

// What was under way before all sockets listened is left out, and so is what
// comes after the end.
func TestOnlyWhileArmed(t *testing.T) {
	p := newPair(t)
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	var out bytes.Buffer
	var from, until time.Time
	done := make(chan error, 1)
	flood, quiet := context.WithCancel(t.Context())
	pinged := make(chan struct{})
	go func() {
		defer close(pinged)
		for flood.Err() == nil {
			_, _ = lab.Ping(flood, p.a, addrB, lab.PingOptions{Count: 50}) // as many as there is time for
		}
	}()
	armed := make(chan struct{})
	go func() {
		done <- Run(ctx, Request{Version: Version, Capture: &Capture{
			Targets: []string{"netns:" + p.a, "netns:" + p.b}, Filter: "icmp",
		}}, &out, func(m Message) {
			if m.Kind == KindArmed {
				from = time.Now()
				close(armed)
			}
		})
	}()
	<-armed
	time.Sleep(50 * time.Millisecond) // for packets to pass
	until = time.Now()
	stop(errEnough)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	quiet()
	<-pinged
	s := read(t, out.Bytes())
	if len(s.frames) < 20 {
		t.Fatalf("%d frames", len(s.frames))
	}
	for _, f := range s.frames {
		if at := time.Unix(0, f.Time); at.Before(from.Add(-time.Millisecond)) || at.After(until.Add(20*time.Millisecond)) {
			t.Errorf("a frame %v after the start, %v after the end", at.Sub(from), at.Sub(until))
		}
	}
	// Both ends saw the same packets, but for those on the wire at either edge.
	a, b := len(s.at(p.a, "eth0")), len(s.at(p.b, "eth0"))
	if a-b > 2 || b-a > 2 {
		t.Errorf("%d packets at one end of the wire, %d at the other", a, b)
	}
}

// Points that targets share are opened once.
func TestSharedPoints(t *testing.T) {
	l := labtest.Lab(t, lab.Options{Nodes: 2, Pods: 2})
	targets := []string{"netns:" + l.Pods[0].Name, "netns:" + l.Pods[1].Name}
	s, r := capture(t, Capture{Targets: targets, Points: []string{"path"}, Filter: "icmp"}, func() {
		labtest.Ping(t, l.Pods[0].Name, l.Pods[2].IPv4)
	})
	seen := map[string]bool{}
	for _, p := range r.points() {
		if seen[p.Path()] {
			t.Errorf("%s is there twice", p.Path())
		}
		seen[p.Path()] = true
	}
	// Two pods with a host end each, and one bridge, overlay and uplink.
	if len(seen) != 7 || len(s.Points()) != 7 {
		t.Errorf("%d points armed, %d in the stream: %v", len(seen), len(s.Points()), seen)
	}
	times := map[string]int{}
	for _, f := range s.frames {
		times[fmt.Sprint(s.Point(f.Point).Path(), f.Dir)]++
	}
	for where, n := range times {
		if n != 1 {
			t.Errorf("%d packets at %s", n, where)
		}
	}
	if len(times) != 10 { // request and reply at pod, host, bridge, overlay, uplink
		t.Errorf("seen at %v", times)
	}
}

// One namespace under two names is captured once, and said to be.
func TestOneNamespaceTwoNames(t *testing.T) {
	p := newPair(t)
	for _, q := range []Capture{
		{Targets: []string{"netns:" + p.a, "netns:/run/netns/" + p.a}},
		{Targets: []string{"netns:" + p.a, "netns:/run/netns/" + p.a}, Interfaces: []string{"eth0"}},
		{Targets: []string{"netns:" + p.a}, Interfaces: []string{"eth0", "any", "eth0"}},
		{Targets: []string{"netns:" + p.a}, Interfaces: []string{"any", "lo"}},
	} {
		q.Filter = "icmp"
		s, r := capture(t, q, func() { p.ping(t, 1) })
		if len(s.frames) != 2 || len(r.points()) != 1 {
			t.Errorf("%v %v: %d frames at %d places", q.Targets, q.Interfaces, len(s.frames), len(r.points()))
		}
		said := strings.Contains(strings.Join(r.of(KindNote), "\n"), "captured once")
		if said != (len(q.Targets) > 1) {
			t.Errorf("%v: notes %q", q.Targets, r.of(KindNote))
		}
	}
}

// A namespace with nothing but a loopback is a target, not a node.
func TestLoopbackOnly(t *testing.T) {
	ns := labtest.Namespace(t)
	s, _ := capture(t, Capture{Targets: []string{"netns:" + ns}}, func() {
		labtest.Ping(t, ns, netip.MustParseAddr("127.0.0.1"))
	})
	if len(s.at(ns, "lo")) != 2 {
		t.Errorf("%d frames of %d on lo", len(s.at(ns, "lo")), len(s.frames))
	}
}

// A namespace that plays a node is captured at its uplink, unless all is
// asked for; its own path has no pod.
func TestNode(t *testing.T) {
	l := labtest.Lab(t, lab.Options{Nodes: 2, Pods: 1})
	target := []string{"netns:" + l.Nodes[0].Name}
	for _, c := range []struct {
		q    Capture
		want []string
	}{
		{Capture{}, []string{"uplink eth0"}},
		{Capture{Interfaces: []string{"any"}}, []string{" any"}},
		{Capture{Interfaces: []string{"cni0", "eth0"}}, []string{" cni0", " eth0"}},
		{Capture{Points: []string{"overlay", "eth0"}}, []string{"overlay flannel.1", "uplink eth0"}},
	} {
		c.q.Targets, c.q.Filter = target, "icmp or udp"
		s, r := capture(t, c.q, func() { labtest.Ping(t, l.Pods[0].Name, l.Pods[1].IPv4) })
		var got []string
		for _, p := range r.points() {
			got = append(got, string(p.Role)+" "+p.Interface)
			if p.Owner() != l.Nodes[0].Name {
				t.Errorf("%s belongs to %q", p.Path(), p.Owner())
			}
		}
		if strings.Join(got, ", ") != strings.Join(c.want, ", ") {
			t.Errorf("%v %v: armed at %q", c.q.Interfaces, c.q.Points, got)
		}
		if len(s.frames) == 0 {
			t.Errorf("%v %v: no frames", c.q.Interfaces, c.q.Points)
		}
	}
}

// What does not exist is an error with the names that do, and nothing is left
// open.
func TestMissing(t *testing.T) {
	p := newPair(t)
	before := descriptors()
	for want, q := range map[string]Capture{
		"no interface \"eth7\"": {Targets: []string{"netns:" + p.a}, Interfaces: []string{"eth7"}},
		"no point \"bridge\"":   {Targets: []string{"netns:" + p.a}, Points: []string{"pod", "bridge"}},
		"nothere":               {Targets: []string{"netns:" + p.a, "netns:nothere"}},
		"interface nothere":     {Targets: []string{"if:nothere"}},
		"filter":                {Targets: []string{"netns:" + p.a}, Filter: "host nothere..example"},
	} {
		var out bytes.Buffer
		k := newTalk()
		err := Run(t.Context(), Request{Version: Version, Capture: &q}, &out, k.hear)
		if err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 || len(k.of(KindArmed)) > 0 {
			t.Errorf("want %q: %v, %d bytes", want, err, out.Len())
			continue
		}
		h, ok := errors.AsType[interface {
			error
			Hint() string
		}](err)
		if want != "filter" && (!ok || h.Hint() == "") {
			t.Errorf("%v: no hint", err)
		}
	}
	if after := descriptors(); len(after) != len(before) {
		t.Errorf("open before: %v, after: %v", before, after)
	}
}

// An interface that comes during the capture gets a point of its own.
func TestInterfaceAdded(t *testing.T) {
	p := newPair(t)
	s, r := capture(t, Capture{Targets: []string{"netns:" + p.a}, Filter: "udp port 99"}, func() {
		labtest.VethPair(t,
			labtest.VethEnd{Namespace: p.a, Device: "late0", Addresses: []netip.Prefix{netip.MustParsePrefix("10.8.0.1/24")}},
			labtest.VethEnd{Namespace: p.b, Device: "late1", Addresses: []netip.Prefix{netip.MustParsePrefix("10.8.0.2/24")}})
		labtest.ListenPacket(t, p.b, "udp", "10.8.0.2:99")
		c := labtest.Dial(t, p.a, "udp", "10.8.0.2:99")
		if _, err := io.WriteString(c, "late"); err != nil {
			t.Fatal(err)
		}
	})
	if got := s.at(p.a, "late0"); len(got) != 1 || len(s.frames) != 1 {
		t.Errorf("%d frames on late0, %d in all, points %+v", len(got), len(s.frames), s.Points())
	}
	if notes := strings.Join(r.of(KindNote), "\n"); !strings.Contains(notes, "interface late0 was added") {
		t.Errorf("notes %q", notes)
	}
}

// The end of a namespace ends its capture, with the reason.
func TestNamespaceDeleted(t *testing.T) {
	ns := "ns-" + labtest.Name()
	labtest.RequireRoot(t)
	if err := lab.AddNamespace(ns); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r := begin(t, Capture{Targets: []string{"netns:/run/netns/" + ns}}, &out)
	labtest.Ping(t, ns, netip.MustParseAddr("127.0.0.1"))
	if err := lab.DeleteNamespace(ns); err != nil {
		t.Fatal(err)
	}
	if err := r.wait(t); err != nil {
		t.Fatal(err)
	}
	s := read(t, out.Bytes())
	if want := "network namespace " + ns + " was deleted"; s.reason() != want || len(s.frames) != 2 {
		t.Errorf("ended by %q with %d frames", s.reason(), len(s.frames))
	}
}

// One of two targets goes: the other is captured on.
func TestOneOfTwoDeleted(t *testing.T) {
	p := newPair(t)
	ns := "ns-" + labtest.Name()
	if err := lab.AddNamespace(ns); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r := begin(t, Capture{Targets: []string{"netns:/run/netns/" + ns, "netns:" + p.a}, Filter: "icmp"}, &out)
	if err := lab.DeleteNamespace(ns); err != nil {
		t.Fatal(err)
	}
	labtest.Wait(t, 5*time.Second, "the word that it has gone", func() bool {
		return strings.Contains(strings.Join(r.of(KindNote), "\n"), "was deleted")
	})
	p.ping(t, 1)
	r.end(t)
	s := read(t, out.Bytes())
	if len(s.at(p.a, "eth0")) != 2 || s.reason() != errEnough.Error() {
		t.Errorf("%d frames, ended by %q", len(s.frames), s.reason())
	}
}

// An interface of this machine, by its name: that one alone, in its role
// where its path was asked for.
func TestInterfaceTarget(t *testing.T) {
	labtest.RequireRoot(t)
	l, err := net.ListenPacket("udp4", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.LocalAddr().String())
	for _, points := range [][]string{nil, {"path"}, {"lo"}} {
		s, r := capture(t, Capture{Targets: []string{"if:lo"}, Points: points, Filter: "udp port " + port}, func() {
			if _, err := l.WriteTo([]byte("hello"), l.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		})
		if p := r.points(); len(s.frames) != 1 || len(p) != 1 || p[0].Interface != "lo" || p[0].Target != "" {
			t.Errorf("points %v: %d frames at %+v", points, len(s.frames), p)
		}
	}
}

// An interface may be called as a role is: it is meant too.
func TestInterfaceNamedAsRole(t *testing.T) {
	a, b := labtest.Namespace(t), labtest.Namespace(t)
	addr := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	labtest.VethPair(t,
		labtest.VethEnd{Namespace: a, Device: "bridge", Addresses: addr("10.7.0.1/24")},
		labtest.VethEnd{Namespace: b, Device: "pod", Addresses: addr("10.7.0.2/24")})
	for want, iface := range map[string]string{"bridge": "bridge", "pod": "bridge"} {
		s, r := capture(t, Capture{Targets: []string{"netns:" + a}, Points: []string{want}, Filter: "icmp"}, func() {
			labtest.Ping(t, a, addrB)
		})
		var names []string
		for _, p := range r.points() {
			names = append(names, p.Interface)
		}
		if len(s.at(a, iface)) != 2 || names[0] != iface {
			t.Errorf("%s: %d frames at %v", want, len(s.frames), names)
		}
	}
}
