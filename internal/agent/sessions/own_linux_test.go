package sessions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/wire"
)

// uploaded is a copy of the agent, as an upload leaves it.
func uploaded(t *testing.T, id string) string {
	t.Helper()
	b, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), ".pktrail-"+id)
	if err := os.WriteFile(file, b, 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// exe is how the agent is run again after its file has gone.
func exe(p *process) string { return fmt.Sprintf("/proc/%d/exe", p.Process.Pid) }

// A session in somebody else's container: the file goes first, the request is
// in argv or on stdin, and what breaks is joined again by the process itself.
func TestOwn(t *testing.T) {
	for _, argv := range []bool{true, false} {
		id := name()
		file := uploaded(t, id)
		w := work{Bytes: 4 << 20, Seed: 6, Wait: true, Code: 4}
		args := []string{"own", id, "10s"}
		if argv {
			args = append(args, w.String())
		}
		first := connect(t, file, nil, 0, args...)
		var g got
		g.until(first, fmt.Sprintf("hello of %d", first.Process.Pid)) // before anything is asked
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the file: %v", err)
		}
		if !argv {
			first.ask(w)
		}
		if err := g.next(first); err != nil {
			t.Fatal(err)
		}
		first.hangUp()
		second := connect(t, exe(first.process), nil, g.seq, "attach", OwnSocket(id), id, fmt.Sprint(g.seq))
		g.until(second, "written")
		_ = second.Process.Kill()
		second.end()
		if !first.lives() {
			t.Fatalf("the session went with a connection: %s", &first.stderr)
		}
		third := connect(t, exe(first.process), nil, g.seq, "attach", OwnSocket(id), id, fmt.Sprint(g.seq))
		third.say(wire.Up{Stop: "enough"})
		if code := g.all(third); code != 4 || !bytes.Equal(g.stream, w.stream()) || g.talk[len(g.talk)-1] != "ended: enough" {
			t.Errorf("%d, %d bytes, %q", code, len(g.stream), g.talk)
		}
		if first.end() != 0 || third.end() != 0 {
			t.Errorf("%s%s", &first.stderr, &third.stderr)
		}
	}
}

// Without a client it goes by itself, and at SIGTERM.
func TestOwnEnds(t *testing.T) {
	id := name()
	c := connect(t, self, nil, 0, "own", id, "300ms", work{Wait: true}.String())
	var g got
	g.until(c, "written")
	c.hangUp()
	if c.end() != 0 {
		t.Error(c.stderr.String())
	}
	c = connect(t, self, nil, 0, "own", id, "10s", work{Wait: true}.String())
	g = got{}
	g.until(c, "written")
	_ = c.Process.Signal(syscall.SIGTERM)
	if code := g.all(c); code != 0 || c.end() != 0 || !strings.HasPrefix(g.talk[len(g.talk)-1], "ended: the agent was told to end (terminated") {
		t.Errorf("%d, %q, %s", code, g.talk, &c.stderr)
	}
	// Its name can be had once.
	c = connect(t, self, nil, 0, "own", id, "10s", work{Wait: true}.String())
	g = got{}
	g.until(c, "written")
	twin := connect(t, self, nil, 0, "own", id, "10s", work{Wait: true}.String())
	if twin.end() != 1 || !strings.Contains(twin.stderr.String(), "address already in use") {
		t.Error(twin.stderr.String())
	}
}

// In one network namespace, as in that of a node, everybody can connect to an
// abstract socket. Nobody but the agent itself gets a session.
func TestOwnRefuses(t *testing.T) {
	labtest.RequireRoot(t)
	id := name()
	file := uploaded(t, id)
	owner := connect(t, file, nil, 0, "own", id, "10s", work{Wait: true}.String())
	var g got
	g.until(owner, "written")
	other := uploaded(t, "copy") // the same program, in another file
	again := []string{"attach", OwnSocket(id), id, fmt.Sprint(g.seq)}
	for what, c := range map[string]*client{
		"another file": connect(t, other, nil, g.seq, again...),
		"another user": connect(t, self, without(65534), g.seq, again...),
	} {
		hears(t, what, c)
	}
	// The same program asks for another session.
	var h got
	h.seq = g.seq
	h.all(connect(t, exe(owner.process), nil, g.seq, "attach", OwnSocket(id), name(), fmt.Sprint(g.seq)))
	if !strings.HasSuffix(h.talk[0], "is gone") {
		t.Errorf("%q", h.talk)
	}
	if !owner.lives() {
		t.Error(owner.stderr.String())
	}
	// A process that is not visible in the owner's container, whatever it runs.
	id = name()
	owner = connect(t, self, firstProcess, 0, "own", id, "10s", work{Wait: true}.String())
	g = got{}
	g.until(owner, "written")
	c := connect(t, exe(owner.process), nil, g.seq, "attach", OwnSocket(id), id, fmt.Sprint(g.seq))
	hears(t, "from outside", c)
}

// hears holds that a client gets nothing, or the word of its own attach that
// the owner has hung up.
func hears(t *testing.T, who string, c *client) {
	t.Helper()
	if f, err := c.Next(); err == nil && !strings.HasPrefix(string(f.Payload), "error: attach session") {
		t.Errorf("%s: frame %d, %q", who, f.Seq, f.Payload)
	}
}

// What was not put there for the session stays: an agent in an image, or
// pktrail itself.
func TestUnlink(t *testing.T) {
	id := name()
	c := connect(t, self, nil, 0, "own", id, "10s", work{}.String())
	var g got
	g.all(c)
	if _, err := os.Stat(os.Args[0]); err != nil {
		t.Fatal(err)
	}
	if err := Unlink("../x"); err == nil {
		t.Error("a path is a name")
	}
	if p := start(t, self, nil, "own", "x", "1s"); p.end() != 1 || !strings.Contains(p.stderr.String(), "is not named by") {
		t.Error(p.stderr.String())
	}
}

// A client that waits in vain for an agent's socket is not kept for ever, and
// goes when it is told to.
func TestAttachNobody(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := Attach(ctx, Attachment{Socket: filepath.Join(t.TempDir(), "none"), ID: name()})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if err := Attach(t.Context(), Attachment{Socket: strings.Repeat("x", 200), ID: name()}); err == nil {
		t.Error("attached to a path that is too long")
	}
	if err := Attach(t.Context(), Attachment{ID: "x"}); err == nil {
		t.Error("x is a name")
	}
}
