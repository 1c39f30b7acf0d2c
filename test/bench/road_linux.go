package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
)

// Ports of the loads between the two pods. A filter tells flows apart by the
// sender's, so that one socket can receive them all.
const (
	sinkPort  = 9999  // the receiver's
	mainPort  = 20001 // of 99 packets in 100
	markPort  = 20002 // of the hundredth
	quietPort = 20003 // of none
)

// road is a flannel lab of two nodes, and the way from a pod of the first to
// one of the second: veth, bridge, VXLAN, wire, VXLAN, bridge, veth.
type road struct {
	lab      *lab.Lab
	from, to *lab.Pod
	// idle are two more pods, that send nothing.
	idle [2]*lab.Pod
}

func newRoad(ctx context.Context) (*road, error) {
	l, err := lab.Up(ctx, lab.Options{Name: "bench" + strconv.FormatInt(int64(os.Getpid()), 36)})
	if err != nil {
		return nil, fmt.Errorf("make lab: %w", err)
	}
	r := &road{lab: l, from: &l.Pods[0], to: &l.Pods[2], idle: [2]*lab.Pod{&l.Pods[1], &l.Pods[3]}}
	for _, way := range [][2]*lab.Pod{{r.from, r.to}, r.idle} { // neighbours are known from here on
		if _, err := lab.Ping(ctx, way[0].Name, way[1].IPv4, lab.PingOptions{}); err != nil {
			r.close()
			return nil, fmt.Errorf("try lab: %w", err)
		}
	}
	return r, nil
}

// close removes the lab.
func (r *road) close() {
	if _, err := lab.Down(r.lab.Name); err != nil {
		fmt.Fprintln(os.Stderr, "bench: remove lab:", err)
	}
}

// between are the ends of a trace from one pod to the other, with more.
func between(a, b *lab.Pod, more ...string) []string {
	return append([]string{"netns:" + a.Name, b.IPv4.String()}, more...)
}

// sockets are both ends of a load: two senders, of which the second is for
// what a trace may follow, and what they send to.
type sockets struct {
	main, mark int
	in         []int
}

func (s *sockets) close() {
	for _, fd := range append([]int{s.main, s.mark}, s.in...) {
		if fd > 0 {
			_ = unix.Close(fd)
		}
	}
}

// bound opens a socket of IPv4 in a pod, at a port.
func bound(pod *lab.Pod, kind int, port int) (fd int, err error) {
	err = lab.Do(pod.Name, func() (err error) {
		if fd, err = unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		wait := unix.NsecToTimeval(int64(patience)) // nothing waits for ever
		for _, set := range []error{
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait),
		} {
			if set != nil {
				return set
			}
		}
		return unix.Bind(fd, sockaddr(pod.IPv4, port))
	})
	if err != nil {
		return -1, fmt.Errorf("open socket in %s: %w", pod.Name, err)
	}
	return fd, nil
}

func sockaddr(a netip.Addr, port int) unix.Sockaddr {
	return &unix.SockaddrInet4{Addr: a.As4(), Port: port}
}

// datagrams opens the sockets of a flood.
func (r *road) datagrams() (s sockets, err error) {
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	in, err := bound(r.to, unix.SOCK_DGRAM, sinkPort)
	if err != nil {
		return s, err
	}
	s.in = []int{in}
	if err := unix.SetsockoptInt(in, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20); err != nil {
		return s, fmt.Errorf("enlarge buffer: %w", err)
	}
	for fd, port := range map[*int]int{&s.main: mainPort, &s.mark: markPort} {
		if *fd, err = bound(r.from, unix.SOCK_DGRAM, port); err != nil {
			return s, err
		}
		if err = unix.Connect(*fd, sockaddr(r.to.IPv4, sinkPort)); err != nil {
			return s, fmt.Errorf("connect: %w", err)
		}
	}
	return s, nil
}

// streams opens the connections of a TCP stream.
func (r *road) streams() (s sockets, err error) {
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	door, err := bound(r.to, unix.SOCK_STREAM, sinkPort)
	if err != nil {
		return s, err
	}
	defer func() { _ = unix.Close(door) }()
	if err := unix.Listen(door, 2); err != nil {
		return s, fmt.Errorf("listen: %w", err)
	}
	for fd, port := range map[*int]int{&s.main: mainPort, &s.mark: markPort} {
		if *fd, err = bound(r.from, unix.SOCK_STREAM, port); err != nil {
			return s, err
		}
		if err = unix.Connect(*fd, sockaddr(r.to.IPv4, sinkPort)); err != nil {
			return s, fmt.Errorf("connect: %w", err)
		}
		in, _, err := unix.Accept4(door, unix.SOCK_CLOEXEC)
		if err != nil {
			return s, fmt.Errorf("accept: %w", err)
		}
		s.in = append(s.in, in)
		wait := unix.NsecToTimeval(int64(patience))
		if err := unix.SetsockoptTimeval(in, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
			return s, err
		}
	}
	return s, nil
}
