package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mounts gives a machine its own /proc, /sys, /run, /tmp, /var and /etc. What is
// mounted here is seen nowhere else and goes with the machine.
func mounts(name, own string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("leave the real machine's mounts: %w", err)
	}
	for _, dir := range []string{"var", "etc", "etc.work", "cgroup"} {
		if err := os.MkdirAll(filepath.Join(own, dir), 0o755); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
	}
	groups := filepath.Join(own, "cgroup")
	if err := mountCgroups(name, groups); err != nil {
		return err
	}
	upper := fmt.Sprintf("lowerdir=/etc,upperdir=%s/etc,workdir=%s/etc.work", own, own)
	err := errors.Join(
		mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		mount("sysfs", "/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		mount(groups, "/sys/fs/cgroup", "", unix.MS_MOVE, ""),
		mount("bpf", "/sys/fs/bpf", "bpf", 0, ""),
		mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, ""),
		machineSettings(own),
		mount(filepath.Join(own, "var"), "/var", "", unix.MS_BIND, ""),
		mount("overlay", "/etc", "overlay", 0, upper),
		// Last, since they may hide our folder.
		mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"),
		mount("tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777"),
	)
	if err != nil {
		return err
	}
	if err := folders(); err != nil {
		return err
	}
	// Containers see what is mounted later only if / is shared, as systemd does it.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts: %w", err)
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

// machineSettings are what a kubelet sets on its machine. They belong to all
// that runs on the real one, so here it finds them as it wants them, in files.
func machineSettings(own string) error {
	for name, value := range map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	} {
		file := filepath.Join(own, "sys", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("cover settings: %w", err)
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return fmt.Errorf("cover settings: %w", err)
		}
		if err := mount(file, "/proc/sys/"+name, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}

// folders fills the new /var and /run with what is in every one.
func folders() error {
	for dir, mode := range map[string]os.FileMode{
		"/var/lib": 0o755, "/var/log": 0o755, "/var/cache": 0o755, "/var/tmp": 0o777 | os.ModeSticky, "/run/lock": 0o777 | os.ModeSticky,
	} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
	}
	for link, target := range map[string]string{"/var/run": "/run", "/var/lock": "/run/lock"} { // as Debian has it
		if err := os.Symlink(target, link); err != nil && !os.IsExist(err) {
			return fmt.Errorf("make link: %w", err)
		}
	}
	return nil
}
