package labtest

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
)

// Ping sends one echo request from a named namespace and fails the test
// unless it is answered within two seconds. It returns the result.
func Ping(tb testing.TB, namespace string, dst netip.Addr) lab.PingResult {
	tb.Helper()
	r, err := lab.Ping(tb.Context(), namespace, dst, lab.PingOptions{Timeout: 2 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	if r[0].Err != nil {
		tb.Fatalf("ping from %s to %s: %v", namespace, dst, r[0].Err)
	}
	return r[0]
}

// Listen opens a stream listener ("tcp", "tcp4", "tcp6") in a named namespace
// and closes it when the test ends.
func Listen(tb testing.TB, namespace, network, address string) net.Listener {
	tb.Helper()
	var l net.Listener
	err := lab.Do(namespace, func() (err error) {
		l, err = new(net.ListenConfig).Listen(tb.Context(), network, address)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return l
}

// ListenPacket opens a datagram socket ("udp", "udp4", "udp6") in a named
// namespace and closes it when the test ends.
func ListenPacket(tb testing.TB, namespace, network, address string) net.PacketConn {
	tb.Helper()
	var c net.PacketConn
	err := lab.Do(namespace, func() (err error) {
		c, err = new(net.ListenConfig).ListenPacket(tb.Context(), network, address)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}

// Dial connects from a named namespace to an address with a port, both in
// digits: names are resolved on other threads, in other namespaces. The
// connection is closed when the test ends.
func Dial(tb testing.TB, namespace, network, address string) net.Conn {
	tb.Helper()
	if _, err := netip.ParseAddrPort(address); err != nil {
		tb.Fatal(err)
	}
	var c net.Conn
	err := lab.Do(namespace, func() (err error) {
		c, err = (&net.Dialer{Timeout: 5 * time.Second}).DialContext(tb.Context(), network, address)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}
