//go:build !pktrail_lite

package path

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/probe/netns"
)

// inPrivate marks the child that runs the tests in namespaces of its own.
const inPrivate = "PKTRAIL_TEST_PRIVATE"

// Only init can keep the main thread for the main goroutine. The namespace of
// that thread is the process's own, and tests leave threads in others.
func init() { runtime.LockOSThread() }

// enterPrivate runs the test binary once more in a network and a mount
// namespace of its own, so that what the tests make is seen by nobody and
// gone when they end. Without root there is nothing to keep apart.
func enterPrivate() (int, bool) {
	if os.Getenv(asNobody) != "" {
		if err := printPath(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1, true
		}
		return 0, true
	}
	if os.Geteuid() != 0 {
		return 0, false
	}
	if os.Getenv(inPrivate) == "1" {
		if err := ownRun(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1, true
		}
		return 0, false
	}
	cmd := exec.CommandContext(context.Background(), "/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inPrivate+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL, // when our main thread ends
	}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return cmd.ProcessState.ExitCode(), true
}

// ownRun covers /run, unless this process is a child of one that did, such
// as a fuzz worker.
func ownRun() error {
	if _, err := os.Stat("/run/pktrail-path-test"); err == nil {
		return nil
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("run", "/run", "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("cover /run: %w", err)
	}
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		return err
	}
	return os.WriteFile("/run/pktrail-path-test", nil, 0o600)
}

// newNamed makes a namespace named as by `ip netns add`, with lo up, and
// removes it when the test ends.
func newNamed(t *testing.T, name string) *netns.Namespace {
	t.Helper()
	labtest.RequireRoot(t)
	path := filepath.Join("/run/netns", name)
	bindNew(t, path)
	n, err := netns.Open(t.Context(), netns.Target{Kind: netns.Netns, Value: name}, netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	in(t, n, func() error { return setUp("lo") })
	return n
}

func bindNew(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread dies
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, "")
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Unmount(path, unix.MNT_DETACH)
		_ = os.Remove(path)
	})
}

func in(t *testing.T, n *netns.Namespace, fn func() error) {
	t.Helper()
	if err := n.Do(fn); err != nil {
		t.Fatalf("in %s: %v", n.Label, err)
	}
}

func setUp(dev string) error {
	l, err := netlink.LinkByName(dev)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(l)
}

func attrs(name string) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name = name
	return a
}

// veth makes a pair between two namespaces, both ends up.
func veth(t *testing.T, a *netns.Namespace, nameA string, b *netns.Namespace, nameB string) {
	t.Helper()
	in(t, a, func() error {
		err := netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: attrs(nameA), PeerName: nameB, PeerNamespace: netlink.NsFd(int(b.File().Fd())),
		})
		if err != nil {
			return err
		}
		return setUp(nameA)
	})
	in(t, b, func() error { return setUp(nameB) })
}

func addAddr(dev, cidr string) error {
	l, err := netlink.LinkByName(dev)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	return netlink.AddrAdd(l, a)
}

// addRoute adds a route; without dst a default route, without gw one on link.
func addRoute(dst, gw, dev string) error {
	l, err := netlink.LinkByName(dev)
	if err != nil {
		return err
	}
	r := &netlink.Route{LinkIndex: l.Attrs().Index, Gw: net.ParseIP(gw), Scope: netlink.SCOPE_LINK}
	if gw != "" {
		r.Scope, r.Flags = netlink.SCOPE_UNIVERSE, int(netlink.FLAG_ONLINK)
	}
	if dst != "" {
		_, r.Dst, err = net.ParseCIDR(dst)
		if err != nil {
			return err
		}
	}
	return netlink.RouteAdd(r)
}

func addLink(l netlink.Link) error {
	if err := netlink.LinkAdd(l); err != nil {
		return err
	}
	return setUp(l.Attrs().Name)
}

func setMaster(dev, master string) error {
	l, err := netlink.LinkByName(dev)
	if err != nil {
		return err
	}
	m, err := netlink.LinkByName(master)
	if err != nil {
		return err
	}
	return netlink.LinkSetMaster(l, m)
}

// all runs steps until one fails.
func all(steps ...error) error {
	for _, err := range steps {
		if err != nil {
			return err
		}
	}
	return nil
}

// sleeper starts a process in the namespace that does nothing until the test
// ends, and gives its pid.
func sleeper(t *testing.T, n *netns.Namespace) string {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "/bin/sleep", "300")
	in(t, n, cmd.Start) // a child inherits the namespace of the thread
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return strconv.Itoa(cmd.Process.Pid)
}

// unname takes a namespace's name away and leaves the namespace.
func unname(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("/run/netns", name)
	if err := all(unix.Unmount(path, unix.MNT_DETACH), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
}
