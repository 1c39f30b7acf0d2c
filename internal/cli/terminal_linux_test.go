package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// terminal is a pseudo terminal with a shell in it, by tmux with a server of
// its own.
type terminal struct {
	t      *testing.T
	socket string
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	labtest.RequireTool(t, "tmux")
	term := &terminal{t, filepath.Join(t.TempDir(), "tmux")}
	term.tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", "env PS1='ready> ' sh")
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", term.socket, "kill-server").Run() }) //nolint:noctx // the test's context has ended
	return term
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.CommandContext(term.t.Context(), "tmux", append([]string{"-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (term *terminal) keys(keys ...string) {
	term.t.Helper()
	term.tmux(append([]string{"send-keys"}, keys...)...)
}

// wait waits until the screen shows a pattern, and returns the screen.
func (term *terminal) wait(pattern string) string {
	term.t.Helper()
	re, screen := regexp.MustCompile(pattern), ""
	labtest.Wait(term.t, 20*time.Second, "the screen to show "+pattern, func() bool {
		screen = term.tmux("capture-pane", "-p")
		return re.MatchString(screen)
	})
	return screen
}

// TestTerminal looks at what a person sees: the live line below a capture into
// a file, the summary that takes its place after Ctrl-C, packets that are
// refused a terminal.
func TestTerminal(t *testing.T) {
	labtest.RequireRoot(t)
	bin := filepath.Join(t.TempDir(), "pktrail")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	l := labtest.Lab(t, lab.Options{})
	pod := l.Pods[0].Name
	file := filepath.Join(t.TempDir(), "live.pcapng")
	term := newTerminal(t)

	term.keys(fmt.Sprintf("%s capture netns:%s -f icmp -o %s", bin, pod, file), "Enter")
	term.wait(`ends after 10m, 1 GiB per target or below 10 % of free disk`)
	for range 3 {
		labtest.Ping(t, pod, l.Pods[2].IPv4)
	}
	term.wait(`(?m)^\d[\d.]* s  6 packets  588 B  missed 0  \d+/s\s*$`)
	term.keys("C-c")
	screen := term.wait(`(?s)ended by Ctrl-C after .*ready> $|ended by Ctrl-C after .*ready>\s*$`)
	if !strings.Contains(screen, pod+"  6 packets  588 B  missed 0\nended by Ctrl-C after ") || strings.Contains(screen, "/s") {
		t.Errorf("after Ctrl-C the summary should stand in place of the live line:\n%s", screen)
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}

	term.keys("clear; "+bin+" capture netns:"+pod+" -o -", "Enter")
	term.wait(`error: stdout is a terminal(?s).*hint: -o FILE`)

	term.keys("clear; "+bin+" capture netns:"+pod+" -- icmp", "Enter")
	term.wait(`headers and DNS only on screen`)
	labtest.Ping(t, pod, l.Pods[2].IPv4)
	term.wait(`eth0 Out IP 10\.244\.1\.2 > 10\.244\.2\.2: ICMP echo request`)
	term.keys("C-c")
	term.wait(`ended by Ctrl-C after`)
}
