package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

func isRefusal(err error) bool { return errors.Is(err, fs.ErrPermission) }

// packetRing opens what a capture opens, in our own network namespace: a
// packet socket with a TPACKET_V3 ring, small, bound to nothing (packet(7)).
func packetRing() Check {
	c := Check{Name: "packet ring", Needs: []Use{Capture}}
	err := tryRing()
	c = answer(c, err, "this needs CAP_NET_RAW: run as root")
	switch {
	case errors.Is(err, unix.EAFNOSUPPORT):
		c.Hint = "the kernel has no packet sockets (CONFIG_PACKET), or a seccomp filter hides them"
	case err == nil:
		c.Detail = "AF_PACKET, TPACKET_V3"
	}
	return c
}

func tryRing() error {
	// Protocol 0: not a single packet comes in.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open packet socket: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("set TPACKET_V3: %w", err)
	}
	const block = 1 << 16
	req := unix.TpacketReq3{
		Block_size: block, Block_nr: 1, Frame_size: 1 << 11, Frame_nr: block >> 11, Retire_blk_tov: 100,
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("make ring: %w", err)
	}
	mem, err := unix.Mmap(fd, 0, block, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map ring: %w", err)
	}
	return unix.Munmap(mem)
}

// enterNamespace enters the network namespace that we are in already, which
// asks for the same right as any other (setns(2)).
func enterNamespace() Check {
	c := Check{Name: "enter namespaces", Helps: []Use{Capture, Trace}}
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread() // it never left
		result <- func() error {
			f, err := os.Open("/proc/thread-self/ns/net")
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("setns: %w", err)
			}
			return nil
		}()
	}()
	return answer(c, <-result, "without CAP_SYS_ADMIN only our own network namespace can be captured")
}

// memlock matters to BPF maps before Linux 5.11; since then they are counted
// in the memory cgroup. Packet rings never were.
func memlock(st status, v version) Check {
	c := Check{Name: "locked memory", Helps: []Use{Trace}}
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &lim); err != nil {
		return unreadable(c, err)
	}
	const enough = 64 << 20 // bytes: the largest maps of a trace
	c.State = OK
	c.Detail = fmt.Sprintf("%d KiB", lim.Cur>>10)
	if lim.Cur == unix.RLIM_INFINITY {
		c.Detail = "unlimited"
	}
	switch {
	case v.atLeast(5, 11):
		c.Detail += ", not asked since Linux 5.11"
	case lim.Cur < enough && !st.has(unix.CAP_SYS_RESOURCE):
		c.State, c.Hint = No, "raise it: ulimit -l unlimited"
	}
	return c
}
