package lab_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

func TestPing(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{})
	to := l.Pods[2]
	for _, dst := range []netip.Addr{to.IPv4, to.IPv6} {
		all, err := l.Ping(t.Context(), "node1-pod1", dst, lab.PingOptions{Count: 3, ID: 4711, Size: 1200, Interval: time.Millisecond})
		if err != nil || len(all) != 3 {
			t.Fatal(all, err)
		}
		for i, r := range all {
			if r.Err != nil || r.Seq != uint16(i+1) || r.ID != 4711 || r.From != dst || r.RTT <= 0 {
				t.Errorf("%+v", r)
			}
		}
	}
}

// What comes instead of a reply is told apart.
func TestPingErrors(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Flavour: lab.Calico, Pods: 1})
	from, to := l.Pods[0].Name, l.Pods[1]
	for _, tc := range []struct {
		what string
		dst  netip.Addr
		o    lab.PingOptions
		want error
	}{
		{"blackhole", netip.MustParseAddr("10.244.2.77"), lab.PingOptions{Timeout: 50 * time.Millisecond}, os.ErrDeadlineExceeded},
		{"hop limit", to.IPv4, lab.PingOptions{TTL: 1}, syscall.EHOSTUNREACH},
		{"hop limit", to.IPv6, lab.PingOptions{TTL: 1}, syscall.EHOSTUNREACH},
		{"too big", to.IPv4, lab.PingOptions{Size: 1473, DontFragment: true}, syscall.EMSGSIZE},
		{"too big", to.IPv6, lab.PingOptions{Size: 1453, DontFragment: true}, syscall.EMSGSIZE},
		{"just fits", to.IPv4, lab.PingOptions{Size: 1472, DontFragment: true}, nil},
		{"just fits", to.IPv6, lab.PingOptions{Size: 1452, DontFragment: true}, nil},
		{"in fragments", to.IPv4, lab.PingOptions{Size: 65000}, nil},
		{"no data", to.IPv4, lab.PingOptions{Size: -1}, nil},
	} {
		all, err := l.Ping(t.Context(), from, tc.dst, tc.o)
		if err != nil || len(all) != 1 || !errors.Is(all[0].Err, tc.want) {
			t.Errorf("%s %v: %+v, %v", tc.what, tc.dst, all, err)
		}
	}
	if _, err := l.Ping(t.Context(), "node7", to.IPv4, lab.PingOptions{}); err == nil {
		t.Error("pinged from nowhere")
	}
}

func TestPingCancelled(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Flavour: lab.Calico, Nodes: 1, Pods: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	all, err := l.Ping(ctx, "node1-pod1", netip.MustParseAddr("10.244.1.77"), lab.PingOptions{Count: 100, Timeout: time.Minute})
	if !errors.Is(err, context.DeadlineExceeded) || len(all) != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("%v, %v after %v", all, err, time.Since(start))
	}
}

// Between nodes of a flannel lab there is VXLAN on port 8472 with the pods'
// packets inside; in the others the packets are bare.
func TestWire(t *testing.T) {
	for _, f := range works() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			l := labtest.Lab(t, lab.Options{Flavour: f, Pods: 1})
			tap := openTap(t, l.Outside.Name, "node1")
			labtest.Ping(t, l.Pods[0].Name, l.Pods[1].IPv4)
			labtest.Ping(t, l.Pods[0].Name, l.Pods[1].IPv6)
			vxlan, bare := tap.count(t, l.Pods[0], l.Pods[1])
			if f == lab.Flannel && (vxlan != 4 || bare != 0) || f != lab.Flannel && (vxlan != 0 || bare != 4) {
				t.Errorf("%d encapsulated packets and %d bare ones; want two requests and two replies", vxlan, bare)
			}
		})
	}
}

// tap is a packet socket on one device.
type tap struct{ fd int }

func openTap(t *testing.T, ns, dev string) tap {
	t.Helper()
	var tp tap
	err := lab.Do(ns, func() (err error) {
		tp.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		var ifr *unix.Ifreq
		if ifr, err = unix.NewIfreq(dev); err != nil {
			return err
		}
		if err = unix.IoctlIfreq(tp.fd, unix.SIOCGIFINDEX, ifr); err != nil {
			return err
		}
		all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})
		return unix.Bind(tp.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: int(ifr.Uint32())})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(tp.fd) })
	return tp
}

// count reads what has come: ICMP echoes between two pods, in VXLAN or bare.
func (tp tap) count(t *testing.T, a, b lab.Pod) (vxlan, bare int) {
	t.Helper()
	buf := make([]byte, 2048)
	for {
		n, _, err := unix.Recvfrom(tp.fd, buf, 0)
		if errors.Is(err, unix.EAGAIN) {
			return vxlan, bare
		}
		if err != nil {
			t.Fatal(err)
		}
		frame := buf[:n]
		// Ethernet 14, IPv4 20, UDP 8, VXLAN 8: flags with a VNI, VNI 1.
		if n > 50 && frame[12] == 8 && frame[13] == 0 && frame[23] == unix.IPPROTO_UDP &&
			binary.BigEndian.Uint16(frame[36:]) == 8472 && frame[42] == 0x08 &&
			binary.BigEndian.Uint32(frame[46:])>>8 == 1 {
			if isEcho(frame[50:], a, b) {
				vxlan++
			}
		} else if isEcho(frame, a, b) {
			bare++
		}
	}
}

// isEcho says whether an Ethernet frame has an ICMP echo between two pods.
func isEcho(f []byte, a, b lab.Pod) bool {
	var src, dst netip.Addr
	var kind byte
	switch {
	case len(f) > 34 && f[12] == 0x08 && f[13] == 0x00 && f[23] == unix.IPPROTO_ICMP:
		src, dst, kind = netip.AddrFrom4([4]byte(f[26:30])), netip.AddrFrom4([4]byte(f[30:34])), f[34]
		return (kind == 8 || kind == 0) && (src == a.IPv4 && dst == b.IPv4 || src == b.IPv4 && dst == a.IPv4)
	case len(f) > 54 && f[12] == 0x86 && f[13] == 0xdd && f[20] == unix.IPPROTO_ICMPV6:
		src, dst, kind = netip.AddrFrom16([16]byte(f[22:38])), netip.AddrFrom16([16]byte(f[38:54])), f[54]
		return (kind == 128 || kind == 129) && (src == a.IPv6 && dst == b.IPv6 || src == b.IPv6 && dst == a.IPv6)
	}
	return false
}
