package left

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pktrail/pktrail/internal/probe/within"
)

// sockets lists the packet sockets of a process's network namespace, of which
// Kubernetes has none, and unix sockets with our name.
func (p process) sockets() []string {
	var list []string
	for i, line := range p.lines("net/packet") {
		if i > 0 && strings.TrimSpace(line) != "" {
			list = append(list, "packet socket "+strings.Join(strings.Fields(line), " "))
		}
	}
	for _, line := range p.lines("net/unix") {
		if f := strings.Fields(line); len(f) == 8 && strings.Contains(filepath.Base(f[7]), mark) {
			list = append(list, "unix socket "+f[7])
		}
	}
	return list
}

// lines reads a file of a process; none if the process is gone.
func (p process) lines(name string) []string {
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// tables lists nft tables with our name in a process's network namespace.
func (p process) tables(ctx context.Context) ([]string, error) {
	cmd := exec.CommandContext(ctx, "nsenter", "--net="+filepath.Join(p.dir, "ns/net"), "--", "nft", "list", "tables")
	out, err := cmd.CombinedOutput()
	if err != nil {
		if p.link("ns/net") == "" {
			return nil, nil // the process has ended meanwhile
		}
		return nil, fmt.Errorf("list nft tables in the network of process %d: %w: %s", p.pid, err, out)
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, mark) {
			list = append(list, "nft "+strings.TrimSpace(line))
		}
	}
	return list, nil
}

// logger says whether programs get netfilter's log of a process's network namespace,
// and not nobody or the kernel: a trace of iptables-legacy has to change that.
func (p process) logger() []string {
	ns, err := os.Open(filepath.Join(p.dir, "ns/net"))
	if err != nil {
		return nil // the process has ended
	}
	defer ns.Close()
	var b []byte
	err = within.Do(ns, func() (err error) {
		b, err = os.ReadFile("/proc/sys/net/netfilter/nf_log/2") // 2 is AF_INET
		return err
	})
	name := strings.TrimSpace(string(b))
	if err != nil || name != "nfnetlink_log" {
		return nil
	}
	return []string{"netfilter logs IPv4 to " + name}
}
