package bed

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// InitCommand is the word by which Up's program starts itself as a node's
// first process: the caller of Up has to hand `InitCommand NAME` to Init.
const InitCommand = "init"

// criSocket is where containerd listens on a node, as everywhere.
const criSocket = "/run/containerd/containerd.sock"

// Init is a node's first process, in namespaces that were made for it: it
// prepares the file systems, starts containerd, kubelet and kube-proxy, buries
// orphans, and returns when one of the three has ended. With it, everything
// that runs on the node ends (pid_namespaces(7)).
func Init(name string) error {
	if os.Getpid() != 1 {
		return errors.New("init: not the first process of a PID namespace")
	}
	c, err := Find()
	if err != nil {
		return err
	}
	n, ok := c.Node(name)
	if !ok {
		return fmt.Errorf("init: there is no node %s", name)
	}
	if err := c.mounts(n); err != nil {
		return fmt.Errorf("init %s: %w", name, err)
	}
	if err := c.nodeFiles(n); err != nil {
		return fmt.Errorf("init %s: %w", name, err)
	}
	children := make(chan os.Signal, 1)
	signal.Notify(children, unix.SIGCHLD)
	services := map[int]string{}
	for _, s := range c.services(n) {
		if s.after != "" {
			if err := listening(s.after); err != nil {
				return fmt.Errorf("init %s: start %s: %w", name, s.name, err)
			}
		}
		pid, err := c.service(n, s)
		if err != nil {
			return fmt.Errorf("init %s: %w", name, err)
		}
		services[pid] = s.name
	}
	for range children {
		if ended := bury(services); ended != "" {
			return fmt.Errorf("init %s: %s", name, ended)
		}
	}
	return nil
}

// service is one of a node's daemons.
type service struct {
	name  string
	after string // a unix socket that has to listen first
	argv  []string
}

func (c *Cluster) services(n Node) []service {
	bin := c.dirs.Bin()
	return []service{
		{name: "containerd", argv: []string{"/usr/bin/containerd", "-c", "/etc/containerd/config.toml"}},
		{name: "kubelet", after: criSocket, argv: []string{
			filepath.Join(bin, "kubelet"), "--config=/etc/kubernetes/kubelet.yaml", "--kubeconfig=" + c.dirs.kubeconfig(n.Name),
			"--hostname-override=" + n.Name, "--node-ip=" + n.IP.String(), "--v=2",
		}},
		// It cannot set the machine's own limits, and need not.
		{name: "kube-proxy", argv: []string{
			filepath.Join(bin, "kube-proxy"), "--kubeconfig=" + c.dirs.kubeconfig("proxy"), "--hostname-override=" + n.Name,
			"--cluster-cidr=" + podNet, "--proxy-mode=" + string(c.ProxyMode), "--conntrack-max-per-core=0",
			"--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0", "--v=2",
		}},
	}
}

// service starts a daemon. It is not waited for here: bury does that for all.
func (c *Cluster) service(n Node, s service) (int, error) {
	log, err := os.OpenFile(filepath.Join(c.dirs.Logs(), n.Name+"-"+s.name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", s.name, err)
	}
	defer log.Close()
	cmd := &exec.Cmd{Path: s.argv[0], Args: s.argv, Dir: "/", Env: environment(), Stdout: log, Stderr: log}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", s.name, err)
	}
	return cmd.Process.Pid, nil
}

// bury collects all children that have ended, adopted ones too, and says which
// service is among them.
func bury(services map[int]string) string {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return ""
		}
		if name, ok := services[pid]; ok {
			return fmt.Sprintf("%s ended: exit status %d, signal %d", name, status.ExitStatus(), status.Signal())
		}
	}
}

// listening waits until somebody accepts connections on a unix socket.
func listening(socket string) error {
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = dial(socket); err == nil {
			return nil
		}
	}
	return err
}

func dial(socket string) error {
	conn, err := net.Dial("unix", socket) //nolint:noctx // a local socket answers at once or not at all
	if err != nil {
		return fmt.Errorf("wait for socket: %w", err)
	}
	return conn.Close()
}
