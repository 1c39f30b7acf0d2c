//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/test/e2e/stage"
)

// Packets that are there anyway are followed, from a pod to all backends of a
// service.
func TestTracePassive(t *testing.T) {
	s := newTraceStage(t)
	web := s.Deployment(t, s.ns, "web", 2) // one on each node
	svc := s.Service(t, s.ns, "web")
	s.answers(t, s.shell, svc)
	s.NothingLeft(t)
	syns := []string{"-f", "tcp[13] & 2 != 0"}

	t.Run("service with two backends", func(t *testing.T) {
		got := s.passive(t, append([]string{"shell", "svc/web:80", "--count", "12"}, syns...), func() { _, _ = s.Get(t, s.shell, svc.Cluster) })
		traceWant{outcome: "delivered", nodes: []string{node1, node2}, finding: "none", way: []string{node1 + "/shell", node1 + "/" + node1}, changes: []string{"DNAT " + svc.Cluster.String()}}.check(t, got)
		for _, backend := range web {
			place := backend.Node + "/" + backend.Name
			if !slices.ContainsFunc(got.Trails, func(p tracedTrail) bool {
				way, _, _ := p.told()
				return p.AnswerTo == 0 && p.Verdict.Outcome == "delivered" && way[len(way)-1] == place
			}) {
				t.Errorf("no packet went to %s:\n%s", place, got.ways())
			}
		}
		packets := 0
		for _, p := range got.Trails {
			if p.AnswerTo == 0 {
				packets++
			}
			if p.Verdict.Outcome != "delivered" {
				t.Errorf("%s: %+v", p.Packet, p.Verdict)
			}
		}
		if packets != 12 {
			t.Errorf("%d packets for --count 12", packets)
		}
	})
	t.Run("any", func(t *testing.T) {
		got := s.passive(t, append([]string{"shell", "any", "--count", "2"}, syns...), func() { _, _ = s.Get(t, s.shell, s.far.Web()) })
		traceWant{outcome: "delivered", nodes: []string{node1}, way: []string{node1 + "/shell", node1 + "/" + node1}}.check(t, got)
	})
	t.Run("from anybody", func(t *testing.T) {
		got := s.passive(t, append([]string{"any", "far:8080", "--count", "2"}, syns...), func() { _, _ = s.Get(t, s.shell, s.far.Web()) })
		traceWant{outcome: "delivered", node: node2, namespace: "far", nodes: []string{node2}, way: []string{node2 + "/" + node2, node2 + "/far"}}.check(t, got)
	})
	t.Run("deployment as the source", func(t *testing.T) {
		got := trace(t, s.Stage, s.ns, "deploy/web", "far:8080", "--probe", "tcp")
		traceWant{outcome: "delivered", node: node2, namespace: "far", says: "deploy/web has 2 pods; web-"}.check(t, got)
	})
	t.Run("first seen on a node", func(t *testing.T) {
		got := s.passive(t, append([]string{"shell", "far:8080", "--from-node", node1, "--count", "2"}, syns...), func() { _, _ = s.Get(t, s.shell, s.far.Web()) })
		traceWant{outcome: "delivered", node: node2, namespace: "far", way: []string{node1 + "/shell"}}.check(t, got)
	})
	t.Run("a filter", func(t *testing.T) {
		got := s.passive(t, []string{"shell", "far", "--count", "2", "--", "icmp"}, func() {
			s.Ping(t, s.shell, s.far.IP, 1)
			s.Ask(t, s.shell, s.far.Web(), 3, time.Millisecond)
		})
		traceWant{outcome: "delivered", node: node2, namespace: "far"}.check(t, got)
		for _, p := range got.Trails {
			if !strings.HasPrefix(p.Packet, "ICMP") {
				t.Errorf("%s passed the filter icmp", p.Packet)
			}
		}
	})
	t.Run("nothing comes", func(t *testing.T) {
		got := trace(t, s.Stage, s.ns, "shell", "far:8080", "--duration", "1s")
		traceWant{outcome: "unknown", text: "no packet was seen", code: 4, nodes: []string{node1, node2}}.check(t, got)
	})
	t.Run("stopped", func(t *testing.T) {
		s.AgentImage(t)
		r := s.Start(t, stage.RunOptions{}, "trace", "-n", s.ns, "shell", "far:8080")
		r.Says("waiting for packets between shell and far")
		got := r.Stop()
		if got.Code != 4 || !strings.Contains(got.Stdout, "unknown: no packet was seen") {
			t.Errorf("exit code %d, %q", got.Code, got.Stdout)
		}
	})
}

