package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/wire"
)

// asAgent marks the test binary as a pktrail-agent.
const asAgent = "PKTRAIL_TEST_AGENT"

// remote is a client of an agent in another process.
type remote struct {
	tb     testing.TB
	stream bytes.Buffer
	talk   []Message
	seq    uint64
	code   int

	cmd *exec.Cmd
	in  *os.File
	up  *wire.UpWriter
	r   *wire.Receiver
}

// process runs the agent.
func process(tb testing.TB, set func(*exec.Cmd), args ...string) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), asAgent+"=1")
	if set != nil {
		set(cmd)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// join connects by a command of the agent.
func (c *remote) join(set func(*exec.Cmd), args ...string) {
	c.tb.Helper()
	inR, inW, err := os.Pipe()
	if err != nil {
		c.tb.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		c.tb.Fatal(err)
	}
	c.cmd = process(c.tb, func(cmd *exec.Cmd) {
		cmd.Stdin, cmd.Stdout, cmd.Stderr = inR, outW, os.Stderr
		if set != nil {
			set(cmd)
		}
	}, args...)
	_, _ = inR.Close(), outW.Close()
	c.in, c.up, c.r = inW, wire.NewUpWriter(inW), wire.NewReceiver(outR, c.seq)
	c.tb.Cleanup(func() { _, _ = inW.Close(), outR.Close() })
}

func (c *remote) ask(q Request) {
	c.tb.Helper()
	q.Version = Version
	b, err := json.Marshal(q)
	if err != nil {
		c.tb.Fatal(err)
	}
	c.say(wire.Up{Request: b})
}

func (c *remote) say(m wire.Up) {
	c.tb.Helper()
	if err := c.up.Write(m); err != nil {
		c.tb.Fatal(err)
	}
}

// until takes frames until one of a kind of talk, or until the exit code for
// none.
func (c *remote) until(kind Kind) Message {
	c.tb.Helper()
	for {
		f, err := c.r.Next()
		if err != nil {
			c.tb.Fatalf("after %+v: %v", c.talk, err)
		}
		c.seq = c.r.Seq()
		switch f.Kind {
		case wire.Stream:
			c.stream.Write(f.Payload)
		case wire.Exit:
			c.code = f.Code
		case wire.Talk:
			var m Message
			if err := json.Unmarshal(f.Payload, &m); err != nil {
				c.tb.Fatalf("%q: %v", f.Payload, err)
			}
			c.talk = append(c.talk, m)
			if m.Kind == kind {
				c.say(wire.Up{Ack: c.seq})
				return m
			}
		case wire.Beat:
		}
		_ = c.up.Write(wire.Up{Ack: c.seq}) // one that is gone shows in Next
		if f.Kind == wire.Exit {
			if kind != "" {
				c.tb.Fatalf("no %s in %+v", kind, c.talk)
			}
			return Message{}
		}
	}
}

const sessionID = "0123456789abcdef"

// A capture whose connections are killed while packets come: the stream is
// whole, and no packet is missing.
func TestAttachedCapture(t *testing.T) {
	p := newPair(t)
	socket := filepath.Join(t.TempDir(), "s")
	srv := process(t, nil, "serve", "--socket", socket)
	c := &remote{tb: t}
	args := func() []string {
		return []string{"attach", "--socket", socket, sessionID, fmt.Sprint(c.seq), "--compress=on"}
	}
	c.join(nil, args()...)
	c.ask(Request{Node: "node-7", Capture: &Capture{Targets: []string{"netns:" + p.a}, Filter: "icmp"}})
	hello := c.until(KindHello).Hello
	if hello == nil || hello.PID != srv.Process.Pid || hello.Arch == "" || hello.BootID == "" || hello.Version == "" || len(hello.Missing) > 0 {
		t.Errorf("%+v", hello)
	}
	armed := c.until(KindArmed)
	if len(armed.Points) != 1 || armed.Points[0].Target != p.a {
		t.Errorf("%+v", armed.Points)
	}
	for range 3 {
		p.ping(t, 5)
		_ = c.cmd.Process.Kill()
		p.ping(t, 5)
		c.join(nil, args()...)
	}
	c.say(wire.Up{Stop: "the person has seen enough"})
	c.until("")
	s := read(t, c.stream.Bytes())
	if len(s.frames) != 60 || s.reason() != "the person has seen enough" || c.code != exitDone {
		t.Errorf("%d frames, ended by %q, code %d", len(s.frames), s.reason(), c.code)
	}
	if h := s.Header(); h.Node != "node-7" || h.Boot != hello.BootID {
		t.Errorf("%+v", h)
	}
	if err := srv.Wait(); err != nil {
		t.Error(err)
	}
}

// The node's name is what the request says, not the host's.
func TestNodeName(t *testing.T) {
	labtest.RequireRoot(t)
	var out bytes.Buffer
	var points []string
	q := Request{Version: Version, Node: "node-7", Capture: &Capture{Targets: []string{"if:lo", "self:web"}, Limits: Limits{Duration: 1}}}
	err := Run(t.Context(), q, &out, func(m Message) {
		for _, p := range m.Points {
			points = append(points, p.Path())
		}
	})
	if err != nil || strings.Join(points, " ") != "node-7/web/any" {
		t.Errorf("%v at %v", err, points)
	}
	if s := read(t, out.Bytes()); s.Header().Node != "node-7" {
		t.Errorf("%+v", s.Header())
	}
}

// A pod's own agent without rights says which it would need.
func TestMissingCapabilities(t *testing.T) {
	labtest.RequireRoot(t)
	p := newPair(t)
	for targets, want := range map[string]string{
		"self:web":       "CAP_NET_RAW",
		"netns:" + p.a:   "CAP_NET_RAW CAP_SYS_ADMIN CAP_SYS_PTRACE",
		"if:lo self:web": "CAP_NET_RAW",
	} {
		c := &remote{tb: t}
		c.join(func(cmd *exec.Cmd) {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			cmd.Path = readable(t)
		}, "own", sessionID)
		c.ask(Request{Capture: &Capture{Targets: strings.Fields(targets)}})
		if h := c.until(KindHello).Hello; !slices.Contains(h.Missing, "CAP_BPF") || len(h.Missing) != 7 {
			t.Errorf("%+v", h)
		}
		m := c.until(KindError)
		if got := strings.Join(m.Missing, " "); got != want || !strings.Contains(m.Hint, "CAP_NET_RAW") {
			t.Errorf("%s: %+v", targets, m)
		}
		if c.until(""); c.code != exitFailed {
			t.Errorf("code %d", c.code)
		}
	}
}

// readable is a copy of the test binary that everybody can run.
func readable(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "agent")
	if err := os.WriteFile(file, b, 0o755); err != nil { //nolint:gosec // everybody is to run it
		t.Fatal(err)
	}
	return file
}

// Wrong arguments are told with the usage.
func TestCommandWrong(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "x"},
		{"attach", sessionID},
		{"own"},
		{"attach", sessionID, "0", "--compress", "x"},
		{"serve", "--no-such-flag"},
		{"attach", sessionID, "-1", "0"},
	} {
		var out, talk strings.Builder
		if code := (&command{ctx: t.Context(), in: strings.NewReader(""), out: &out, talk: &talk}).dispatch(args); code != exitUsage || !strings.Contains(talk.String(), "pktrail-agent serve") || out.Len() > 0 {
			t.Errorf("%q: code %d, %q", args, code, &talk)
		}
	}
	var out, talk strings.Builder
	c := command{ctx: t.Context(), in: strings.NewReader(""), out: &out, talk: &talk}
	if code := c.dispatch([]string{"version"}); code != exitDone || !strings.HasPrefix(out.String(), "pktrail-agent ") {
		t.Errorf("%d, %q", code, &out)
	}
	out.Reset()
	if code := c.dispatch([]string{"help"}); code != exitDone || out.String() != usage {
		t.Errorf("%d, %q", code, &out)
	}
}
