//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/test/e2e/stage"
)

// However a capture is ended that its user still has in hand, it sums up, its
// file is whole and nothing is left.
func TestRobustEnds(t *testing.T) {
	r := newTrial(t)
	k := r.talk(t)
	type run struct {
		method, how, file string
		c                 *stage.Running
	}
	said := map[string]string{
		"count": "ended by --count 20", "duration": "ended by the limit of time",
		"SIGINT": "ended by Ctrl-C", "SIGTERM": "ended by SIGTERM", "SIGHUP": "ended by SIGHUP",
	}
	limit := map[string][]string{"count": {"--count", "20"}, "duration": {"--duration", "12s"}}
	var runs []run
	for _, method := range []string{"node", "exec", "ephemeral"} {
		for how := range said {
			file := newFile(t)
			args := append([]string{"--method", method, "-f", "udp port 8080"}, limit[how]...)
			runs = append(runs, run{method, how, file, r.start(t, file, "shell", args...)})
		}
	}
	for _, run := range runs {
		run.c.Says("ends after")
	}
	k.say(t, 10)
	for _, run := range runs {
		if sig := unix.SignalNum(run.how); sig != 0 {
			run.c.Signal(sig)
		}
	}
	for _, run := range runs {
		end := run.c.Wait()
		if end.Code != 0 || !strings.Contains(end.Stderr, said[run.how]) {
			t.Errorf("%s, %s: code %d\n%s", run.method, run.how, end.Code, end.Stderr)
		}
		k.whole(t, run.file)
	}
}

// The second Ctrl-C ends at once, also while something is being placed or
// cannot be reached; what was placed goes by itself.
func TestRobustSecondSignal(t *testing.T) {
	r := newTrial(t)
	c := r.start(t, newFile(t), "shell")
	c.Says("creating")
	c.Signal(unix.SIGINT)
	time.Sleep(20 * time.Millisecond) // two signals of one kind may become one
	c.Signal(unix.SIGINT)
	if end := c.Wait(); end.Code != 130 && end.Code != 0 {
		t.Errorf("code %d\n%s", end.Code, end.Stderr)
	}
	// A single one while something is being placed takes it back.
	c = r.start(t, newFile(t), "shell", "--image", "pktrail.test/none:1", "--image-pull-policy", "Never")
	c.Says("creating")
	time.Sleep(300 * time.Millisecond)
	c.Signal(unix.SIGINT)
	began := time.Now()
	end := c.Wait()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v to end\n%s", took, end.Stderr)
	}
}

// A client that is killed leaves an agent that ends by itself, wherever it was.
// One that sleeps for too long is told so when it wakes up, and keeps what it
// has.
func TestRobustKilledClient(t *testing.T) {
	r := newTrial(t)
	k := r.talk(t)
	sleeping := map[string]string{} // files by method
	var slept []*stage.Running
	for _, method := range []string{"node", "exec"} {
		file := newFile(t)
		c := r.into(t, file, "shell", "--method", method, "-f", "udp port 8080")
		sleeping[method] = file
		slept = append(slept, c)
	}
	k.say(t, 5)
	time.Sleep(500 * time.Millisecond) // for the datagrams to get into the files
	for _, c := range slept {
		c.Signal(unix.SIGSTOP)
	}
	since := time.Now()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for i := range 12 {
		method := []string{"node", "exec", "node"}[i%3]
		c := r.start(t, newFile(t), []string{"shell", "web"}[i%2*(i%3+1)%2], "--method", method, "-f", "udp port 8080")
		// Before anything is placed, while it is, and when packets come.
		after := time.Duration(dice.Int64N(int64(1500 * time.Millisecond)))
		if i%4 == 3 {
			c.Says("ends after")
		}
		time.Sleep(after)
		c.Signal(unix.SIGKILL)
		t.Logf("%s: killed %.2f s after its start", method, c.Wait().Took.Seconds())
	}
	time.Sleep(time.Until(since.Add(40 * time.Second)))
	for _, c := range slept {
		c.Signal(unix.SIGCONT)
		end := c.Wait()
		said := strings.Contains(end.Stderr, "nothing was said to it for 4") || strings.Contains(end.Stderr, "its client was not heard of for too long")
		if end.Code != 1 || !said || end.Took > time.Minute {
			t.Errorf("code %d\n%s", end.Code, end.Stderr)
		}
	}
	for method, file := range sleeping {
		if got := keptIn(t, file); got.frames < 10 {
			t.Errorf("%s: %d packets of the time before are kept", method, got.frames)
		}
	}
}

