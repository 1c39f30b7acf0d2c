//go:build e2e

package e2e

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// A node without a filter: what carries the capture is not captured, or each
// packet would make more of them.
func TestCaptureNode(t *testing.T) {
	c := newCast(t)
	out := file(t)
	r := capturing(t, c.s, "node/node1", "-o", out)
	const size = 20 << 20
	if n := c.s.Load(t, c.shell, c.web.Web(), size); n != size {
		t.Errorf("%d bytes were loaded", n)
	}
	// What is written by now was carried while the capture went on.
	time.Sleep(3 * time.Second)
	ended(t, r.Stop(), "as a Job in namespace pktrail on node1")
	info, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() < size || info.Size() > size*5/4 {
		t.Errorf("the file has %d bytes, for %d that were loaded", info.Size(), size)
	}
	kubelet := 0
	for _, f := range frames(t, out) {
		if !strings.HasPrefix(f.Interface, "node1/") {
			t.Fatalf("a packet at %s", f.Interface)
		}
		if strings.Contains(" "+f.TCP+" ", " 10250 ") {
			kubelet++
		}
	}
	if kubelet != 0 {
		t.Errorf("%d packets of the kubelet's port", kubelet)
	}
}

// A node's taints keep pods away, and no agent; nor does cordon.
func TestCaptureTaintedNode(t *testing.T) {
	c := newCast(t)
	c.s.Taint(t, node2, corev1.Taint{Key: "e2e", Value: "capture", Effect: corev1.TaintEffectNoSchedule})
	c.s.Kubectl(t, "cordon", node2)
	t.Cleanup(func() { c.s.Kubectl(t, "uncordon", node2) })
	r := capturing(t, c.s, "web", "-n", c.ns, "-f", "icmp", "--count", "2")
	c.s.Ping(t, c.shell, c.web.IP, 1)
	ended(t, r.Wait(), "as a Job in namespace pktrail on node2")
}

// Who drives all pods from a node keeps no agent away from it either, nor ends
// one that is there.
func TestCaptureEvictingNode(t *testing.T) {
	c := newCast(t)
	evict := corev1.Taint{Key: "e2e", Value: "capture", Effect: corev1.TaintEffectNoExecute}
	node, _ := c.s.Cluster.Node(node2)
	before := capturing(t, c.s, "node/node2", "-f", "icmp")
	c.s.Taint(t, node2, evict)
	labtest.Wait(t, time.Minute, "the pod to be evicted", func() bool {
		_, err := c.s.KubectlAs(t, c.s.Cluster.Kubeconfig(), "get", "pod", "-n", c.ns, c.web.Name)
		return err != nil && strings.Contains(err.Error(), "NotFound")
	})
	c.s.Ping(t, c.shell, node.IP, 1)
	before.Prints("echo reply")
	ended(t, before.Stop(), "ended by Ctrl-C")
	after := capturing(t, c.s, "node/node2", "-f", "icmp", "--count", "2")
	c.s.Ping(t, c.shell, node.IP, 1)
	ended(t, after.Wait(), "node2")
}

// transfer is what the case below moves.
const transfer = 200 << 20

// What a pod moves is in the file, or counted as missed, to the packet: the
// kernel in the pod counts on its own.
func TestCaptureTransfer(t *testing.T) {
	c := newCast(t)
	t.Run("file", func(t *testing.T) {
		out := file(t)
		r := capturing(t, c.s, "shell", "-n", c.ns, "-f", "tcp port 8080", "-o", out)
		counted := c.counter(t)
		c.load(t)
		want := counted()
		end := r.Stop()
		ended(t, end)
		taken, missed := totals(t, end, "shell")
		t.Logf("%d packets, %d of them missed", want, missed)
		if taken+missed != want {
			t.Errorf("%d packets and %d missed, of %d", taken, missed, want)
		}
		if n := inFile(t, out); n != taken {
			t.Errorf("%d packets in the file, %d in the summary", n, taken)
		}
	})
	// A reader that does not read fills everything between it and the kernel.
	t.Run("stalled reader", func(t *testing.T) {
		out := file(t)
		from, to, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c.s.AgentImage(t)
		r := c.s.Start(t, stage.RunOptions{Stdout: to}, "capture", "shell", "-n", c.ns, "-f", "tcp port 8080", "-o", "-", "--buffer", "1MiB")
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		catches(r)
		counted := c.counter(t)
		c.load(t)
		want := counted()
		done := drain(t, from, out)
		c.s.Ping(t, c.shell, c.web.IP, 1) // it flows again; not of the filter
		end := r.Stop()
		<-done
		ended(t, end)
		taken, missed := totals(t, end, "shell")
		t.Logf("%d packets, %d of them missed", want, missed)
		if taken+missed != want {
			t.Errorf("%d packets and %d missed, of %d", taken, missed, want)
		}
		if missed == 0 {
			t.Error("nothing was missed: the reader has not stalled")
		}
		if n := inFile(t, out); n != taken {
			t.Errorf("%d packets in the file, %d in the summary", n, taken)
		}
	})
}

func (c *cast) load(t *testing.T) {
	t.Helper()
	if n := c.s.Load(t, c.shell, c.web.Web(), transfer); n != transfer {
		t.Errorf("%d bytes were loaded", n)
	}
}

// counter lets the kernel count the packets of the web server in the shell pod,
// until the returned function asks how many there were.
func (c *cast) counter(t *testing.T) func() int {
	t.Helper()
	nft := func(args ...string) string {
		t.Helper()
		return c.s.InNetwork(t, c.shell, append([]string{"nft"}, args...)...)
	}
	nft("add table inet e2e; add counter inet e2e web;" +
		"add chain inet e2e in { type filter hook input priority -400; }; add rule inet e2e in tcp sport 8080 counter name web;" +
		"add chain inet e2e out { type filter hook output priority 400; }; add rule inet e2e out tcp dport 8080 counter name web")
	t.Cleanup(func() { nft("delete table inet e2e") })
	now := func() int {
		t.Helper()
		words := strings.Fields(nft("list counter inet e2e web"))
		for i, w := range words {
			if n, err := strconv.Atoi(words[min(i+1, len(words)-1)]); w == "packets" && err == nil {
				return n
			}
		}
		t.Fatalf("nft says %q", words)
		return 0
	}
	return func() (n int) {
		t.Helper()
		n = now()
		labtest.Wait(t, 10*time.Second, "the end of the connection", func() bool {
			time.Sleep(300 * time.Millisecond) // it is quiet for so long
			before := n
			n = now()
			return n == before
		})
		return n
	}
}

// inFile counts packets as capinfos does.
func inFile(t *testing.T, file string) int {
	t.Helper()
	words := strings.Fields(tool(t, "capinfos", "-T", "-r", "-M", "-c", file))
	n, err := strconv.Atoi(words[len(words)-1])
	if err != nil {
		t.Fatalf("capinfos says %q", words)
	}
	return n
}

// drain writes what comes into a file. The channel is closed at its end.
func drain(t *testing.T, from io.ReadCloser, file string) <-chan struct{} {
	t.Helper()
	to, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := io.Copy(to, from)
		if err = errors.Join(err, to.Close(), from.Close()); err != nil {
			t.Error(err)
		}
	}()
	return done
}
