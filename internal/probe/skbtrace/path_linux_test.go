//go:build !pktrail_lite

package skbtrace

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// A ping between two nodes is one flight from the pod's eth0 to the other
// pod's eth0, through bridge, VXLAN and underlay.
func TestPing(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{})
	from, to := l.Pods[0], l.Pods[2]
	labtest.Ping(t, from.Name, to.IPv4)
	run(t, l.Nodes[0].Name, "nft", "table ip a { chain r { type filter hook prerouting priority -300; }; chain d { type nat hook prerouting priority -100; }; }; table inet b { chain f { type filter hook forward priority 0; }; }")
	labtest.RequireTool(t, "iptables-legacy")
	run(t, l.Nodes[1].Name, "iptables-legacy", "-t", "mangle", "-A", "FORWARD", "-j", "ACCEPT")
	run(t, from.Name, "nft", "table ip a { chain o { type filter hook output priority 0; }; }")
	tr := open(t, Options{Filter: compile(t, "icmp and host "+to.IPv4.String()), Full: true, Netns: inodes(t, l.Namespaces()...)}, l.Namespaces()...)
	before := time.Now()
	labtest.Ping(t, from.Name, to.IPv4)
	after := time.Now()
	events := drain(t, tr)
	showOnFailure(t, events)

	request := pick(events, func(e *Event) bool { return e.Flight == events[0].Flight && e.Flight != 0 })
	var got []string
	for _, e := range request {
		if e.Time < before.UnixNano() || e.Time > after.UnixNano() {
			t.Errorf("time %v is not between %v and %v", e.Time, before.UnixNano(), after.UnixNano())
		}
		switch e.Stage {
		case trail.StageReceive, trail.StageQueue:
			got = append(got, fmt.Sprintf("%s %s@%d", e.Stage, e.Device, e.Netns))
			if f, ok := flowOf(&e); !ok || f.Src != from.IPv4 || f.Dst != to.IPv4 || f.Proto != packet.ProtoICMP || f.ID == 0 {
				t.Errorf("flow %v, %v", f, ok)
			}
			if e.Link != packet.LinkEthernet || e.Len != len(e.Data) || int(e.Point.Netns) != int(e.Netns) {
				t.Errorf("link %d, length %d of %d, %+v", e.Link, len(e.Data), e.Len, e.Point)
			}
		}
	}
	checkWay(t, got, l)
	checkRoutes(t, request, uint32(l.Nodes[0].Netns), uint32(l.Nodes[1].Netns))
	checkHooks(t, request, l)
	sent := ofStage(request, trail.StageTransmit)
	if len(sent) != 6 || sent[0].Transmit.Code != 0 {
		t.Errorf("%d transmissions, want 6", len(sent))
	}
	delivered := ofStage(events, trail.StageDeliver) // the reply
	if len(delivered) != 1 || delivered[0].Socket.Process != "skbtrace.test" || delivered[0].Netns != uint32(from.Netns) {
		t.Errorf("delivered %+v", delivered)
	}
	checkStats(t, tr, len(events))
}

// checkWay wants all devices between the two pods.
func checkWay(t *testing.T, got []string, l *lab.Lab) {
	t.Helper()
	from, to, names := l.Pods[0], l.Pods[2], l.Nodes
	n1, n2, out := uint32(names[0].Netns), uint32(names[1].Netns), uint32(l.Outside.Netns)
	want := []string{
		fmt.Sprintf("queue eth0@%d", from.Netns), fmt.Sprintf("receive %s@%d", from.HostDevice, n1), fmt.Sprintf("receive cni0@%d", n1),
		fmt.Sprintf("queue flannel.1@%d", n1), fmt.Sprintf("queue eth0@%d", n1), fmt.Sprintf("receive node1@%d", out), fmt.Sprintf("queue node2@%d", out),
		fmt.Sprintf("receive eth0@%d", n2), fmt.Sprintf("receive flannel.1@%d", n2), fmt.Sprintf("queue cni0@%d", n2),
		fmt.Sprintf("queue %s@%d", to.HostDevice, n2), fmt.Sprintf("receive eth0@%d", to.Netns),
	}
	if !slices.Equal(got, want) {
		t.Errorf("way\n%v, want\n%v", got, want)
	}
}

// checkHooks wants brackets around the chains that TestPing made.
func checkHooks(t *testing.T, request []Event, l *lab.Lab) {
	t.Helper()
	from, names := l.Pods[0], l.Nodes
	var hooks []string
	for _, e := range ofStage(request, trail.StageHook) {
		hooks = append(hooks, fmt.Sprintf("%s %d@%d", e.Hook.Name, e.Hook.Priority, e.Netns))
	}
	var around []string
	for _, h := range []struct {
		netns      uint64
		hook       string
		priorities []int
	}{
		{from.Netns, "OUTPUT", []int{-1, 1}},
		{names[0].Netns, "PREROUTING", []int{-301, -101, -99}},
		{names[0].Netns, "FORWARD", []int{-1, 1}},
		{names[1].Netns, "PREROUTING", []int{-151, -149}},
		{names[1].Netns, "INPUT", []int{-151, -149}},
		{names[1].Netns, "PREROUTING", []int{-151, -149}},
		{names[1].Netns, "FORWARD", []int{-151, -149}},
		{names[1].Netns, "POSTROUTING", []int{-151, -149}},
	} {
		for _, p := range h.priorities {
			around = append(around, fmt.Sprintf("%s %d@%d", h.hook, p, h.netns))
		}
	}
	if !slices.Equal(hooks, around) {
		t.Errorf("hooks\n%v, want\n%v", hooks, around)
	}
}

