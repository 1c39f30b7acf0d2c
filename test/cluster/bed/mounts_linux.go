package bed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// mounts gives a node its own /proc, /sys, /run, /tmp, /var and /etc. What is
// mounted here is seen nowhere else and goes with the node.
func (c *Cluster) mounts(n Node) error {
	if err := unix.Sethostname([]byte(n.Name)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("leave the machine's mounts: %w", err)
	}
	own := c.dirs.node(n.Name)
	for _, dir := range []string{"var", "etc", "etc.work", "cgroup"} {
		if err := os.MkdirAll(filepath.Join(own, dir), 0o755); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
	}
	cgroups := filepath.Join(own, "cgroup")
	upper := fmt.Sprintf("lowerdir=/etc,upperdir=%s/etc,workdir=%s/etc.work", own, own)
	err := errors.Join(
		mount("/sys/fs/cgroup", cgroups, "", unix.MS_BIND|unix.MS_REC, ""),
		mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		mount("sysfs", "/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		mount(cgroups, "/sys/fs/cgroup", "", unix.MS_MOVE, ""),
		mount("bpf", "/sys/fs/bpf", "bpf", 0, ""),
		mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, ""),
		mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"),
		mount("tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777"),
		mount(filepath.Join(own, "var"), "/var", "", unix.MS_BIND, ""),
		mount("overlay", "/etc", "overlay", 0, upper),
	)
	if err != nil {
		return err
	}
	if err := machineSettings(own); err != nil {
		return err
	}
	if err := nodeCgroups(n); err != nil {
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
// that runs there, so on a node it finds them as it wants them, in files.
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

// nodeCgroup is the group that has everything of one node below it.
func nodeCgroup(n Node) string { return spacePrefix + n.Name }

// nodeCgroups makes a node's group in every hierarchy. The CPUs of a group of
// version 1 have to be chosen before a process can be put there.
func nodeCgroups(n Node) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		dir := filepath.Join(root, nodeCgroup(n))
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make cgroup: %w", err)
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			all, err := os.ReadFile(filepath.Join(root, file))
			if errors.Is(err, fs.ErrNotExist) {
				continue // another controller, or version 2
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, file), all, 0o644)
			}
			if err != nil {
				return fmt.Errorf("choose processors of cgroup: %w", err)
			}
		}
	}
	return nil
}

// hierarchies lists where cgroups are mounted below /sys/fs/cgroup: one folder
// with version 2, one for each set of controllers with version 1.
func hierarchies() ([]string, error) {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("list cgroups: %w", err)
	}
	var list []string
	for line := range strings.Lines(string(b)) {
		before, after, ok := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if !ok || len(fields) < 5 || !strings.HasPrefix(after, "cgroup") {
			continue
		}
		if strings.HasPrefix(fields[4]+"/", "/sys/fs/cgroup/") {
			list = append(list, fields[4])
		}
	}
	if len(list) == 0 {
		return nil, errors.New("list cgroups: none is mounted below /sys/fs/cgroup")
	}
	return list, nil
}
