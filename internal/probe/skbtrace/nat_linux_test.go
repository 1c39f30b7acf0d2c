//go:build !pktrail_lite

package skbtrace

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// A packet is followed through NAT, its answer by the flow that was learned,
// and both know of the connection.
func TestNAT(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	run(t, middle, "nft", "table ip x { chain c { type nat hook prerouting priority -100; udp dport 8080 dnat to 10.2.0.2:53; }; chain s { type nat hook postrouting priority 100; masquerade; }; }")
	c := labtest.ListenPacket(t, server, "udp4", ":53")
	go func() {
		for b := make([]byte, 100); ; {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = c.WriteTo(b[:n], from)
		}
	}()
	labtest.Ping(t, client, netip.MustParseAddr("10.1.0.1"))
	tr := open(t, Options{Filter: compile(t, "host 10.1.0.2 and udp port 8080"), Netns: inodes(t, client, middle, server), Limit: 2})
	conn := labtest.Dial(t, client, "udp4", "10.1.0.1:8080")
	for range 3 { // the third is beyond the limit: answers count too
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	events := drain(t, tr)
	showOnFailure(t, events)
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	var got []string
	for _, e := range events {
		if e.Stage == trail.StageQueue || e.Stage == trail.StageReceive {
			f, _ := flowOf(&e)
			got = append(got, strings.ReplaceAll(fmt.Sprintf("%d %s %s %s learned %v", e.Flight&0xff, e.Stage, e.Device, f, e.Learned), fmt.Sprint(local.Port()), "P"))
		}
	}
	last := pick(events, func(e *Event) bool { return e.Stage == trail.StageReceive && e.Netns == netnsOf(t, client) })
	if len(last) != 1 {
		t.Fatalf("%d answers arrived: %v", len(last), got)
	}
	for _, e := range events {
		if e.Flight != events[0].Flight && e.Flight != last[0].Flight && e.Flight != 0 {
			t.Errorf("a third flight: %d", e.Flight)
		}
	}
	right := pick(events, func(e *Event) bool { return e.Stage == trail.StageQueue && e.Device == "right" })
	if len(right) != 1 || !right[0].Learned || right[0].Conntrack == nil {
		t.Fatalf("behind NAT: %+v", right)
	}
	ct := right[0].Conntrack
	want := packet.Flow{Proto: packet.ProtoUDP, Src: local.Addr(), SrcPort: local.Port(), Dst: netip.MustParseAddr("10.1.0.1"), DstPort: 8080}
	if ct.State != "new" || ct.Reply || ct.Original != want || ct.Answer.Src != netip.MustParseAddr("10.2.0.2") || ct.Answer.SrcPort != 53 || ct.Answer.Dst != netip.MustParseAddr("10.2.0.1") {
		t.Errorf("conntrack %+v", ct)
	}
	back := pick(events, func(e *Event) bool { return e.Stage == trail.StageQueue && e.Device == "left" })
	if len(back) != 1 || back[0].Flight != last[0].Flight || back[0].Learned || back[0].Conntrack == nil || !back[0].Conntrack.Reply || back[0].Conntrack.State != "established" {
		t.Errorf("answer %+v", back)
	}
	if first := pick(events, func(e *Event) bool { return e.Flight == last[0].Flight && e.Start }); len(first) != 1 || !first[0].Learned || first[0].Netns != netnsOf(t, server) {
		t.Errorf("the answer starts with %+v", first)
	}
}

// Follow and SetLimit change what is followed while it runs.
func TestFollow(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	labtest.Ping(t, client, netip.MustParseAddr("10.2.0.2"))
	tr := open(t, Options{Filter: compile(t, "udp port 1"), Netns: inodes(t, client, middle, server), Limit: 1})
	labtest.ListenPacket(t, server, "udp", ":9")
	for _, dst := range []string{"10.2.0.2:9", "[fd02::2]:9"} {
		c := labtest.Dial(t, client, "udp", dst)
		local, peer := c.LocalAddr().(*net.UDPAddr).AddrPort(), netip.MustParseAddrPort(dst)
		_, _ = c.Write([]byte("nobody sees this"))
		if err := tr.Follow(packet.Flow{Proto: packet.ProtoUDP, Src: peer.Addr(), Dst: local.Addr(), SrcPort: peer.Port(), DstPort: local.Port()}); err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("this is seen"))
		_, _ = c.Write([]byte("beyond the limit"))
		if err := tr.SetLimit(2); err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("again"))
	}
	if err := tr.Follow(packet.Flow{}); err == nil {
		t.Error("followed a flow without addresses")
	}
	events := drain(t, tr)
	showOnFailure(t, events)
	var payloads []string
	for _, e := range events {
		if e.Start && e.Netns == netnsOf(t, client) {
			var p packet.Packet
			p.DecodeLen(e.Link, e.Data, e.Len)
			payloads = append(payloads, string(p.Rest()))
		}
	}
	if got := fmt.Sprint(payloads); got != "[this is seen again this is seen again]" {
		t.Errorf("followed %s", got)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if err := tr.Follow(packet.Flow{Src: netip.MustParseAddr("::1"), Dst: netip.MustParseAddr("::1")}); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}
