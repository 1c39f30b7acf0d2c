//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/test/e2e/stage"
)

// cast are the pods that most cases need.
type cast struct {
	s           *stage.Stage
	ns          string
	shell       stage.Pod // on node1
	web         stage.Pod // on node2, without shell, root and capabilities
	two, atHost stage.Pod // on node2, on node1
}

func newCast(t *testing.T) *cast {
	t.Helper()
	s := stage.Open(t)
	c := &cast{s: s, ns: s.Namespace(t, stage.Unlabelled)}
	c.shell = s.Shell(t, c.ns, "shell", node1)
	c.web = s.Distroless(t, c.ns, "web", node2)
	return c
}

// Every kind of pod is captured from its node.
func TestCapturePods(t *testing.T) {
	c := newCast(t)
	c.two = c.s.TwoContainers(t, c.ns, "two", node2)
	c.atHost = c.s.HostNetwork(t, c.ns, "at-host", node1)
	t.Run("shell", c.shellPod)
	t.Run("distroless", c.distroless)
	t.Run("container", c.container)
	t.Run("hostNetwork", c.hostNetwork)
	t.Run("two targets", c.twoTargets)
	t.Run("restricted", c.restricted)
}

func (c *cast) shellPod(t *testing.T) {
	out := file(t)
	r := capturing(t, c.s, "pod/shell", "-n", c.ns, "-f", "icmp", "-o", out)
	c.s.Ping(t, c.shell, c.web.IP, 3)
	end := r.Stop()
	ended(t, end, "as a Job in namespace pktrail on node1", "ended by Ctrl-C")
	if n, missed := totals(t, end, "shell"); n != 6 || missed != 0 {
		t.Errorf("%d packets, %d missed", n, missed)
	}
	list := frames(t, out)
	once(t, list, 6, "shell")
	if n := count(list, func(f *frame) string { return f.Interface }); n["node1/shell/eth0"] != 6 {
		t.Errorf("interfaces: %v", n)
	}
}

// On screen there is a line for each packet, while it goes.
func (c *cast) distroless(t *testing.T) {
	r := capturing(t, c.s, "web", "-n", c.ns, "-f", "icmp")
	c.s.Ping(t, c.shell, c.web.IP, 1)
	r.Prints(fmt.Sprintf("web eth0 In  IP %s > %s: ICMP echo request", c.shell.IP, c.web.IP))
	r.Prints(fmt.Sprintf("web eth0 Out IP %s > %s: ICMP echo reply", c.web.IP, c.shell.IP))
	ended(t, r.Stop(), "on node2", "ended by Ctrl-C")
}

func (c *cast) container(t *testing.T) {
	refused(t, c.s.Pktrail(t, "capture", "two", "-n", c.ns, "-c", "shel"), 1, `has no container "shel"`, "its containers: web, shell")
	r := capturing(t, c.s, "two", "-n", c.ns, "-c", "shell", "-f", "icmp", "--count", "4")
	c.s.Ping(t, c.shell, c.two.IP, 2)
	end := r.Wait()
	ended(t, end, "ended by --count 4")
	if n := strings.Count(end.Stdout, "two eth0"); n != 4 {
		t.Errorf("%d lines:\n%s", n, end.Stdout)
	}
}

// A pod in its node's network would take all of the node's packets along.
func (c *cast) hostNetwork(t *testing.T) {
	refused(t, c.s.Pktrail(t, "capture", "at-host", "-n", c.ns), 2,
		"at-host uses the network of its node (hostNetwork): all packets of the node would be captured", "-f '", "node/node1")
	out := file(t)
	r := capturing(t, c.s, "at-host", "-n", c.ns, "-f", "icmp and host "+c.web.IP.String(), "-i", "flannel.1", "-o", out)
	c.s.Ping(t, c.atHost, c.web.IP, 2)
	ended(t, r.Stop(), "ended by Ctrl-C")
	once(t, frames(t, out), 4, node1) // it has no interface but the node's
}

