package agent

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/wire"
)

// mostResident is what an agent may take on a node, its rings apart.
const mostResident = 30 << 20

// TestMemory has a client that takes nothing more while packets flood in: the
// agent keeps what it has room for, and the kernel counts the rest.
func TestMemory(t *testing.T) {
	p := newPair(t)
	dir := t.TempDir()
	program, socket := filepath.Join(dir, "agent"), filepath.Join(dir, "s")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/pktrail-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	as := func(cmd *exec.Cmd) { cmd.Path = program }
	srv := process(t, as, "serve", "--socket", socket)
	c := &remote{tb: t}
	c.join(as, "attach", sessionID, "0", "--socket", socket)
	const ring = 2 << 20
	c.ask(Request{Capture: &Capture{Targets: []string{"netns:" + p.a}, Filter: "udp", Buffer: ring}})
	c.until(KindArmed)

	labtest.ListenPacket(t, p.b, "udp", "10.7.0.2:9000")
	out := labtest.Dial(t, p.a, "udp", "10.7.0.2:9000")
	b := make([]byte, 1400)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	for range 20000 { // 28 MB
		if _, err := out.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	// The first word that all is taken that can be: the agent's counters stop.
	last := 0
	labtest.Wait(t, 10*time.Second, "an agent that has no room left", func() bool {
		time.Sleep(50 * time.Millisecond) // the kernel has no event for "nothing more is used"
		now := resident(t, srv.Process.Pid)
		still := now == last
		last = now
		return still
	})
	if last-ring > mostResident {
		t.Errorf("%d bytes resident, of which %d are a ring", last, ring)
	}
	t.Logf("%.1f MB resident, of which %.1f are a ring", float64(last)/1e6, float64(ring)/1e6)
	c.say(wire.Up{Stop: "enough", Ack: c.seq})
	c.until("")
	s := read(t, c.stream.Bytes())
	end, _ := s.End()
	var missed uint64
	for _, total := range end.Points {
		missed += total.Missed
	}
	if uint64(len(s.frames))+missed != 20000 || missed == 0 {
		t.Errorf("%d frames and %d missed of 20000", len(s.frames), missed)
	}
}

// resident is what a process has in memory, in bytes (VmRSS, proc(5)).
func resident(tb testing.TB, pid int) int {
	tb.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		tb.Fatal(err)
	}
	return n << 10
}
