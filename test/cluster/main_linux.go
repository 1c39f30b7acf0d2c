package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/test/cluster/bed"
)

const usage = `usage: cluster COMMAND

  up [--cni flannel|ptp] [--proxy-mode iptables|nftables]
                      make a cluster, or take the one that is up
  down                remove it; no error if there is none
  env [--user NAME [--group GROUP]...]
                      print what a shell needs to use it; with --user as a user
                      of that name, who may do nothing that is not granted
  status              print what runs
  load IMAGE.tar      import an image into both nodes
  restart NAME        kill and start again: apiserver, etcd, controller-manager,
                      scheduler, node1, node2
  on NODE COMMAND...  run a command on a node
  with [up's flags] -- COMMAND...
                      run a command with a cluster, and remove the cluster
                      afterwards if it was not there before
  build               compile Kubernetes into the cache
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// run gives the exit code where it is not that of an error: a command's own.
func run(ctx context.Context, args []string, out io.Writer) (int, error) {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2, nil
	}
	command, args := args[0], args[1:]
	switch command {
	case "up":
		return 0, up(ctx, args, out)
	case "down":
		return 0, down(ctx)
	case "env":
		return 0, env(args, out)
	case "status":
		return 0, status(out)
	case "build":
		dir, err := bed.Build(ctx, os.Stderr)
		if err == nil {
			fmt.Fprintln(out, dir)
		}
		return 0, err
	case "load":
		return 0, each(args, func(c *bed.Cluster, tar string) error { return c.Load(ctx, tar) })
	case "restart":
		return 0, each(args, func(c *bed.Cluster, name string) error { return c.Restart(ctx, name) })
	case "on":
		return on(ctx, args)
	case "with":
		return with(ctx, args)
	case bed.InitCommand: // a node's first process: see bed.Init
		if len(args) == 1 {
			return 0, bed.Init(args[0])
		}
	case "help", "-h", "--help":
		fmt.Fprint(out, usage)
		return 0, nil
	}
	fmt.Fprint(os.Stderr, usage)
	return 2, nil
}

func upFlags(name string, o *bed.Options) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.StringVar((*string)(&o.CNI), "cni", string(bed.Flannel), "how packets get from node to node: flannel or ptp")
	f.StringVar((*string)(&o.ProxyMode), "proxy-mode", string(bed.IPTables), "how services are made: iptables or nftables")
	return f
}

func up(ctx context.Context, args []string, out io.Writer) error {
	o := bed.Options{Log: os.Stderr}
	f := upFlags("up", &o)
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("up takes no %q", f.Arg(0))
	}
	c, err := bed.Up(ctx, o)
	if err != nil {
		return err
	}
	printEnv(out, c, c.Kubeconfig())
	return nil
}

func down(ctx context.Context) error {
	err := bed.Down(context.WithoutCancel(ctx))
	if errors.Is(err, bed.ErrNone) {
		fmt.Fprintln(os.Stderr, err)
		return nil
	}
	return err
}

type words []string

func (w *words) String() string     { return strings.Join(*w, ",") }
func (w *words) Set(s string) error { *w = append(*w, s); return nil }

func env(args []string, out io.Writer) error {
	f := flag.NewFlagSet("env", flag.ContinueOnError)
	user := f.String("user", "", "a user's name")
	var groups words
	f.Var(&groups, "group", "a group that the user is in; may be repeated")
	if err := f.Parse(args); err != nil {
		return err
	}
	c, err := bed.Find()
	if err != nil {
		return err
	}
	path := c.Kubeconfig()
	if *user != "" {
		if path, err = c.User(*user, groups...); err != nil {
			return err
		}
	}
	printEnv(out, c, path)
	return nil
}

func printEnv(out io.Writer, c *bed.Cluster, kubeconfig string) {
	fmt.Fprintf(out, "export KUBECONFIG='%s'\nexport PATH='%s':\"$PATH\"\n", kubeconfig, filepath.Dir(c.Kubectl()))
}

func status(out io.Writer) error {
	c, err := bed.Find()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, kube-proxy in mode %s, up since %s, logs in %s\n", c.CNI, c.ProxyMode, c.Since.Format(time.DateTime), c.Logs())
	dead := strings.Join(c.Dead(), " ")
	for _, p := range c.Processes {
		state := "runs"
		if strings.Contains(" "+dead+" ", " "+p.Name+" ") {
			state = "ended"
		}
		fmt.Fprintf(out, "%-20s %7d  %s\n", p.Name, p.PID, state)
	}
	return nil
}

// each does something with the cluster for each argument.
func each(args []string, do func(*bed.Cluster, string) error) error {
	if len(args) == 0 {
		return errors.New("an argument is missing")
	}
	c, err := bed.Find()
	for _, a := range args {
		if err == nil {
			err = do(c, a)
		}
	}
	return err
}

func on(ctx context.Context, args []string) (int, error) {
	if len(args) < 2 {
		return 2, errors.New("on NODE COMMAND")
	}
	c, err := bed.Find()
	if err != nil {
		return 1, err
	}
	n, ok := c.Node(args[0])
	if !ok {
		return 2, fmt.Errorf("there is no node %s", args[0])
	}
	cmd, err := c.On(ctx, n, args[1:]...)
	if err != nil {
		return 1, err
	}
	return attached(cmd)
}

// attached runs a command on our own terminal and gives its exit code.
func attached(cmd *exec.Cmd) (int, error) {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// It hears of Ctrl-C itself; only if it does not listen is it killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// with leaves everything as it found it: a cluster that was up stays up.
func with(ctx context.Context, args []string) (code int, err error) {
	o := bed.Options{Log: os.Stderr}
	f := upFlags("with", &o)
	if err := f.Parse(args); err != nil {
		return 2, err
	}
	if f.NArg() == 0 {
		return 2, errors.New("with [flags] -- COMMAND")
	}
	_, before := bed.Find()
	c, err := bed.Up(ctx, o)
	if err != nil {
		return 1, err
	}
	if errors.Is(before, bed.ErrNone) {
		defer func() {
			if e := bed.Down(context.WithoutCancel(ctx)); e != nil {
				err = errors.Join(err, e)
			}
		}()
	}
	cmd := exec.CommandContext(ctx, f.Arg(0), f.Args()[1:]...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig(), "PATH="+filepath.Dir(c.Kubectl())+":"+os.Getenv("PATH"))
	return attached(cmd)
}