// What goes from one target to the other is in the file once for each of them.
func (c *cast) twoTargets(t *testing.T) {
	out := file(t)
	r := capturing(t, c.s, "shell", "web", "-n", c.ns, "-f", "icmp", "-o", out)
	c.s.Ping(t, c.shell, c.web.IP, 10)
	end := r.Stop()
	ended(t, end, "on node1, node2")
	once(t, frames(t, out), 20, "shell", "web")
	for _, name := range []string{"shell", "web"} {
		if n, missed := totals(t, end, name); n != 20 || missed != 0 {
			t.Errorf("%s: %d packets, %d missed", name, n, missed)
		}
	}
}

// The target's namespace admits no agent, and none has to be there.
func (c *cast) restricted(t *testing.T) {
	ns := c.s.Namespace(t, stage.Restricted)
	web := c.s.Distroless(t, ns, "locked", node1)
	out := file(t)
	r := capturing(t, c.s, "locked", "-n", ns, "-f", "icmp", "-o", out)
	c.s.Ping(t, c.shell, web.IP, 2)
	ended(t, r.Stop(), "in namespace pktrail on node1")
	once(t, frames(t, out), 4, "locked")

	end := c.s.Pktrail(t, "capture", "locked", "-n", ns, "--agent-namespace", ns)
	says(t, end, 1, "PodSecurity", "pktrail: hint: kubectl label namespace "+ns)
	if end.Took > 20*time.Second {
		t.Errorf("it took %v to see that", end.Took)
	}
}

// Workloads and services are their pods.
func TestCaptureService(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	shell := s.Shell(t, ns, "shell", node1)
	pods := s.Deployment(t, ns, "web", 2)
	svc := s.Service(t, ns, "web")
	out := file(t)
	r := capturing(t, s, "svc/web", "-n", ns, "-f", "udp port 8080", "-o", out)
	for range 6 { // each has a port of its own, so the service chooses anew
		if n := s.Ask(t, shell, svc.Cluster, 1, 0); n != 1 {
			t.Error("no answer of the service")
		}
	}
	for _, p := range pods { // however it chose, both were asked
		s.Ask(t, shell, p.Web(), 1, 0)
	}
	ended(t, r.Stop(), "on node1, node2")
	list := frames(t, out)
	n := count(list, func(f *frame) string { return f.Interface })
	if len(list) != 2*(6+2) || len(n) != 2 || n[node1+"/"+pods[0].Name+"/eth0"] == 0 || n[node2+"/"+pods[1].Name+"/eth0"] == 0 {
		t.Errorf("%d packets: %v", len(list), n)
	}
}

// Limits, and where the packets go.
func TestCaptureOutput(t *testing.T) {
	c := newCast(t)
	t.Run("count", c.count)
	t.Run("duration", c.duration)
	t.Run("pipe", c.pipe)
	t.Run("pcap", c.pcap)
	t.Run("filter", c.filter)
	t.Run("plugin", c.plugin)
}

// A count is one of all nodes together.
func (c *cast) count(t *testing.T) {
	out := file(t)
	r := capturing(t, c.s, "shell", "web", "-n", c.ns, "-f", "icmp", "-o", out, "--count", "7")
	c.s.Ping(t, c.shell, c.web.IP, 4)
	end := r.Wait()
	ended(t, end, "ended by --count 7")
	if n := len(frames(t, out)); n != 7 {
		t.Errorf("%d packets in the file", n)
	}
	a, _ := totals(t, end, "shell")
	b, _ := totals(t, end, "web")
	if a+b != 7 {
		t.Errorf("%d and %d packets in the summary", a, b)
	}
}

func (c *cast) duration(t *testing.T) {
	r := capturing(t, c.s, "web", "-n", c.ns, "-f", "icmp", "--duration", "2s")
	begin := time.Now()
	end := r.Wait()
	ended(t, end, "ended by the limit of time (--duration) after ", "ends after 2.0 s")
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
}

