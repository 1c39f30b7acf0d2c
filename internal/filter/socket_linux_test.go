package filter

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// packetSocket is a packet socket on loopback with a program.
func packetSocket(t *testing.T, expr string, o Options) int {
	t.Helper()
	e, err := Parse(expr)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(o)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := (&kernelFilter{receive: fd}).attach(p); err != nil {
		t.Fatal(err)
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	const everything = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL<<8&0xff00 // network order
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: everything, Ifindex: lo.Index}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// received counts the packets that have arrived; the first is waited for
// unless none is expected.
func received(t *testing.T, fd, expected int) int {
	t.Helper()
	n := 0
	var b [2048]byte
	for deadline := time.Now().Add(2 * time.Second); ; {
		switch _, _, err := unix.Recvfrom(fd, b[:], 0); {
		case err == nil:
			n++
		case !errors.Is(err, unix.EAGAIN):
			t.Fatal(err)
		case n >= expected || time.Now().After(deadline):
			return n
		default:
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			_, _ = unix.Poll(poll, 100)
		}
	}
}

// TestLiveProgramsOnLoopback attaches programs to packet sockets on loopback,
// where each packet is seen twice: going out and coming in. A tagged frame has
// its tag in the bytes the first time and in metadata the second.
func TestLiveProgramsOnLoopback(t *testing.T) {
	inNamespace(t, func() {
		cases := []struct {
			expr string
			o    Options
			want int
		}{
			{"udp port 7777", Options{Live: true}, 2},
			{"udp port 7777", Options{Link: AnyDevice}, 1},
			{"udp port 7777", Options{Link: AnyDevice, Inner: true}, 1},
			{"udp port 7778", Options{Live: true}, 0},
			{"inbound and udp", Options{Live: true}, 1},
			{"outbound and udp", Options{Live: true}, 1},
			{"outbound and udp", Options{Link: AnyDevice}, 0},
			{"ifindex 1 and udp", Options{Live: true}, 2},
			{"ifindex 2 and udp", Options{Live: true}, 0},
			{"vlan 5", Options{Live: true}, 2},
			{"vlan 5 and outbound", Options{Live: true}, 1},
			{"vlan 5 and ether proto 0x88b5", Options{Live: true}, 2},
			{"vlan 6", Options{Live: true}, 0},
			{"vlan and not vlan 5", Options{Live: true}, 2}, // the second vlan is for a tag behind the first
			{"ether proto 0x88b5", Options{Live: true}, 1},  // the tag is in the way of the other
		}
		fds := make([]int, len(cases))
		for i, c := range cases {
			fds[i] = packetSocket(t, c.expr, c.o)
		}
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "udp4", "127.0.0.1:7777")
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = conn.Write([]byte("x"))
		_ = conn.Close()
		sender := packetSocket(t, "less 0", Options{Live: true})
		frame := append(make([]byte, 12), 0x81, 0, 0, 5, 0x88, 0xb5)
		if _, err := unix.Write(sender, append(frame, make([]byte, 50)...)); err != nil {
			t.Errorf("send tagged frame: %v", err)
		}
		for i, c := range cases {
			if got := received(t, fds[i], c.want); got != c.want {
				t.Errorf("%q %+v: %d packets, expected %d", c.expr, c.o, got, c.want)
			}
		}
	})
}