// An agent that is killed is missed: the client says so and keeps what it has.
func TestRobustKilledAgent(t *testing.T) {
	r := newTrial(t)
	for _, method := range []string{"node", "exec", "ephemeral"} {
		t.Run(method, func(t *testing.T) {
			k := r.talk(t)
			file := newFile(t)
			c := r.into(t, file, "shell", "--method", method, "-f", "udp port 8080")
			k.say(t, 10)
			time.Sleep(1500 * time.Millisecond) // a file is written now and then
			if n := r.KillAgents(t, node1); n == 0 {
				t.Fatal("there was no agent")
			}
			end := c.Wait()
			if end.Code != 1 || !strings.Contains(end.Stderr, "pktrail: error: the agent is gone") {
				t.Errorf("code %d\n%s", end.Code, end.Stderr)
			}
			if got := keptIn(t, file); got.frames != 20 || !got.ended {
				t.Errorf("%d packets, end %v %+v", got.frames, got.ended, got.end)
			}
		})
	}
	t.Run("removed", func(t *testing.T) {
		file := newFile(t)
		c := r.into(t, file, "shell")
		r.Kubectl(t, "delete", "jobs", "-n", "pktrail", "--all")
		end := c.Wait()
		if end.Code != 1 || !strings.Contains(end.Stderr, "the agent was told to end") {
			t.Errorf("code %d\n%s", end.Code, end.Stderr)
		}
		if got := keptIn(t, file); !got.ended {
			t.Error("the file has no end")
		}
	})
}

// A target that is deleted ends its capture, in good order.
func TestRobustDeletedTarget(t *testing.T) {
	r := newTrial(t)
	for _, method := range []string{"node", "exec", "ephemeral"} {
		t.Run(method, func(t *testing.T) {
			r := *r
			r.shell = r.Shell(t, r.ns, "gone-"+method, node1)
			k := r.talk(t)
			file := newFile(t)
			c := r.into(t, file, r.shell.Name, "--method", method, "-f", "udp port 8080")
			k.say(t, 10)
			time.Sleep(1500 * time.Millisecond)
			r.Delete(t, r.shell)
			end := c.Wait()
			if end.Code != 0 || !strings.Contains(end.Stderr, "ended by its target") {
				t.Errorf("code %d\n%s", end.Code, end.Stderr)
			}
			if end.Took > 30*time.Second {
				t.Errorf("it took %v", end.Took)
			}
			k.whole(t, file)
		})
	}
}

// pktrail clean takes one's own agents away, and those of others when it is
// told to; what it does not take works on.
func TestRobustClean(t *testing.T) {
	r := newTrial(t)
	other := r.User(t)
	r.Grant(t, other, "", "cluster-admin")
	file := newFile(t)
	own := r.into(t, newFile(t), "shell")
	others := r.startAs(t, other.Kubeconfig, file, "shell")
	others.Says("ends after")
	count := func() int {
		t.Helper()
		jobs, err := r.Client.BatchV1().Jobs("pktrail").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return len(jobs.Items)
	}
	if n := count(); n != 2 {
		t.Fatalf("%d agents of two users", n)
	}
	dry := r.Pktrail(t, "clean", "--dry-run")
	if dry.Code != 0 || !strings.Contains(dry.Stdout, "of others: kept") || !strings.Contains(dry.Stderr, "1 agent; without --dry-run it is removed") || count() != 2 {
		t.Errorf("code %d, %d agents\n%s%s", dry.Code, count(), dry.Stdout, dry.Stderr)
	}
	did := r.Pktrail(t, "clean", "--json")
	if did.Code != 0 || strings.Count(did.Stdout, `"removed":true`) != 1 || strings.Count(did.Stdout, `"removed":false`) != 1 ||
		!strings.Contains(did.Stdout, fmt.Sprintf(`"user":%q`, other.Name)) {
		t.Errorf("code %d\n%s%s", did.Code, did.Stdout, did.Stderr)
	}
	if end := own.Wait(); end.Code != 1 || !strings.Contains(end.Stderr, "the agent was told to end") {
		t.Errorf("code %d\n%s", end.Code, end.Stderr)
	}
	k := r.talk(t)
	k.say(t, 5)
	all := r.Pktrail(t, "clean", "-A", "--all")
	if all.Code != 0 || !strings.Contains(all.Stderr, "all namespaces: 1 agent removed") {
		t.Errorf("code %d\n%s%s", all.Code, all.Stdout, all.Stderr)
	}
	if end := others.Wait(); end.Code != 1 {
		t.Errorf("code %d\n%s", end.Code, end.Stderr)
	}
	if got := keptIn(t, file); got.frames < 10 {
		t.Errorf("%d packets", got.frames)
	}
	nobody := r.User(t)
	if end := r.Start(t, stage.RunOptions{Kubeconfig: nobody.Kubeconfig}, "clean").Wait(); end.Code != 1 ||
		!strings.Contains(end.Stderr, `cannot list resource "jobs"`) || !strings.Contains(end.Stderr, "this machine: ") {
		t.Errorf("code %d\n%s", end.Code, end.Stderr)
	}
	if end := r.Start(t, stage.RunOptions{NoKubeconfig: true}, "clean").Wait(); end.Code != 0 || strings.Contains(end.Stderr, "cluster") {
		t.Errorf("code %d\n%s", end.Code, end.Stderr)
	}
}
