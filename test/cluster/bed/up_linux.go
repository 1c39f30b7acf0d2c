package bed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Up returns the cluster that was asked for. One that is up already and whole is
// taken as it is; what is left of a broken one is removed first. A cluster of
// another kind is an error: there is room for one at a time. When Up fails,
// nothing stays but the logs.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	d, err := DefaultDirs()
	if err != nil {
		return nil, err
	}
	if err := prerequisites(); err != nil {
		return nil, err
	}
	l, err := lock(d)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if c, err := running(ctx, d, o); c != nil || err != nil {
		return c, err
	}
	if err := build(ctx, d, o.Log); err != nil {
		return nil, err
	}
	tars, err := buildImages(ctx, d, o.Log)
	if err != nil {
		return nil, err
	}
	c, err := prepare(d, o)
	if err != nil {
		return nil, err
	}
	if err := c.bringUp(ctx, o, tars); err != nil {
		if dead := c.Dead(); len(dead) > 0 {
			err = fmt.Errorf("%w; %s ended%s", err, strings.Join(dead, ", "), c.lastWords(dead))
		}
		return nil, errors.Join(err, c.remove(keepLogs))
	}
	return c, nil
}

// prerequisites names everything that is missing at once.
func prerequisites() error {
	var missing []string
	for _, tool := range []string{"etcd", "containerd", "ctr", "runc", "iptables", "nft", "busybox", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if _, err := os.Stat("/usr/lib/cni/host-local"); err != nil {
		missing = append(missing, "the CNI plugins in /usr/lib/cni")
	}
	if len(missing) > 0 {
		return fmt.Errorf("not installed: %s (on Debian: sh test/deps.sh cluster)", strings.Join(missing, ", "))
	}
	if os.Geteuid() != 0 {
		return errors.New("needs root, for namespaces and containers")
	}
	return nil
}

// running returns a whole cluster as asked for, or nothing after the remains
// of a broken one are gone.
func running(ctx context.Context, d Dirs, o Options) (*Cluster, error) {
	c, err := find(d)
	if errors.Is(err, ErrNone) {
		return nil, nil //nolint:nilnil // no cluster is no error here
	}
	if err != nil {
		return nil, err
	}
	if err := c.whole(ctx); err != nil {
		fmt.Fprintf(o.Log, "remove what is left of a %s cluster: %v\n", c.CNI, err)
		return nil, c.remove(keepNothing)
	}
	if c.CNI != o.CNI || c.ProxyMode != o.ProxyMode {
		return nil, fmt.Errorf("a cluster is up with %s and %s since %s: take it down first (make cluster-down)",
			c.CNI, c.ProxyMode, c.Since.Format(time.DateTime))
	}
	fmt.Fprintf(o.Log, "up since %s\n", c.Since.Format(time.DateTime))
	return c, nil
}

// whole says what is wrong with a cluster that should be up.
func (c *Cluster) whole(ctx context.Context) error {
	if !c.Ready {
		return errNotReady
	}
	if dead := c.Dead(); len(dead) > 0 {
		return fmt.Errorf("%w: %s ended", errNotReady, strings.Join(dead, ", "))
	}
	a, err := c.serving(ctx)
	if err != nil {
		return err
	}
	a.close()
	return nil
}

// prepare makes the folder of a new cluster, with keys and state.
func prepare(d Dirs, o Options) (*Cluster, error) {
	if err := os.RemoveAll(d.Run); err != nil { // logs of one that did not come up
		return nil, fmt.Errorf("remove old logs: %w", err)
	}
	if err := os.MkdirAll(d.Run, 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	c := &Cluster{Version: stateVersion, Boot: boot, CNI: o.CNI, ProxyMode: o.ProxyMode, Since: time.Now(), Nodes: nodes(), dirs: d}
	if err := writeKeys(d, c.Nodes); err != nil {
		return nil, err
	}
	if err := copyProgram(d); err != nil {
		return nil, err
	}
	return c, c.save()
}

// bringUp starts everything, nodes beside the control plane, and waits.
func (c *Cluster) bringUp(ctx context.Context, o Options, tars []string) error {
	begin := time.Now()
	step := func(what string) {
		fmt.Fprintf(o.Log, "%5.1fs  %s\n", time.Since(begin).Seconds(), what)
	}
	if err := c.plug(ctx); err != nil {
		return err
	}
	step("two nodes on one switch, " + string(c.CNI))
	for _, name := range []string{Etcd, APIServerProcess} {
		if err := c.startControl(name); err != nil {
			return err
		}
	}
	a, err := c.serving(ctx)
	if err != nil {
		return err
	}
	defer a.close()
	step("API server serves on " + APIServer)
	for _, name := range []string{ControllerManager, Scheduler} {
		if err := c.startControl(name); err != nil {
			return err
		}
	}
	for _, n := range c.Nodes {
		if err := c.startNode(n); err != nil {
			return err
		}
	}
	g, ctx2 := errgroup.WithContext(ctx)
	for _, n := range c.Nodes {
		g.Go(func() error { return c.loadInto(ctx2, n, tars...) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	step("images are on the nodes")
	if err := c.untilReady(ctx, a, begin, c.Nodes...); err != nil {
		return err
	}
	step("nodes are ready, services work: kube-proxy in mode " + string(c.ProxyMode))
	c.Ready = true
	return c.save()
}
