//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/test/e2e/stage"
)

// frame is what tshark says of one packet of a file.
type frame struct {
	// Interface is the name that the file gives it: NODE/TARGET/NAME.
	Interface string
	Time      string // seconds and nanoseconds, of equal length
	Src, Dst  string
	// Ping is "TYPE IDENT SEQ" of an echo; empty for others.
	Ping string
	// UDP and TCP are "SRC DST", the ports.
	UDP, TCP string
}

// target is the frame's pod, by its interface.
func (f *frame) target() string {
	parts := strings.Split(f.Interface, "/")
	return parts[max(0, len(parts)-2)]
}

// frames reads a file with tshark, as its owner would.
func frames(t *testing.T, file string) []frame {
	t.Helper()
	return read(t, file, false)
}

// written is frames for a file that is being written: its last block may not
// be whole yet.
func written(t *testing.T, file string) []frame {
	t.Helper()
	return read(t, file, true)
}

func read(t *testing.T, file string, partial bool) []frame {
	t.Helper()
	const wanted = 9
	args := []string{"-n", "-r", file, "-T", "fields"}
	for _, f := range [wanted]string{"frame.interface_name", "frame.time_epoch", "ip.src", "ip.dst", "icmp.type", "icmp.ident", "icmp.seq", "udp.port", "tcp.port"} {
		args = append(args, "-e", f)
	}
	out, err := try(t, "tshark", args...)
	if err != nil && (!partial || !strings.Contains(err.Error(), "cut short")) {
		t.Fatal(err)
	}
	var list []frame
	for line := range strings.Lines(out) {
		v := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(v) != wanted {
			t.Fatalf("tshark says %q", line)
		}
		list = append(list, frame{
			Interface: v[0], Time: v[1], Src: v[2], Dst: v[3],
			Ping: strings.TrimSpace(strings.Join(v[4:7], " ")),
			UDP:  strings.ReplaceAll(v[7], ",", " "), TCP: strings.ReplaceAll(v[8], ",", " "),
		})
	}
	return list
}

// tool runs a program of the machine and returns what it prints.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := try(t, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func try(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %q: %w: %s", name, args, err, &stderr)
	}
	return string(out), err
}

// count counts by what key says of each.
func count(list []frame, key func(*frame) string) map[string]int {
	n := map[string]int{}
	for i := range list {
		n[key(&list[i])]++
	}
	return n
}

// once fails the test unless all targets saw the same packets, each of them so
// many, and each packet once.
func once(t *testing.T, list []frame, want int, targets ...string) {
	t.Helper()
	seen := map[string]map[string]int{}
	for i := range list {
		f := &list[i]
		if seen[f.target()] == nil {
			seen[f.target()] = map[string]int{}
		}
		seen[f.target()][f.Src+" "+f.Dst+" "+f.Ping+f.UDP]++
	}
	for _, name := range targets {
		if len(seen[name]) != want {
			t.Errorf("%s saw %d packets, not %d: %v", name, len(seen[name]), want, seen[name])
		}
		for what, n := range seen[name] {
			if n != 1 || seen[targets[0]][what] != 1 {
				t.Errorf("%s saw %q %d times, %s %d times", name, what, n, targets[0], seen[targets[0]][what])
			}
		}
	}
	if len(seen) != len(targets) {
		t.Errorf("packets of %v", count(list, (*frame).target))
	}
	if !slices.IsSortedFunc(list, func(a, b frame) int { return cmp.Compare(a.Time, b.Time) }) {
		t.Error("the packets are not in the order of time")
	}
}

// file is where a capture writes to.
func file(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "a.pcapng")
}

// capturing starts a capture and waits until it is armed.
func capturing(t *testing.T, s *stage.Stage, args ...string) *stage.Running {
	t.Helper()
	s.AgentImage(t)
	r := s.Start(t, stage.RunOptions{}, append([]string{"capture"}, args...)...)
	catches(r)
	return r
}

// catches waits until packets are caught.
func catches(r *stage.Running) { r.Says("ends after") }

// ended fails the test unless a capture ended well and says so in these words.
func ended(t *testing.T, r stage.Result, words ...string) {
	t.Helper()
	says(t, r, 0, words...)
}

// refused fails the test unless pktrail ended with a code and these words on
// stderr, and before it placed anything.
func refused(t *testing.T, r stage.Result, code int, words ...string) {
	t.Helper()
	says(t, r, code, append(words, "pktrail: error: ")...)
	if strings.Contains(r.Stderr, "creating") {
		t.Error("something was created")
	}
}

func says(t *testing.T, r stage.Result, code int, words ...string) {
	t.Helper()
	if r.Code != code {
		t.Errorf("exit code %d, not %d", r.Code, code)
	}
	for _, w := range words {
		if !strings.Contains(r.Stderr, w) {
			t.Errorf("it does not say %q", w)
		}
	}
	if t.Failed() {
		t.Logf("after %.1f s it says:\n%s", r.Took.Seconds(), r.Stderr)
	}
}

// totals reads how many packets of a target were taken and missed, as the
// summary says.
func totals(t *testing.T, r stage.Result, target string) (taken, missed int) {
	t.Helper()
	for line := range strings.Lines(r.Stderr) {
		words := strings.Fields(line)
		if len(words) < 7 || words[0] != target || !strings.HasPrefix(words[2], "packet") {
			continue
		}
		taken, err1 := strconv.Atoi(strings.ReplaceAll(words[1], ",", ""))
		missed, err2 := strconv.Atoi(strings.ReplaceAll(words[len(words)-1], ",", ""))
		if err1 == nil && err2 == nil {
			return taken, missed
		}
	}
	t.Fatalf("no totals of %s in\n%s", target, r.Stderr)
	return 0, 0
}
