package bed

import (
	"fmt"
	"path/filepath"

	"github.com/pktrail/pktrail/test/cluster/machine"
)

// InitCommand is the word by which Up's program starts itself as a node's
// first process: the caller of Up has to hand `InitCommand NAME` to Init.
const InitCommand = "init"

// criSocket is where containerd listens on a node, as everywhere.
const criSocket = "/run/containerd/containerd.sock"

// Init is a node's first process, in namespaces that were made for it: it
// starts containerd, kubelet and kube-proxy, and returns when one of the three
// has ended. With it, everything on the node ends.
func Init(name string) error {
	c, err := Find()
	if err != nil {
		return err
	}
	n, ok := c.Node(name)
	if !ok {
		return fmt.Errorf("init: there is no node %s", name)
	}
	if err := machine.Enter(name, c.dirs.node(name)); err != nil {
		return err
	}
	if err := c.nodeFiles(n); err != nil {
		return fmt.Errorf("init %s: %w", name, err)
	}
	return fmt.Errorf("init %s: %w", name, machine.Run(c.services(n)...))
}

func (c *Cluster) services(n Node) []machine.Service {
	bin := c.dirs.Bin()
	log := func(name string) string { return filepath.Join(c.dirs.Logs(), n.Name+"-"+name+".log") }
	return []machine.Service{
		{Name: "containerd", Log: log("containerd"), Argv: []string{"/usr/bin/containerd", "-c", "/etc/containerd/config.toml"}},
		{Name: "kubelet", Log: log("kubelet"), After: criSocket, Again: 20, Argv: []string{
			filepath.Join(bin, "kubelet"), "--config=/etc/kubernetes/kubelet.yaml", "--kubeconfig=" + c.dirs.kubeconfig(n.Name),
			"--hostname-override=" + n.Name, "--node-ip=" + n.IP.String(), "--v=2",
		}},
		// It cannot set the real machine's limits, and need not.
		{Name: "kube-proxy", Log: log("kube-proxy"), Argv: []string{
			filepath.Join(bin, "kube-proxy"), "--kubeconfig=" + c.dirs.kubeconfig("proxy"), "--hostname-override=" + n.Name,
			"--cluster-cidr=" + podNet, "--proxy-mode=" + string(c.ProxyMode), "--conntrack-max-per-core=0",
			"--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0", "--v=2",
		}},
	}
}
