package labtest_test

import (
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// Two namespaces and a veth pair: the smallest network there is.
func TestVethPair(t *testing.T) {
	t.Parallel()
	a, b := labtest.Namespace(t), labtest.Namespace(t)
	labtest.VethPair(t,
		labtest.VethEnd{Namespace: a, Device: "eth0", Addresses: prefixes("10.0.0.1/24", "fd00::1/64")},
		labtest.VethEnd{Namespace: b, Device: "eth0", Addresses: prefixes("10.0.0.2/24", "fd00::2/64")})
	if r := labtest.Ping(t, a, netip.MustParseAddr("10.0.0.2")); r.RTT <= 0 {
		t.Errorf("%+v", r)
	}
	labtest.Ping(t, b, netip.MustParseAddr("fd00::1"))
	labtest.Ping(t, a, netip.MustParseAddr("127.0.0.1"))
}

func prefixes(s ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range s {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

// TCP and UDP between two pods, both listening on the same port as nobody
// else can see it.
func TestListenAndDial(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{})
	server := l.Pods[3]
	tcp := labtest.Listen(t, server.Name, "tcp", ":8080")
	labtest.Listen(t, l.Pods[2].Name, "tcp", ":8080")
	udp := labtest.ListenPacket(t, server.Name, "udp", ":8080")
	go func() {
		c, err := tcp.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(c, c) //nolint:errcheck // the client's view decides
	}()
	for _, ip := range []netip.Addr{server.IPv4, server.IPv6} {
		c := labtest.Dial(t, l.Pods[0].Name, "udp", netip.AddrPortFrom(ip, 8080).String())
		if _, err := c.Write([]byte("datagram")); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		if err := udp.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, from, err := udp.ReadFrom(b)
		if err != nil || string(b[:n]) != "datagram" || from.String() != c.LocalAddr().String() {
			t.Errorf("%q from %v, %v", b[:n], from, err)
		}
	}
	c := labtest.Dial(t, l.Pods[0].Name, "tcp", netip.AddrPortFrom(server.IPv4, 8080).String())
	if _, err := c.Write([]byte("stream")); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil || string(b) != "stream" {
		t.Errorf("%q, %v", b, err)
	}
}

// What a test made is gone when it has ended.
func TestCleanup(t *testing.T) {
	labtest.RequireRoot(t)
	var names []string
	t.Run("inner", func(t *testing.T) {
		l := labtest.Lab(t, lab.Options{})
		names = append(l.Namespaces(), labtest.Namespace(t))
		for _, n := range names {
			if !slices.Contains(labtest.Leftovers(), n) {
				t.Errorf("%s is not there", n)
			}
		}
	})
	for _, n := range names {
		if _, err := os.Stat("/run/netns/" + n); err == nil {
			t.Errorf("%s is still there", n)
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		n := labtest.Name()
		if seen[n] || (lab.Options{Name: n}).Check() != nil || strings.ContainsRune(n, '-') {
			t.Errorf("name %q", n)
		}
		seen[n] = true
	}
}

func TestWait(t *testing.T) {
	n := 0
	labtest.Wait(t, 5*time.Second, "three calls", func() bool { n++; return n == 3 })
	if n != 3 {
		t.Errorf("%d calls", n)
	}
}
