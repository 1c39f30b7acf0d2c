package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupRoot is where cgroups are mounted: version 2 itself, or folders with one
// hierarchy of version 1 each.
const cgroupRoot = "/sys/fs/cgroup"

// group is the cgroup that has everything of one machine below it.
func group(name string) string { return "pke-" + name }

// joinCgroups puts the calling process into a machine's group in every
// hierarchy, and makes these groups the roots of what its thread sees.
func joinCgroups(name string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		dir := filepath.Join(root, group(name))
		if err := makeGroup(root, dir); err != nil {
			return err
		}
		if err := join(dir); err != nil {
			return err
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("make cgroup namespace: %w", err)
	}
	if roots[0] == cgroupRoot {
		return delegate(filepath.Join(cgroupRoot, group(name)))
	}
	return nil
}

// makeGroup makes a group. The processors of a group of version 1 have to be
// chosen before a process can join.
func makeGroup(root, dir string) error {
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
	return nil
}

// join moves the calling process into a group (cgroups(7): 0 is oneself).
func join(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0o644); err != nil {
		return fmt.Errorf("join cgroup: %w", err)
	}
	return nil
}

// delegate moves the calling process one level down, because a group of version
// 2 with processes in it cannot hand controllers to groups below it.
func delegate(dir string) error {
	below := filepath.Join(dir, "init")
	if err := os.Mkdir(below, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make cgroup: %w", err)
	}
	if err := join(below); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("list cgroup's controllers: %w", err)
	}
	for c := range strings.FieldsSeq(string(b)) {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0o644); err != nil {
			return fmt.Errorf("hand on controller %s: %w", c, err)
		}
	}
	return nil
}

// mountCgroups makes at dir what a machine is to have in /sys/fs/cgroup: its own
// groups as the roots.
func mountCgroups(name, dir string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	if roots[0] == cgroupRoot {
		return mount(filepath.Join(cgroupRoot, group(name)), dir, "", unix.MS_BIND, "")
	}
	if err := mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=755"); err != nil {
		return err
	}
	for _, root := range roots {
		target := filepath.Join(dir, filepath.Base(root))
		if err := os.Mkdir(target, 0o755); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
		if err := mount(filepath.Join(root, group(name)), target, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return copyLinks(cgroupRoot, dir)
}

// copyLinks copies links such as cpu -> cpu,cpuacct.
func copyLinks(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return fmt.Errorf("list cgroups: %w", err)
	}
	for _, e := range entries {
		if e.Type()&fs.ModeSymlink == 0 {
			continue
		}
		target, err := os.Readlink(filepath.Join(from, e.Name()))
		if err == nil {
			err = os.Symlink(target, filepath.Join(to, e.Name()))
		}
		if err != nil {
			return fmt.Errorf("link cgroup: %w", err)
		}
	}
	return nil
}

// hierarchies lists where cgroups are mounted: /sys/fs/cgroup alone with version
// 2, a folder below it for each set of controllers with version 1.
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
		at := fields[4]
		if (at == cgroupRoot || filepath.Dir(at) == cgroupRoot) && !slices.Contains(list, at) { // one may be mounted over another
			list = append(list, at)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("list cgroups: none is mounted at " + cgroupRoot)
	}
	return list, nil
}

// RemoveCgroups removes a machine's groups, from the inside out, after its first
// process has ended. The kernel takes a moment to empty them.
func RemoveCgroups(name string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			err := removeTree(filepath.Join(root, group(name)))
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				return err
			}
		}
	}
	return nil
}

// removeTree is rmdir for folders that have only folders to remove: the files
// in a cgroup are not ours to delete.
func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove cgroup: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeTree(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := unix.Rmdir(dir); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove cgroup %s: %w", dir, err)
	}
	return nil
}
