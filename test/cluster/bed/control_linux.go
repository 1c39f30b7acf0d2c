package bed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/pktrail/pktrail/test/cluster/machine"
)

// Names of the processes on the machine itself.
const (
	Etcd              = "etcd"
	APIServerProcess  = "apiserver"
	ControllerManager = "controller-manager"
	Scheduler         = "scheduler"
)

// control lists the control plane, in the order in which it starts.
func control(d Dirs) []struct {
	name string
	argv []string
} {
	clients := func(user string) []string {
		file := d.kubeconfig(user)
		return []string{
			"--kubeconfig=" + file, "--authentication-kubeconfig=" + file, "--authorization-kubeconfig=" + file,
			"--bind-address=127.0.0.1", "--leader-elect=false", "--v=1",
		}
	}
	return []struct {
		name string
		argv []string
	}{
		{Etcd, []string{
			"etcd", "--data-dir=" + filepath.Join(d.Run, "etcd"), "--initial-cluster=default=" + etcdPeer,
			"--listen-client-urls=" + etcdClient, "--advertise-client-urls=" + etcdClient,
			"--listen-peer-urls=" + etcdPeer, "--initial-advertise-peer-urls=" + etcdPeer,
		}},
		{APIServerProcess, []string{
			filepath.Join(d.Bin(), "kube-apiserver"), "--etcd-servers=" + etcdClient,
			"--bind-address=" + HostIP, "--advertise-address=" + HostIP, "--secure-port=6443",
			"--service-cluster-ip-range=" + serviceNet,
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
			"--client-ca-file=" + d.pki("ca.crt"),
			"--tls-cert-file=" + d.pki("apiserver.crt"), "--tls-private-key-file=" + d.pki("apiserver.key"),
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + d.pki("sa.pub"), "--service-account-signing-key-file=" + d.pki("sa.key"),
			"--kubelet-client-certificate=" + d.pki("kubelet-client.crt"), "--kubelet-client-key=" + d.pki("kubelet-client.key"),
			"--kubelet-certificate-authority=" + d.pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
			"--allow-privileged=true", "--v=1",
		}},
		{ControllerManager, append([]string{
			filepath.Join(d.Bin(), "kube-controller-manager"),
			"--service-account-private-key-file=" + d.pki("sa.key"), "--root-ca-file=" + d.pki("ca.crt"),
			"--use-service-account-credentials",
		}, clients("controller-manager")...)},
		{Scheduler, append([]string{filepath.Join(d.Bin(), "kube-scheduler")}, clients("scheduler")...)},
	}
}

// startControl starts one part of the control plane.
func (c *Cluster) startControl(name string) error {
	for _, p := range control(c.dirs) {
		if p.name == name {
			return c.keep(machine.Start(machine.Options{Name: name, Log: c.dirs.log(name), Argv: p.argv}))
		}
	}
	return fmt.Errorf("start %s: there is no such part", name)
}

// startNode starts a node's first process, which starts the rest (Init).
func (c *Cluster) startNode(n Node) error {
	dir := c.dirs.node(n.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	return c.keep(machine.Boot(machine.Options{
		Name: n.Name, Log: c.dirs.log(n.Name), Argv: []string{c.dirs.program(), InitCommand, n.Name},
		Env: []string{cacheVariable + "=" + c.dirs.Cache},
	}, dir, n.Space))
}

// keep notes a process that was just started, in place of one that had its name.
func (c *Cluster) keep(p machine.Process, err error) error {
	if err != nil {
		return err
	}
	c.Processes = append(slices.DeleteFunc(c.Processes, func(old machine.Process) bool { return old.Name == p.Name }), p)
	if err := c.save(); err != nil {
		return errors.Join(err, p.Kill()) // nobody could find it again
	}
	return nil
}

// program is a copy of the running executable, which `go run` removes when it
// ends and which nodes need when they are started again.
func (d Dirs) program() string { return filepath.Join(d.Run, "cluster") }

// copyProgram makes that copy.
func copyProgram(d Dirs) error {
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("copy own program: %w", err)
	}
	if err := os.WriteFile(d.program(), b, 0o755); err != nil {
		return fmt.Errorf("copy own program: %w", err)
	}
	return nil
}
