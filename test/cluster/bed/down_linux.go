package bed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// What remove leaves of a cluster's folder.
const (
	keepNothing = false
	keepLogs    = true
)

// Down ends the cluster and removes its namespaces, devices, cgroups and
// folder. Binaries and images stay in the cache. ErrNone: nothing was up.
func Down(context.Context) error {
	d, err := DefaultDirs()
	if err != nil {
		return err
	}
	l, err := lock(d)
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := find(d)
	if err != nil {
		return err
	}
	return c.remove(keepNothing)
}

// remove goes on after errors: as much as possible shall be gone. The state
// file goes last, so that it can be tried again.
func (c *Cluster) remove(logs bool) error {
	boot, err := bootID()
	errs := []error{err}
	for _, p := range c.Processes {
		if boot == c.Boot { // numbers and start times mean nothing after another boot
			errs = append(errs, p.kill())
		}
	}
	errs = append(errs, c.unplug())
	for _, n := range c.Nodes {
		errs = append(errs, c.removeCgroups(n))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("take cluster down: %w", err)
	}
	if !logs {
		if err := os.RemoveAll(c.dirs.Run); err != nil {
			return fmt.Errorf("take cluster down: %w", err)
		}
		return nil
	}
	entries, err := os.ReadDir(c.dirs.Run)
	if err != nil {
		return fmt.Errorf("take cluster down: %w", err)
	}
	for _, e := range entries {
		if path := filepath.Join(c.dirs.Run, e.Name()); path != c.dirs.Logs() {
			errs = append(errs, os.RemoveAll(path))
		}
	}
	return errors.Join(errs...)
}

// removeCgroups removes a node's groups, from the inside out. The kernel takes
// a moment to empty them after the last process has died.
func (c *Cluster) removeCgroups(n Node) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		dir := filepath.Join(root, nodeCgroup(n))
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(poll) {
			err := removeTree(dir)
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
