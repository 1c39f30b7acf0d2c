package bed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pktrail/pktrail/test/cluster/machine"
)

// Load imports an image, a tarball as `docker save` or pktrail writes it, into
// both nodes. Pods with imagePullPolicy Never or IfNotPresent find it.
func (c *Cluster) Load(ctx context.Context, tar string) error {
	for _, n := range c.Nodes {
		if err := c.loadInto(ctx, n, tar); err != nil {
			return err
		}
	}
	return nil
}

// Unload removes an image from both nodes, if it is there.
func (c *Cluster) Unload(ctx context.Context, ref string) error {
	for _, n := range c.Nodes {
		if err := c.ctr(ctx, n, "images", "remove", "--sync", ref); err != nil {
			return fmt.Errorf("remove image from %s: %w", n.Name, err)
		}
	}
	return nil
}

func (c *Cluster) loadInto(ctx context.Context, n Node, tars ...string) error {
	root, err := c.Root(n)
	if err != nil {
		return err
	}
	err = c.until(ctx, time.Minute, "containerd on "+n.Name, func(context.Context) error {
		if !machine.Up(c.dirs.node(n.Name)) {
			return errors.New("the node has not come up")
		}
		return machine.Listening(filepath.Join(root, criSocket), 0)
	})
	if err != nil {
		return err
	}
	for _, tar := range tars {
		if err := c.ctr(ctx, n, "images", "import", tar); err != nil {
			return fmt.Errorf("load %s into %s: %w", filepath.Base(tar), n.Name, err)
		}
	}
	return nil
}

// ctr runs containerd's own client against a node.
func (c *Cluster) ctr(ctx context.Context, n Node, args ...string) error {
	root, err := c.Root(n)
	if err != nil {
		return err
	}
	argv := append([]string{"-a", filepath.Join(root, criSocket), "-n", "k8s.io"}, args...)
	cmd := exec.CommandContext(ctx, "ctr", argv...)
	cmd.Env = machine.Environment()
	return run(cmd)
}

// Root is a node's root folder as seen from the machine: its /run, /tmp, /etc,
// /var and /proc are those of the node.
func (c *Cluster) Root(n Node) (string, error) {
	p, _ := c.Process(n.Name)
	return p.Root()
}

// On gives a command that runs on a node, as root in all of its namespaces.
func (c *Cluster) On(ctx context.Context, n Node, argv ...string) (*exec.Cmd, error) {
	p, _ := c.Process(n.Name)
	return p.Command(ctx, argv...)
}

// Kubectl is the path of the cluster's own kubectl.
func (c *Cluster) Kubectl() string { return filepath.Join(c.dirs.Bin(), "kubectl") }

// Logs is the folder with a log for each process.
func (c *Cluster) Logs() string { return c.dirs.Logs() }

// tempDir is where images are made before they are kept.
func (d Dirs) tempDir() (string, error) {
	if err := os.MkdirAll(d.images(), 0o755); err != nil {
		return "", fmt.Errorf("make folder for images: %w", err)
	}
	dir, err := os.MkdirTemp(d.images(), "new")
	if err != nil {
		return "", fmt.Errorf("make folder for images: %w", err)
	}
	return dir, nil
}
