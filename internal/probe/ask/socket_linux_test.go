//go:build !pktrail_lite

package ask

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

const (
	tcp   = packet.ProtoTCP
	dgram = packet.ProtoUDP
)

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// TestSocket asks for all ways in which a socket can be the one.
func TestSocket(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	labtest.Listen(t, b.ns, "tcp4", "10.0.0.1:80")
	labtest.Listen(t, b.ns, "tcp4", "0.0.0.0:81")
	labtest.Listen(t, b.ns, "tcp", ":82")
	labtest.Listen(t, b.ns, "tcp6", "[::]:83")
	labtest.ListenPacket(t, b.ns, "udp4", "10.0.0.1:53")
	labtest.ListenPacket(t, b.ns, "udp", ":54")
	labtest.ListenPacket(t, b.ns, "udp6", "[fd00::1]:55")
	b.listenWith("tcp4", "0.0.0.0:90", unix.SO_REUSEPORT, "")
	b.listenWith("tcp4", "0.0.0.0:90", unix.SO_REUSEPORT, "")
	b.listenWith("tcp4", "0.0.0.0:91", 0, "eth0")
	conn := labtest.Dial(t, b.peers[0], "tcp", "10.0.0.1:82")
	client := conn.LocalAddr().String()
	udp := labtest.Dial(t, b.ns, "udp", "10.0.0.2:53").LocalAddr().String()
	for _, c := range []struct {
		proto         packet.Proto
		local, remote string
		want, state   string
	}{
		{tcp, "10.0.0.1:80", "10.0.0.2:4000", "10.0.0.1:80", "LISTEN"},
		{tcp, "10.1.0.1:80", "10.0.0.2:4000", "", ""},
		{tcp, "10.1.0.1:81", "10.0.0.2:4000", "0.0.0.0:81", "LISTEN"},
		{tcp, "[fd00::1]:81", "[fd00::2]:4000", "", ""},
		{tcp, "10.0.0.1:82", "10.0.0.2:1", "[::]:82", "LISTEN"},
		{tcp, "[fd00::1]:82", "[fd00::2]:4000", "[::]:82", "LISTEN"},
		{tcp, "10.0.0.1:82", client, "10.0.0.1:82", "ESTABLISHED"},
		{tcp, "10.0.0.1:83", "10.0.0.2:4000", "", ""},
		{tcp, "[fd00::1]:83", "[fd00::2]:4000", "[::]:83", "LISTEN"},
		{tcp, "10.0.0.1:90", "10.0.0.2:4000", "0.0.0.0:90", "LISTEN"},
		{tcp, "10.0.0.1:91", "10.0.0.2:4000", "0.0.0.0:91", "LISTEN"},
		{dgram, "10.0.0.1:53", "10.0.0.2:4000", "10.0.0.1:53", ""},
		{dgram, "10.1.0.1:53", "10.0.0.2:4000", "", ""},
		{dgram, "10.1.0.1:54", "10.0.0.2:4000", "[::]:54", ""},
		{dgram, "[fd01::1]:54", "[fd00::2]:4000", "[::]:54", ""},
		{dgram, "[fd00::1]:55", "[fd00::2]:4000", "[fd00::1]:55", ""},
		{dgram, udp, "10.0.0.2:53", udp, ""},
		{dgram, udp, "10.0.0.2:54", "", ""},
	} {
		got, ok, err := b.Socket(c.proto, at(c.local), at(c.remote))
		if err != nil || ok != (c.want != "") {
			t.Errorf("%s %s from %s: %+v, %v, %v", c.proto, c.local, c.remote, got, ok, err)
			continue
		}
		if !ok {
			continue
		}
		want := trail.Socket{Process: got.Process, PID: got.PID, Local: at(c.want), State: c.state, Basis: trail.Inferred}
		if got != want {
			t.Errorf("%s %s from %s: %+v, want %+v", c.proto, c.local, c.remote, got, want)
		}
		// Our own sockets, except the connection that nobody accepted.
		if accepted := got.State != "ESTABLISHED"; accepted != (got.PID == os.Getpid() && got.Process != "") {
			t.Errorf("%s: held by %d %q", c.local, got.PID, got.Process)
		}
	}
	if _, _, err := b.Socket(packet.ProtoICMP, at("10.0.0.1:1"), at("10.0.0.2:1")); err == nil {
		t.Error("a socket of ICMP")
	}
}

// TestSocketOwner: a program of the namespace is found by name.
func TestSocketOwner(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self)
	cmd.Env = append(os.Environ(), listenAt+"=10.0.0.1:8080")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Do(cmd.Start); err != nil { // a child inherits the thread's namespace
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stdin.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	var got trail.Socket
	labtest.Wait(t, 10*time.Second, "the server to listen", func() bool {
		var ok bool
		got, ok, err = b.Socket(packet.ProtoTCP, at("10.0.0.1:8080"), at("10.0.0.2:5"))
		return ok && err == nil
	})
	if got.PID != cmd.Process.Pid || got.Process != "ask.test" {
		t.Errorf("%+v, want %d", got, cmd.Process.Pid)
	}
}

// TestListeningAgainstSS compares the lists with ss(8).
func TestListeningAgainstSS(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, a := range []string{"10.0.0.1:80", "[fd00::1]:80", ":82"} {
		labtest.Listen(t, b.ns, "tcp", a)
		labtest.ListenPacket(t, b.ns, "udp", a)
	}
	labtest.Listen(t, b.ns, "tcp6", "[::]:83")
	b.listenWith("tcp4", "0.0.0.0:91", 0, "eth0")
	labtest.Dial(t, b.peers[0], "tcp", "10.0.0.1:80") // waits to be accepted
	for _, c := range []struct {
		proto packet.Proto
		flag  string
	}{{packet.ProtoTCP, "-t"}, {packet.ProtoUDP, "-u"}} {
		list, err := b.Listening(c.proto)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, l := range list {
			s := l.Local.String()
			if l.Both {
				s = fmt.Sprintf("*:%d", l.Local.Port())
			}
			if l.Device != "" {
				s = fmt.Sprintf("%s%%%s:%d", l.Local.Addr(), l.Device, l.Local.Port())
			}
			got = append(got, fmt.Sprintf("%d %d %s", l.Waiting, l.Room, s))
		}
		for line := range strings.Lines(b.in("ss -Hln " + c.flag)) {
			f := strings.Fields(line)
			want = append(want, strings.Join(f[1:4], " "))
		}
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" || len(got) < 3 {
			t.Errorf("%s: %s", c.flag, d)
		}
	}
}

// listenWith listens in the bed's namespace with a socket option, or on one
// device.
func (b bed) listenWith(network, address string, option int, device string) {
	b.t.Helper()
	var ln net.Listener
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		ctlErr := c.Control(func(fd uintptr) {
			if option != 0 {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, 1)
			}
			if device != "" && err == nil {
				err = unix.BindToDevice(int(fd), device)
			}
		})
		if ctlErr != nil {
			return ctlErr
		}
		return err
	}}
	err := lab.Do(b.ns, func() (err error) {
		ln, err = lc.Listen(b.t.Context(), network, address)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := ln.Close(); err != nil {
			b.t.Error(err)
		}
	})
}
