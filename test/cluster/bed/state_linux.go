package bed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrNone says that no cluster is up.
var ErrNone = errors.New("no cluster is up")

// Find returns the cluster that is up, whole or not, or ErrNone.
func Find() (*Cluster, error) {
	d, err := DefaultDirs()
	if err != nil {
		return nil, err
	}
	return find(d)
}

func find(d Dirs) (*Cluster, error) {
	b, err := os.ReadFile(d.state())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	c := &Cluster{dirs: d}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("read state %s: %w", d.state(), err)
	}
	if c.Version != stateVersion {
		return nil, fmt.Errorf("read state %s: version %d is not %d", d.state(), c.Version, stateVersion)
	}
	return c, nil
}

// save replaces the state at once, so that a reader sees the old or the new.
func (c *Cluster) save() error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	next := c.dirs.state() + ".new"
	if err := os.WriteFile(next, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := os.Rename(next, c.dirs.state()); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

// Dead names the processes that should run and do not.
func (c *Cluster) Dead() []string {
	boot, err := bootID()
	var dead []string
	for _, p := range c.Processes {
		if err != nil || boot != c.Boot || !p.Alive() {
			dead = append(dead, p.Name)
		}
	}
	return dead
}

// bootID is another after each start of the machine (random(4)).
func bootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// lock keeps two programs from building and tearing down at the same time. The
// kernel gives it back when the file is closed, whatever the process dies of.
func lock(d Dirs) (*os.File, error) {
	if err := os.MkdirAll(d.Cache, 0o755); err != nil {
		return nil, fmt.Errorf("make cache: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(d.Cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock cluster: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock cluster: %w", err)
	}
	return f, nil
}
