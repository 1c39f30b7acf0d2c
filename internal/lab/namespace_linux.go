package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// makeNetnsDir makes /run/netns a mount point that passes mounts on to other
// mount namespaces, as ip-netns(8) does it and under the same lock, so that
// both see each other's namespaces. Like there, it stays.
func makeNetnsDir() error {
	if err := os.MkdirAll(netnsDir, 0o755); err != nil {
		return fmt.Errorf("make directory for namespaces: %w", err)
	}
	dir, err := os.Open(netnsDir)
	if err != nil {
		return fmt.Errorf("open directory for namespaces: %w", err)
	}
	defer dir.Close()
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", netnsDir, err)
	}
	err = unix.Mount("", netnsDir, "none", unix.MS_SHARED|unix.MS_REC, "")
	if errors.Is(err, unix.EINVAL) { // no mount point yet
		if err = unix.Mount(netnsDir, netnsDir, "none", unix.MS_BIND|unix.MS_REC, ""); err == nil {
			err = unix.Mount("", netnsDir, "none", unix.MS_SHARED|unix.MS_REC, "")
		}
	}
	if err != nil {
		return fmt.Errorf("share mounts of %s: %w", netnsDir, err)
	}
	return nil
}

// makeNamespace makes a network namespace, runs prepare in it, and only then
// gives it its name: whoever sees the name sees what prepare did. The error
// is fs.ErrExist if the name is taken.
func makeNamespace(name string, prepare func() error) error {
	path := filepath.Join(netnsDir, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o444)
	if err != nil {
		return fmt.Errorf("name namespace: %w", err)
	}
	f.Close()
	err = away(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make namespace: %w", err)
		}
		if err := prepare(); err != nil {
			return err
		}
		if err := unix.Mount("/proc/thread-self/ns/net", path, "none", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount namespace: %w", err)
		}
		return nil
	})
	if err != nil {
		return errors.Join(fmt.Errorf("namespace %s: %w", name, err), os.Remove(path))
	}
	return nil
}

// removeNamespace takes away a namespace's name. The namespace itself ends
// with the last process and socket in it. It is no error if there is none.
func removeNamespace(name string) error {
	path := filepath.Join(netnsDir, name)
	for range 16 { // a name may have been mounted over
		err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
			break // not mounted
		}
		if err != nil {
			return fmt.Errorf("unmount namespace %s: %w", name, err)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove namespace: %w", err)
	}
	return nil
}

// sysctl writes settings below /proc/sys/net of the calling thread's
// namespace, in order, as path and value by turns.
func sysctl(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		f, err := os.OpenFile("/proc/sys/net/"+pairs[i], os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("set sysctl: %w", err)
		}
		_, err = f.WriteString(pairs[i+1])
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("set sysctl: %w", err)
		}
	}
	return nil
}

// haveIPv6 says whether the kernel speaks IPv6.
func haveIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6/conf")
	return err == nil
}

// AddNamespace makes an empty named network namespace, as `ip netns add`
// does, with its loopback up and the settings of a pod: no forwarding, no
// duplicate address detection, everybody may ping. It belongs to no lab. The
// error is fs.ErrExist if the name is taken.
func AddNamespace(name string) error {
	if err := checkFileName(name); err != nil {
		return err
	}
	if err := makeNetnsDir(); err != nil {
		return err
	}
	return makeNamespace(name, func() error {
		if err := sysctl(settings("0", haveIPv6())...); err != nil {
			return err
		}
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return fmt.Errorf("find lo: %w", err)
		}
		return netlink.LinkSetUp(lo)
	})
}

// DeleteNamespace takes away the name of a network namespace, as `ip netns
// delete` does. It is no error if there is none.
func DeleteNamespace(name string) error {
	if err := checkFileName(name); err != nil {
		return err
	}
	return removeNamespace(name)
}

// checkFileName keeps names inside of /run/netns.
func checkFileName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsRune(name, '/') {
		return &NotFoundError{What: "namespace", Name: name}
	}
	return nil
}