// passive runs a trace without a probe, and does something again and again
// while nodes are armed and until it ends.
func (s *traceStage) passive(t *testing.T, args []string, do func()) traced {
	t.Helper()
	s.AgentImage(t)
	return undisturbed(t, func() traced {
		r := s.Start(t, stage.RunOptions{}, append([]string{"trace", "--json", "-n", s.ns}, args...)...)
		ended := make(chan stage.Result, 1)
		go func() { ended <- r.Wait() }()
		for {
			do()
			select {
			case got := <-ended:
				return parseTrace(t, got)
			default:
			}
		}
	})
}

// What a trace saw is kept in a file: other tools read it, and two files show
// where two packets' ways part.
func TestTraceFile(t *testing.T) {
	s := newTraceStage(t)
	s.AgentImage(t)
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.pcapng"), filepath.Join(dir, "bad.pcapng")
	r := s.Pktrail(t, "trace", "-n", s.ns, "shell", "far:8080", "--probe", "tcp", "-o", good)
	if r.Code != 0 || !strings.Contains(r.Stdout, "delivered to web (pid ") {
		t.Fatalf("exit code %d: %s", r.Code, r.Stdout)
	}
	fields := tshark(t, good, "tcp.flags.syn==1 && tcp.flags.ack==0", "frame.interface_name", "ip.src", "ip.dst", "frame.comment")
	for _, want := range []string{
		"node1/shell/eth0", "node1/flannel.1", "node1/eth0", "node2/eth0", "node2/flannel.1", "node2/far/eth0",
		"route: 10.244.2.0/24 via 10.244.2.0 dev flannel.1",
	} {
		if !strings.Contains(fields, want) {
			t.Errorf("tshark shows no %s:\n%s", want, fields)
		}
	}
	if n := strings.Count(fields, "\n"); n < 8 {
		t.Errorf("tshark shows %d packets:\n%s", n, fields)
	}
	s.iptables(t, node2, "filter", "FORWARD", "-d", s.far.IP.String(), "-p", "tcp", "--dport", "8080", "-j", "DROP")
	r = s.Pktrail(t, "trace", "-n", s.ns, "shell", "far:8080", "--probe", "tcp", "--timeout", "1s", "-o", bad)
	if r.Code != 3 || !strings.Contains(r.Stdout, "dropped on node2, in filter FORWARD") {
		t.Fatalf("exit code %d: %s", r.Code, r.Stdout)
	}
	d := s.Pktrail(t, "diff", good+"#1", bad+"#1")
	for _, want := range []string{"TCP SYN", "delivered", "dropped", "FORWARD 1 DROP (only in bad)", "first difference: node2, filter FORWARD"} {
		if !strings.Contains(d.Stdout, want) {
			t.Errorf("diff does not say %q (exit code %d):\n%s%s", want, d.Code, d.Stdout, d.Stderr)
		}
	}
	if same := s.Pktrail(t, "diff", good+"#1", good+"#1"); same.Code != 0 {
		t.Errorf("a file and itself: exit code %d\n%s", same.Code, same.Stdout)
	}
}

// Wireshark calls the addresses in a trace's file what the cluster calls them.
func TestTraceNames(t *testing.T) {
	s := newTraceStage(t)
	s.AgentImage(t)
	s.answers(t, s.shell, s.one)
	file := filepath.Join(t.TempDir(), "a.pcapng")
	r := s.Pktrail(t, "trace", "-n", s.ns, "shell", "svc/far:80", "--probe", "tcp", "-o", file)
	if r.Code != 0 {
		t.Fatalf("exit code %d: %s", r.Code, r.Stdout)
	}
	// In two passes, as Wireshark does it: the names stand at the file's end.
	fields := tool(t, "tshark", "-r", file, "-2", "-N", "n", "-Y", "tcp.flags.syn==1 && tcp.flags.ack==0 && !vxlan", "-T", "fields", "-e", "ip.src_host", "-e", "ip.dst_host")
	for _, want := range []string{"shell." + s.ns + "\tfar." + s.ns + ".svc\n", "shell." + s.ns + "\tfar." + s.ns + "\n"} {
		if !strings.Contains(fields, want) {
			t.Errorf("tshark shows no %q:\n%s", want, fields)
		}
	}
	hosts := tool(t, "tshark", "-r", file, "-q", "-z", "hosts,ipv4")
	node, _ := s.Cluster.Node(node2)
	for _, want := range []string{node.IP.String() + "\tnode2\n", s.near.IP.String() + "\tnear." + s.ns + "\n"} {
		if !strings.Contains(hosts, want) {
			t.Errorf("tshark knows no %q:\n%s", want, hosts)
		}
	}
}

