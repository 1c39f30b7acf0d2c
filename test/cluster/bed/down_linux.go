package bed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pktrail/pktrail/test/cluster/machine"
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
			errs = append(errs, p.Kill())
		}
	}
	errs = append(errs, c.unplug())
	for _, n := range c.Nodes {
		errs = append(errs, machine.RemoveCgroups(n.Name))
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