// The stream can be piped, comes while it is captured, and its reader may
// leave.
func (c *cast) pipe(t *testing.T) {
	c.s.AgentImage(t)
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r := c.s.Start(t, stage.RunOptions{Stdout: to}, "capture", "shell", "-n", c.ns, "-f", "icmp", "-o", "-")
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	reader := exec.CommandContext(t.Context(), "tshark", "-l", "-n", "-r", "-", "-c", "2")
	reader.Stdin = from
	said, err := reader.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Start(); err != nil {
		t.Fatal(err)
	}
	if err := from.Close(); err != nil { // it is the reader's alone
		t.Fatal(err)
	}
	catches(r)
	c.s.Ping(t, c.shell, c.web.IP, 1)
	all, err := io.ReadAll(said) // it ends after two packets, and the capture goes on
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Wait(); err != nil {
		t.Errorf("tshark: %v", err)
	}
	if n := strings.Count(string(all), "Echo (ping)"); n != 2 {
		t.Errorf("tshark says %q", all)
	}
	c.s.Ping(t, c.shell, c.web.IP, 1) // nobody reads it
	ended(t, r.Wait(), "ended by the reader of the output")
}

// Classic pcap has no interfaces; tcpdump reads it.
func (c *cast) pcap(t *testing.T) {
	out := file(t)
	r := capturing(t, c.s, "shell", "web", "-n", c.ns, "-f", "icmp", "-o", out, "--pcap")
	c.s.Ping(t, c.shell, c.web.IP, 2)
	ended(t, r.Stop())
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 4 || !slices.Contains([]string{"\xd4\xc3\xb2\xa1", "\x4d\x3c\xb2\xa1"}, string(b[:4])) {
		t.Errorf("the file begins with %q", b[:min(4, len(b))])
	}
	if n := strings.Count(tool(t, "tcpdump", "-n", "-r", out), "ICMP echo"); n != 8 {
		t.Errorf("tcpdump sees %d packets", n)
	}
}

// A filter arrives as it was written; quotes are none of its language.
func (c *cast) filter(t *testing.T) {
	out := file(t)
	text := fmt.Sprintf(`(icmp[icmptype] = icmp-echoreply or (ip proto \udp and not (port 53))) and host %s`, c.web.IP)
	r := capturing(t, c.s, "shell", "-n", c.ns, "-o", out, "-f", text)
	jobs := c.s.Kubectl(t, "get", "jobs", "-n", "pktrail", "-o", `jsonpath={.items[*].metadata.annotations.pktrail\.io/filter}`)
	if !strings.Contains(jobs, text) {
		t.Errorf("the agent's Job says %q", jobs)
	}
	c.s.Ping(t, c.shell, c.web.IP, 2)
	c.s.Ask(t, c.shell, c.web.Web(), 1, 0)
	ended(t, r.Stop())
	n := count(frames(t, out), func(f *frame) string { return f.Src })
	if n[c.web.IP.String()] != 3 || n[c.shell.IP.String()] != 1 { // two replies and the datagrams
		t.Errorf("packets by source: %v", n)
	}
	refused(t, c.s.Pktrail(t, "capture", "shell", "-n", c.ns, "-f", `host "`+c.web.IP.String()+`"`), 2,
		"filter: unexpected character", "the expression itself has no quotes")
}

// It is the same as a plugin of kubectl, with its -n and words behind --.
func (c *cast) plugin(t *testing.T) {
	c.s.AgentImage(t)
	r := c.s.Start(t, stage.RunOptions{Plugin: true}, "capture", "web", "--namespace="+c.ns, "--count", "2", "--", "icmp", "and", "host", c.shell.IP.String())
	catches(r)
	c.s.Ping(t, c.shell, c.web.IP, 1)
	end := r.Wait()
	ended(t, end, "ended by --count 2")
	if strings.Count(end.Stdout, "ICMP echo") != 2 {
		t.Errorf("it prints\n%s", end.Stdout)
	}
}
