//go:build e2e

package e2e

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/test/e2e/stage"
)

// A pod without shell, root or capabilities is captured from its node, by an
// agent that was not there before and is not there afterwards.
func TestCaptureDistroless(t *testing.T) {
	s := stage.Open(t)
	s.AgentImage(t)
	ns := s.Namespace(t, stage.Unlabelled)
	client, server := s.Shell(t, ns, "client", node1), s.Distroless(t, ns, "server", node2)
	file := filepath.Join(t.TempDir(), "capture.pcapng")
	run := s.Start(t, stage.RunOptions{}, "capture", "-n", ns, "server", "-f", "icmp", "--count", "4", "-o", file)
	run.Says("ends after") // the last thing it says before the first packet
	s.Ping(t, client, server.IP, 2)
	if r := run.Wait(); r.Code != 0 {
		t.Fatalf("exit code %d:\n%s", r.Code, r.Stderr)
	}
	if got, want := echoes(tcpdump(t, file)), []string{"request", "reply", "request", "reply"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