// tshark reads fields of the packets that a display filter lets through.
func tshark(t *testing.T, file, filter string, fields ...string) string {
	t.Helper()
	args := []string{"-r", file, "-d", "udp.port==8472,vxlan", "-Y", filter, "-T", "fields"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.CommandContext(t.Context(), "tshark", args...).Output()
	if err != nil {
		t.Fatalf("tshark %v: %v", args, err)
	}
	return string(out)
}

// What people read, and what they mistype.
func TestTraceText(t *testing.T) {
	s := newTraceStage(t)
	s.answers(t, s.shell, s.one)
	s.AgentImage(t)
	s.NothingLeft(t)
	for _, c := range []struct {
		name string
		args []string
		code int
		// out and err have these, in this order.
		out, err []string
	}{
		{"delivered", []string{"shell", "svc/far:80", "--probe", "tcp"}, 0, []string{
			"SYN  " + s.shell.IP.String(), " -> " + s.one.Cluster.String(), "delivered",
			"\nnode1\n  shell ", "eth0 out", "\n  host ", "DNAT " + s.one.Cluster.String() + " -> " + s.far.Web().String(), "kube-proxy", "flannel.1 out", "VXLAN 1",
			"\nnode2\n  host ", "VXLAN 1 removed", "\n  far ", "eth0 in", "taken by TCP",
			"\nreply  SYN-ACK delivered after", "source again " + s.one.Cluster.String(),
			"\ndelivered to web (pid ", ") in far on node2.  1 of 1, missed 0\n", // another user's process
		}, []string{"on node1, node2", "armed in ", " on node1, node2; nothing blind on this path; one connect() from shell"}},
		{"refused", []string{"shell", "far:8081", "--probe", "tcp"}, 3, []string{
			"REJECTED", "\nnode2\n", "\n  far ", "x ", "refused: TCP reset", "\nrejected by far on node2: nothing listens on TCP port 8081\n",
			"\n  why ", "what does listen", ":8080", "\n  fix ", "missed 0",
		}, nil},
		{"verbose", []string{"shell", "near:8080", "--probe", "tcp", "-v"}, 0, []string{"\nnode1\n", "shell", "near", "delivered to web (pid ", ") in near on node1"}, nil},
		{"pod that is not there", []string{"shell", "faar:8080", "--probe", "tcp"}, 1, nil, []string{"there is no pod faar in namespace " + s.ns, "hint: did you mean far?"}},
		{"service that is not there", []string{"shell", "svc/web:80", "--probe", "tcp"}, 1, nil, []string{"there is no service web in namespace " + s.ns}},
		{"node that is not there", []string{"node/node7", "far:8080", "--probe", "tcp"}, 1, nil, []string{"node7"}},
		{"service as the source", []string{"svc/far", "shell", "--probe", "tcp"}, 2, nil, []string{"nothing sets out from it", "hint: name a pod as the source"}},
		{"source outside", []string{"192.0.2.1", "far:8080", "--probe", "tcp"}, 2, nil, []string{"192.0.2.1 is not there", "hint: name the source as a pod or node"}},
		{"no port", []string{"shell", "far", "--probe", "tcp"}, 2, nil, []string{"a tcp probe needs a port"}},
		{"no end inside", []string{"pod/shell", "any", "--probe", "udp"}, 2, nil, []string{"a probe needs a destination"}},
		{"from inside", []string{"shell", "far:8080", "--probe", "tcp", "--method", "exec"}, 2, nil, []string{"--method exec sees the inside of a pod only", "hint: leave --method out"}},
		{"no such node on the way", []string{"shell", "far:8080", "--from-node", "node9", "--probe", "tcp"}, 2, nil, []string{`no node "node9" on the way`, "there are: node1, node2"}},
		{"filter", []string{"shell", "far:8080", "-f", "tcp prot 80"}, 2, nil, []string{"error"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.Pktrail(t, append([]string{"trace", "-n", s.ns}, c.args...)...)
			if got.Code != c.code {
				t.Errorf("exit code %d, want %d", got.Code, c.code)
			}
			inOrder(t, "stdout", got.Stdout, c.out)
			inOrder(t, "stderr", got.Stderr, c.err)
			if c.out == nil && got.Stdout != "" {
				t.Errorf("stdout %q", got.Stdout)
			}
			for line := range strings.SplitSeq(got.Stdout, "\n") {
				if len([]rune(line)) > 100 {
					t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
				}
			}
		})
	}
}

func inOrder(t *testing.T, name, text string, want []string) {
	t.Helper()
	rest := text
	for _, w := range want {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Errorf("%s does not say %q in its place:\n%s", name, w, text)
			return
		}
		rest = after
	}
}