// checkRoutes wants the lookup of each node, by the packet's own addresses.
func checkRoutes(t *testing.T, request []Event, nodes ...uint32) {
	t.Helper()
	for _, n := range nodes {
		ok := slices.ContainsFunc(request, func(e Event) bool {
			return e.Stage == trail.StageRoute && e.Netns == n && e.Related && !e.Route.ReversePath && e.Route.Err == 0 && e.Route.Device != "" && e.Route.In != ""
		})
		if !ok {
			t.Errorf("no routing lookup of node %d", n)
		}
	}
}

func checkStats(t *testing.T, tr *Tracer, events int) {
	t.Helper()
	s, err := tr.Stats()
	if err != nil || s.Lost != 0 || s.Events != uint64(events) || s.Flights < 1 || s.Evicted != 0 {
		t.Errorf("stats %+v, %v, want %d events", s, err, events)
	}
}

// A TCP conversation: each segment is a flight, the process that reads is
// named, conntrack is not there.
func TestTCP(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{})
	from, to := l.Pods[0], l.Pods[2]
	labtest.Ping(t, from.Name, to.IPv4)
	listener := labtest.Listen(t, to.Name, "tcp4", ":80")
	served := make(chan error, 1)
	go func() {
		c, err := listener.Accept()
		if err == nil {
			_, err = c.Read(make([]byte, 100))
			_ = c.Close()
		}
		served <- err
	}()
	tr := open(t, Options{Filter: compile(t, "tcp port 80"), Netns: inodes(t, l.Namespaces()...), Watch: []netip.Addr{from.IPv4, to.IPv4}})
	c := labtest.Dial(t, from.Name, "tcp4", to.IPv4.String()+":80")
	if _, err := c.Write([]byte("hello, what is this")); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	events := drain(t, tr)
	showOnFailure(t, events)
	first := ofStage(events, trail.StageQueue)[0]
	var p packet.Packet
	p.DecodeLen(first.Link, first.Data, first.Len)
	if f, _ := p.Flow(); first.Netns != uint32(from.Netns) || f.DstPort != 80 {
		t.Errorf("first is %+v, %v", first, f)
	}
	// Before there was a packet the sender asked for a route.
	if e := events[0]; e.Stage != trail.StageRoute || e.Flight != 0 || e.Netns != uint32(from.Netns) || e.Route.Dst != to.IPv4 || e.Route.Device != "eth0" {
		t.Errorf("starts with %+v %+v", e, e.Route)
	}
	syn := pick(events, func(e *Event) bool { return e.Flight == first.Flight })
	if last := ofStage(syn, trail.StageReceive); len(last) != 6 || last[5].Netns != uint32(to.Netns) {
		t.Errorf("SYN was received %d times", len(last))
	}
	checkDelivered(t, ofStage(events, trail.StageDeliver), uint32(to.Netns))
}

// checkDelivered wants that the listener had the end of the handshake, and its
// connection the data, which the process read.
func checkDelivered(t *testing.T, d []Event, server uint32) {
	t.Helper()
	at := pick(d, func(e *Event) bool { return e.Netns == server })
	if len(at) != 3 {
		t.Fatalf("delivered %+v", at)
	}
	if s := at[0].Socket; s.State != "LISTEN" || s.Local.Port() != 80 || s.Basis != trail.Observed || len(at[0].Data) != 52 {
		t.Errorf("end of the handshake: %+v", s)
	}
	if s := at[1].Socket; s.State != "ESTABLISHED" || s.Local.Port() != 80 || at[1].Flight == at[0].Flight || at[1].Len != 52+19 {
		t.Errorf("data: %+v", s)
	}
	if s := at[2].Socket; s.Process != "skbtrace.test" || s.PID == 0 || at[2].Flight != at[1].Flight {
		t.Errorf("read: %+v", s)
	}
}

// Each datagram is delivered to its socket once.
func TestUDPDelivered(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	tr := open(t, Options{Filter: compile(t, "udp and port 53 or port 54"), Netns: inodes(t, client, middle, server)})
	for _, c := range []struct{ network, to string }{{"udp4", "10.2.0.2:53"}, {"udp6", "[fd02::2]:53"}, {"udp6", "[fd02::2]:54"}} {
		takes := labtest.ListenPacket(t, server, c.network, c.to)
		conn := labtest.Dial(t, client, c.network, c.to)
		for i := range 5 {
			if _, err := conn.Write([]byte{byte(i), 1, 2, 3, 4}); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			if _, _, err := takes.ReadFrom(make([]byte, 10)); err != nil {
				t.Fatal(err)
			}
		}
	}
	events := drain(t, tr)
	showOnFailure(t, events)
	flights := map[uint64]int{}
	for _, e := range pick(ofStage(events, trail.StageDeliver), func(e *Event) bool { return e.Socket.Process == "" }) {
		f, _ := flowOf(&e)
		if e.Socket.Local != netip.AddrPortFrom(f.Dst, f.DstPort) || e.Socket.State != "" || e.Dir != trail.In {
			t.Errorf("%s delivered to %+v", f, e.Socket)
		}
		flights[e.Flight]++
	}
	if len(flights) != 15 {
		t.Errorf("%d datagrams delivered, want 15", len(flights))
	}
	for n, times := range flights {
		if times != 1 {
			t.Errorf("flight %d was delivered %d times", n, times)
		}
	}
}
