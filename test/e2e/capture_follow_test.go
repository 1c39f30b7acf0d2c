//go:build e2e

package e2e

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// A deployment is followed while one of its pods is replaced: the new one is in
// the same file, with an interface of its own, and the other is not disturbed.
func TestCaptureFollow(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	shell := s.Shell(t, ns, "shell", node1)
	pods := s.Deployment(t, ns, "web", 2)
	out := file(t)
	r := capturing(t, s, "deploy/web", "-n", ns, "--follow", "-f", "udp port 8080", "-o", out)
	for _, p := range pods {
		s.Ask(t, shell, p.Web(), 2, 0)
	}
	gone, stays := pods[0], pods[1]
	s.Delete(t, gone)
	r.Says(gone.Name + " is gone")
	now := s.PodsOf(t, ns, "web", 2)
	i := slices.IndexFunc(now, func(p stage.Pod) bool { return p.Name != stays.Name })
	fresh := now[i]
	r.Says(fresh.Name + " has come, on " + fresh.Node)
	stop := s.Traffic(t, shell, fresh.Web())
	labtest.Wait(t, 20*time.Second, "packets of "+fresh.Name, func() bool {
		info, err := os.Stat(out)
		return err == nil && info.Size() > 0 && count(written(t, out), (*frame).target)[fresh.Name] > 0
	})
	stop()
	s.Ask(t, shell, stays.Web(), 2, 0)
	end := r.Stop()
	ended(t, end, "ended by Ctrl-C")
	list := frames(t, out)
	n := count(list, func(f *frame) string { return f.Interface })
	if len(n) != 3 || n[gone.Node+"/"+gone.Name+"/eth0"] != 4 || n[stays.Node+"/"+stays.Name+"/eth0"] != 8 || n[fresh.Node+"/"+fresh.Name+"/eth0"] == 0 {
		t.Errorf("packets by interface: %v", n)
	}
	for _, p := range []stage.Pod{gone, stays, fresh} {
		if taken, missed := totals(t, end, p.Name); taken != n[p.Node+"/"+p.Name+"/eth0"] || missed != 0 {
			t.Errorf("%s: %d packets and %d missed in the summary", p.Name, taken, missed)
		}
	}
}

// When the only pod has gone, its node's agent has nothing to do and ends. One
// is placed anew when the next pod comes.
func TestCaptureFollowOne(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	web := s.Distroless(t, ns, "web", node2)
	first := s.Shell(t, ns, "one", node1)
	out := file(t)
	r := capturing(t, s, "-l", "app=one", "-n", ns, "--follow", "-f", "udp port 8080", "-o", out)
	s.Ask(t, first, web.Web(), 2, 0)
	s.Delete(t, first)
	r.Says("one is gone")
	labtest.Wait(t, 30*time.Second, "the agent's end", func() bool { return !found(s.Left(t), "API: pod pktrail/pktrail-") })
	second := s.Shell(t, ns, "one", node1)
	r.Says("one has come, on node1")
	stop := s.Traffic(t, second, web.Web())
	labtest.Wait(t, 20*time.Second, "packets of the second pod", func() bool {
		return count(written(t, out), func(f *frame) string { return f.Src })[second.IP.String()] > 0
	})
	stop()
	ended(t, r.Stop(), "ended by Ctrl-C")
	n := count(frames(t, out), func(f *frame) string { return f.Interface + " " + f.Src })
	if n["node1/one/eth0 "+first.IP.String()] != 2 {
		t.Errorf("packets by interface and source: %v", n)
	}
}
