package cli_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// TestTraceTerminal looks at a trace as a person sees it: the line that counts
// while packets are waited for, the colours of the answer, and none where they
// are not wanted.
func TestTraceTerminal(t *testing.T) {
	labtest.RequireRoot(t)
	bin := filepath.Join(t.TempDir(), "pktrail")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	l := labtest.Lab(t, lab.Options{})
	pod, peer := l.Pods[0], l.Pods[2]
	term := newTerminal(t)

	term.keys(fmt.Sprintf("%s trace netns:%s %s -f icmp --count 3", bin, pod.Name, peer.IPv4), "Enter")
	term.wait(`(?m)^0 packets so far\s*$`)
	for i := range 3 {
		labtest.Ping(t, pod.Name, peer.IPv4)
		if i == 0 {
			term.wait(`(?m)^1 packet so far\s*$`)
		}
	}
	screen := term.wait(`(?m)^delivered to ICMP in .*3 of 3, missed 0`)
	if strings.Contains(screen, "so far") {
		t.Errorf("the live line is still there:\n%s", screen)
	}
	coloured := term.tmux("capture-pane", "-p", "-e")
	if !strings.Contains(coloured, "\x1b[32mdelivered") {
		t.Errorf("a delivered packet is not green:\n%q", coloured)
	}

	term.keys(fmt.Sprintf("clear; NO_COLOR=1 %s trace netns:%s %s:80 --probe tcp", bin, pod.Name, peer.IPv4), "Enter")
	term.wait(`(?m)^rejected by .*nothing listens on TCP port 80`)
	if coloured := term.tmux("capture-pane", "-p", "-e"); strings.Contains(coloured, "\x1b[3") {
		t.Errorf("colours in spite of NO_COLOR:\n%q", coloured)
	}
}
