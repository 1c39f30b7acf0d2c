package agent

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

// query is a DNS message with a question of its own.
const query = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05known\x04shop\x00\x00\x01\x00\x01"

// gossip sends the secret from a to b in every way that there is.
func gossip(tb testing.TB, from, to string, b4, b6 netip.Addr) {
	tb.Helper()
	for _, b := range []netip.Addr{b4, b6} {
		port := func(p uint16) string { return netip.AddrPortFrom(b, p).String() }
		// A port on which nobody listens: the answer quotes the packet.
		c := labtest.Dial(tb, from, "udp", port(9))
		_, _ = io.WriteString(c, secret)
		l := labtest.ListenPacket(tb, to, "udp", port(5300))
		c = labtest.Dial(tb, from, "udp", port(5300))
		send(tb, c, secret)
		hear(tb, l)
		dnsServer := labtest.ListenPacket(tb, to, "udp", port(53))
		c = labtest.Dial(tb, from, "udp", port(53))
		send(tb, c, query)
		hear(tb, dnsServer)

		web := labtest.Listen(tb, to, "tcp", port(80))
		go func() {
			c, err := web.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			b := make([]byte, 4096)
			_, _ = c.Read(b)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nSet-Cookie: "+secret+"\r\n\r\n"+secret)
		}()
		c = labtest.Dial(tb, from, "tcp", port(80))
		send(tb, c, "GET /"+secret+" HTTP/1.1\r\nAuthorization: "+secret+"\r\n\r\n")
		answer, err := io.ReadAll(c)
		if err != nil || !bytes.Contains(answer, []byte(secret)) {
			tb.Fatalf("%q, %v", answer, err)
		}
		// The data of lab.Ping are its own: an echo with ours, by hand.
		echo(tb, from, b)
	}
}

func send(tb testing.TB, c net.Conn, text string) {
	tb.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		tb.Fatal(err)
	}
}

func hear(tb testing.TB, c net.PacketConn) {
	tb.Helper()
	if _, _, err := c.ReadFrom(make([]byte, 4096)); err != nil {
		tb.Fatal(err)
	}
}

// echo sends an echo request with the secret and awaits its reply.
func echo(tb testing.TB, from string, to netip.Addr) {
	tb.Helper()
	var c net.PacketConn
	network, message := "ip4:icmp", build.Packet(build.ICMPv4{Type: 8, ID: 7}, build.Payload(secret))
	if to.Is6() {
		// The kernel writes the checksum.
		network, message = "ip6:58", append([]byte{128, 0, 0, 0, 0, 7, 0, 0}, secret...)
	}
	err := lab.Do(from, func() (err error) {
		c, err = net.ListenPacket(network, "") //nolint:noctx // in a namespace of ours, at once
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	if _, err := c.WriteTo(message, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		tb.Fatal(err)
	}
	b := make([]byte, 1024)
	for {
		n, _, err := c.ReadFrom(b)
		if err != nil {
			tb.Fatal(err)
		}
		if bytes.HasSuffix(b[:n], []byte(secret)) && (b[0] == 0 || b[0] == 129) {
			return
		}
	}
}

// No byte of what people send leaves the agent but where it was asked for, in
// plain and inside of VXLAN.
func TestNoPayloadLeaves(t *testing.T) {
	l := labtest.Lab(t, lab.Options{Nodes: 2, Pods: 1})
	a, b := l.Pods[0], l.Pods[1]
	for _, keep := range []Keep{KeepHeaders, KeepNames, KeepAll} {
		t.Run("keep "+string(keep), func(t *testing.T) {
			var out bytes.Buffer
			r := begin(t, Capture{Targets: []string{"netns:" + a.Name}, Points: []string{"path"}, Keep: keep}, &out)
			gossip(t, a.Name, b.Name, b.IPv4, b.IPv6)
			r.end(t)
			s := read(t, out.Bytes())
			if len(s.frames) < 100 {
				t.Errorf("only %d frames", len(s.frames))
			}
			if got := leaks(out.Bytes()); got != (keep == KeepAll) {
				t.Errorf("payload in the stream: %v", got)
			}
			names := 0
			for _, f := range s.frames {
				if bytes.Contains(f.Data, []byte(query)) {
					names++
				}
			}
			// At pod, host, bridge, overlay and uplink, over IPv4 and IPv6.
			if want := map[Keep]int{KeepHeaders: 0, KeepNames: 10, KeepAll: 10}[keep]; names != want {
				t.Errorf("%d DNS messages are whole, want %d", names, want)
			}
			if keep != KeepAll {
				shorter(t, s)
			}
		})
	}
}

// shorter checks that frames were cut and still say how long they were.
func shorter(t *testing.T, s *stream) {
	t.Helper()
	cut := 0
	for _, f := range s.frames {
		if len(f.Data) < f.Len {
			cut++
		}
		if len(f.Data) > 160 || len(f.Data) < 42 {
			t.Errorf("%d of %d bytes were kept at %s: %x", len(f.Data), f.Len, s.Point(f.Point).Path(), f.Data)
		}
	}
	if cut < 60 {
		t.Errorf("%d frames were cut", cut)
	}
}

// A VLAN tag that the kernel keeps beside the frame is among the headers.
func TestKeepVLAN(t *testing.T) {
	p := newPair(t)
	var out bytes.Buffer
	r := begin(t, Capture{Targets: []string{"netns:" + p.a, "netns:" + p.b}, Keep: KeepHeaders, Filter: "vlan 7 and udp"}, &out)
	// On the sender's side the tag is in the bytes, on the other in metadata.
	inject(t, p.a, build.Packet(build.Ethernet{Dst: packet.MAC{255, 255, 255, 255, 255, 255}}, build.VLAN{ID: 7}, ip4, udp, data))
	r.end(t)
	s := read(t, out.Bytes())
	if leaks(out.Bytes()) {
		t.Error("payload in the stream")
	}
	if len(s.at(p.a, "eth0")) != 1 || len(s.at(p.b, "eth0")) != 1 {
		t.Errorf("%d frames sent, %d received", len(s.at(p.a, "eth0")), len(s.at(p.b, "eth0")))
	}
	for _, f := range s.frames {
		if len(f.Data) != 46 || f.Len != 46+len(data) {
			t.Errorf("%d of %d bytes %v: %x", len(f.Data), f.Len, f.Dir, f.Data)
		}
	}
}

// inject sends a frame from a namespace's eth0.
func inject(tb testing.TB, from string, frame []byte) {
	tb.Helper()
	err := lab.Do(from, func() error {
		dev, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: dev.Index, Halen: 6})
	})
	if err != nil {
		tb.Fatal(err)
	}
}
