package sessions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/wire"
)

// A session from beginning to end; its host ends with it and leaves nothing.
func TestSession(t *testing.T) {
	srv, socket := server(t, "10s", "10s")
	w := work{Bytes: 3 << 20, Seed: 1, Code: 5}
	c := attach(t, socket, name(), 0)
	c.ask(w)
	var g got
	if code := g.all(c); code != 5 || !bytes.Equal(g.stream, w.stream()) {
		t.Errorf("code %d, %d bytes", code, len(g.stream))
	}
	if want := fmt.Sprintf("[hello of %d written]", srv.Process.Pid); fmt.Sprint(g.talk) != want {
		t.Errorf("%q, want %s", g.talk, want)
	}
	if c.end() != 0 || srv.end() != 0 {
		t.Errorf("%v, %v: %s%s", c.err, srv.err, &c.stderr, &srv.stderr)
	}
	if left, err := os.ReadDir(filepath.Dir(socket)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A host that is to stay has one session after the other, until it is told to
// end.
func TestStay(t *testing.T) {
	srv, socket := server(t, "10s", "stay")
	for range 3 {
		c := attach(t, socket, name(), 0)
		c.ask(work{Bytes: 1 << 10})
		var g got
		if code := g.all(c); code != 0 || len(g.stream) != 1<<10 {
			t.Errorf("code %d, %d bytes", code, len(g.stream))
		}
		c.end()
	}
	if err := srv.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if srv.end() != 0 {
		t.Errorf("%v: %s", srv.err, &srv.stderr)
	}
}

// Connections break again and again, in every way; each byte arrives once.
func TestReattach(t *testing.T) {
	srv, socket := server(t, "10s", "10s")
	id := name()
	w := work{Bytes: 12 << 20, Seed: 3, Code: 0}
	var g got
	for round := 0; ; round++ {
		c := attach(t, socket, id, g.seq)
		if g.seq == 0 {
			c.ask(w)
		}
		for range 5 {
			if err := g.next(c); err != nil {
				t.Fatalf("round %d: %v; %s", round, err, &c.stderr)
			}
			if g.exit != nil {
				break
			}
		}
		if g.exit != nil {
			if round < 5 {
				t.Errorf("%d connections only", round)
			}
			break
		}
		switch round % 4 {
		case 0:
			_ = c.Process.Kill()
		case 1:
			c.hangUp()
		case 2:
			_ = c.in.Close() // the client's end of stdin alone
		case 3:
			_ = c.out.Close()
		}
		if round%2 == 0 {
			c.end()
		}
	}
	if !bytes.Equal(g.stream, w.stream()) || *g.exit != 0 {
		t.Errorf("%d of %d bytes, code %d", len(g.stream), w.Bytes, *g.exit)
	}
	if srv.end() != 0 {
		t.Error(srv.stderr.String())
	}
}

// A second connection takes the session over, whatever the first one does.
func TestTakeOver(t *testing.T) {
	_, socket := server(t, "10s", "10s")
	id := name()
	first := attach(t, socket, id, 0)
	first.ask(work{Bytes: 1 << 20, Wait: true})
	var g got
	g.until(first, "written")
	second := attach(t, socket, id, g.seq)
	if first.end() != 0 {
		t.Error(first.stderr.String())
	}
	second.say(wire.Up{Stop: "enough"})
	if code := g.all(second); code != 0 || g.talk[len(g.talk)-1] != "ended: enough" {
		t.Errorf("code %d, %q", code, g.talk)
	}
	if len(g.stream) != 1<<20 {
		t.Errorf("%d bytes", len(g.stream))
	}
	// A first one that is stuck, since nobody reads what it writes.
	_, socket = server(t, "10s", "10s")
	first = attach(t, socket, id, 0)
	w := work{Bytes: 4 << 20, Seed: 2}
	first.ask(w)
	var h got
	if err := h.next(first); err != nil {
		t.Fatal(err)
	}
	second = attach(t, socket, id, h.seq)
	if code := h.all(second); code != 0 || !bytes.Equal(h.stream, w.stream()) {
		t.Errorf("code %d, %d bytes", code, len(h.stream))
	}
}

// A client that is not heard of any more takes its session with it, and that
// its host.
func TestExpire(t *testing.T) {
	for name1, break1 := range map[string]func(*client){
		"silent": func(*client) {},
		"gone":   (*client).hangUp,
		"killed": func(c *client) { _ = c.Process.Kill() },
	} {
		t.Run(name1, func(t *testing.T) {
			srv, socket := server(t, "300ms", "10s")
			c := attach(t, socket, name(), 0)
			c.ask(work{Bytes: 100, Wait: true})
			var g got
			g.until(c, "written")
			// As long as it says something it lives.
			for range 6 {
				time.Sleep(100 * time.Millisecond)
				c.say(wire.Up{})
			}
			if !srv.lives() {
				t.Fatal("the session did not outlive 300 ms of words")
			}
			began := time.Now()
			break1(c)
			if srv.end() != 0 || c.end() > 0 {
				t.Errorf("%v, %v: %s%s", srv.err, c.err, &c.stderr, &srv.stderr)
			}
			if d := time.Since(began); d < 100*time.Millisecond || d > 3*time.Second {
				t.Errorf("it took %v", d)
			}
			if !strings.Contains(srv.stderr.String(), "not been heard of") {
				t.Error(srv.stderr.String())
			}
		})
	}
}

// A session whose work is done waits for its client, and no longer than others.
func TestExpireFinished(t *testing.T) {
	srv, socket := server(t, "300ms", "10s")
	id := name()
	c := attach(t, socket, id, 0)
	c.ask(work{Bytes: 100})
	for { // nothing is acknowledged
		if f, err := c.Next(); err != nil || f.Kind == wire.Exit {
			break
		}
	}
	c.hangUp()
	again := attach(t, socket, id, 2)
	var g got
	g.seq = 2
	if code := g.all(again); code != 0 || fmt.Sprint(g.talk) != "[written]" {
		t.Errorf("code %d, %q", code, g.talk)
	}
	if srv.end() != 0 || again.end() != 0 {
		t.Error(srv.stderr.String())
	}

	srv, socket = server(t, "300ms", "10s")
	c = attach(t, socket, id, 0)
	c.ask(work{})
	if srv.end() != 0 {
		t.Error(srv.stderr.String())
	}
}

// Nobody comes: the host does not wait for ever.
func TestLinger(t *testing.T) {
	srv, socket := server(t, "10s", "200ms")
	if srv.end() != 0 || !strings.Contains(srv.stderr.String(), "nobody has come for 200ms") {
		t.Errorf("%v: %s", srv.err, &srv.stderr)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket: %v", err)
	}
	// Later an attach is told so, in frames.
	var g got
	if code := g.all(attach(t, socket, name(), 0)); code != 1 || !strings.HasPrefix(g.talk[0], "error: ") {
		t.Errorf("%d, %q", code, g.talk)
	}
}

// A client that comes back to a session that is over hears so.
func TestGone(t *testing.T) {
	_, socket := server(t, "10s", "10s")
	id := name()
	var g got
	g.seq = 17
	c := attach(t, socket, id, 17)
	if code := g.all(c); code != 1 || fmt.Sprint(g.talk) != "[error: session "+id+" is gone]" || g.seq != 19 {
		t.Errorf("%d, %q, %d", code, g.talk, g.seq)
	}
	// So does one that has more than there was.
	c = attach(t, socket, id, 0)
	c.ask(work{Bytes: 10, Wait: true})
	var h got
	h.until(c, "written")
	var far got
	far.seq = 1000
	if code := far.all(attach(t, socket, id, 1000)); code != 1 || !strings.Contains(far.talk[0], "frame 1001 is expected") {
		t.Errorf("%d, %q", code, far.talk)
	}
}

// SIGTERM ends sessions as a limit would: with their last words.
func TestTerminate(t *testing.T) {
	srv, socket := server(t, "10s", "10s")
	c := attach(t, socket, name(), 0)
	c.ask(work{Bytes: 2 << 20, Seed: 9, Wait: true, Code: 3})
	var g got
	g.until(c, "written")
	_ = srv.Process.Signal(syscall.SIGTERM)
	if code := g.all(c); code != 3 || !strings.HasPrefix(g.talk[len(g.talk)-1], "ended: the agent was told to end (terminated") {
		t.Errorf("%d, %q", code, g.talk)
	}
	if srv.end() != 0 {
		t.Error(srv.stderr.String())
	}
	// Also where nobody listens any more, and where no session is.
	srv, socket = server(t, "10s", "10s")
	c = attach(t, socket, name(), 0)
	c.ask(work{Wait: true})
	g = got{}
	g.until(c, "written")
	began := time.Now()
	_ = c.Process.Signal(syscall.SIGSTOP)
	_ = srv.Process.Signal(syscall.SIGTERM)
	if srv.end() != 0 || time.Since(began) > 4*time.Second {
		t.Errorf("after %v: %s", time.Since(began), &srv.stderr)
	}
	srv, socket = server(t, "10s", "10s")
	labtest.Wait(t, 5*time.Second, "the socket", func() bool { _, err := os.Stat(socket); return err == nil })
	_ = srv.Process.Signal(syscall.SIGTERM)
	if srv.end() != 0 {
		t.Error(srv.stderr.String())
	}
}

// A request that is none is answered, with the exit code of wrong usage.
func TestGarbageRequest(t *testing.T) {
	for in, want := range map[string]string{
		"hello\n":                                  `error: read client: "hello"`,
		`{"request":{"Bytes":"x"}}` + "\n":         "error: json",
		strings.Repeat("x", wire.MaxLine+1) + "\n": "error: read client: a line longer",
	} {
		_, socket := server(t, "10s", "10s")
		c := attach(t, socket, name(), 0)
		if _, err := io.WriteString(c.in, in); err != nil {
			t.Fatal(err)
		}
		var g got
		if code := g.all(c); code != 2 || len(g.talk) != 2 || !strings.HasPrefix(g.talk[1], want) {
			t.Errorf("%.20q: %d, %q", in, code, g.talk)
		}
	}
}

// The request may come twice; it is done once.
func TestRequestTwice(t *testing.T) {
	_, socket := server(t, "10s", "10s")
	id := name()
	c := attach(t, socket, id, 0)
	c.ask(work{Bytes: 1000, Wait: true})
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	_ = c.Process.Kill()
	c = attach(t, socket, id, 0)
	c.ask(work{Bytes: 1000, Wait: true})
	var g got
	g.until(c, "written")
	c.say(wire.Up{Stop: "enough"})
	if g.all(c); len(g.stream) != 1000 || len(g.talk) != 3 {
		t.Errorf("%d bytes, %q", len(g.stream), g.talk)
	}
}

// Two sessions do not know of each other, and the host ends after the second.
func TestTwoSessions(t *testing.T) {
	srv, socket := server(t, "10s", "10s")
	a, b := attach(t, socket, name(), 0), attach(t, socket, name(), 0)
	wa, wb := work{Bytes: 3 << 20, Seed: 4}, work{Bytes: 1 << 20, Seed: 5, Wait: true}
	b.ask(wb)
	var ga, gb got
	gb.until(b, "written")
	a.ask(wa)
	ga.all(a)
	if !bytes.Equal(ga.stream, wa.stream()) || !bytes.Equal(gb.stream, wb.stream()) {
		t.Error("streams are mixed up")
	}
	if a.end() != 0 || !srv.lives() {
		t.Error("the host went with the first session")
	}
	b.say(wire.Up{Stop: "enough"})
	if gb.all(b); srv.end() != 0 {
		t.Error(srv.stderr.String())
	}
}

// Only our own user may connect, and only with a greeting.
func TestRefused(t *testing.T) {
	labtest.RequireRoot(t)
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	srv := start(t, self, nil, "serve", socket, "10s", "10s")
	labtest.Wait(t, 5*time.Second, "the socket", func() bool { _, err := os.Stat(socket); return err == nil })
	if st, err := os.Stat(socket); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	for d := dir; d != "/" && d != "/tmp"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	c := connect(t, self, without(65534), 0, "attach", socket, name(), "0")
	hears(t, "somebody else", c)
	for _, greeting := range []string{"hello\n", `{"attach":"../../x","from":0}` + "\n", `{"attach":"` + name() + `","compress":"x"}` + "\n", strings.Repeat("x", 1000)} {
		c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, greeting)
		if b, _ := io.ReadAll(c); len(b) > 0 {
			t.Errorf("%.20q: %q", greeting, b)
		}
		_ = c.Close()
	}
	// A second agent does not take the first one's socket.
	second := start(t, self, nil, "serve", socket, "10s", "10s")
	if second.end() != 1 || !strings.Contains(second.stderr.String(), "another agent serves") {
		t.Error(second.stderr.String())
	}
	// But it takes that of one who was killed.
	_ = srv.Process.Kill()
	srv.end()
	start(t, self, nil, "serve", socket, "10s", "10s")
	c = attach(t, socket, name(), 0)
	c.ask(work{Bytes: 10})
	var g got
	if g.all(c); len(g.stream) != 10 {
		t.Errorf("%d bytes", len(g.stream))
	}
	if err := CheckID(strings.Repeat("a", 65)); err == nil {
		t.Error("65 letters are a name")
	}
}

// The first process of a pod buries the orphans of what was run in it.
func TestReap(t *testing.T) {
	labtest.RequireRoot(t)
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	srv := start(t, self, firstProcess, "serve", socket, "10s", "10s")
	labtest.Wait(t, 5*time.Second, "the socket", func() bool { _, err := os.Stat(socket); return err == nil })
	enter := exec.CommandContext(t.Context(), "nsenter", "-t", fmt.Sprint(srv.Process.Pid), "-p", "/proc/self/exe")
	enter.Path = "/usr/bin/nsenter"
	enter.Args = []string{"nsenter", "-t", fmt.Sprint(srv.Process.Pid), "-p", os.Args[0], "orphan"}
	enter.Env = append(os.Environ(), asAgent+"=1")
	if out, err := enter.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	children := fmt.Sprintf("/proc/%d/task/%d/children", srv.Process.Pid, srv.Process.Pid)
	labtest.Wait(t, 5*time.Second, "the orphan's burial", func() bool {
		b, err := os.ReadFile(children)
		return err == nil && len(bytes.TrimSpace(b)) == 0
	})
	c := attach(t, socket, name(), 0)
	c.say(wire.Up{Request: json.RawMessage(work{Bytes: 5}.String())})
	var g got
	if g.all(c); g.talk[0] != "hello of 1" || srv.end() != 0 {
		t.Errorf("%q, %s", g.talk, &srv.stderr)
	}
}
