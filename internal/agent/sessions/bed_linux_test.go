package sessions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/wire"
)

// asAgent marks the test binary as a process of an agent: its arguments are
// those of a pktrail-agent whose work is to count.
const asAgent = "PKTRAIL_TEST_SESSIONS"

func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		os.Exit(agent(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// agent is serve SOCKET EXPIRE LINGER|stay, attach SOCKET ID SEQ, own ID EXPIRE
// [REQUEST], or orphan, which makes one and goes.
func agent(args []string) int {
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	o := Options{
		Run: count, Hello: fmt.Appendf(nil, "hello of %d", os.Getpid()), Room: 1 << 20,
		Complain: func(err error) []byte { return []byte("error: " + err.Error()) },
		Note:     func(text string) { fmt.Fprintln(os.Stderr, text) },
	}
	var err error
	var from uint64
	switch args[0] {
	case "serve":
		defer Reap()()
		if o.Expire, o.Stay = duration(args[2]), args[3] == "stay"; !o.Stay {
			o.Linger = duration(args[3])
		}
		err = Serve(ctx, args[1], o)
	case "attach":
		from, _ = strconv.ParseUint(args[3], 10, 64)
		err = Attach(ctx, Attachment{Socket: args[1], ID: args[2], From: from, In: os.Stdin, Out: os.Stdout})
	case "own":
		o.Expire = duration(args[2])
		w := Ownership{ID: args[1], In: os.Stdin, Out: os.Stdout}
		if len(args) > 3 {
			w.Request = []byte(args[3])
		}
		if err = Unlink(w.ID); err == nil {
			err = Own(ctx, w, o)
		}
	case "orphan":
		err = exec.CommandContext(context.Background(), "/bin/sh", "-c", "sleep 0.1 & exit 0").Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		_ = TurnAway(ctx, os.Stdout, from, o.Complain(err))
		return 1
	}
	return 0
}

func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

// work is a request of the agent that counts.
type work struct {
	// Bytes of the stream, in pieces that Seed chooses.
	Bytes int
	Seed  uint64
	// Wait for the end of the context, then say why.
	Wait bool
	Code int
}

func (w work) String() string {
	b, _ := json.Marshal(w)
	return string(b)
}

// stream is what the work's stream holds.
func (w work) stream() []byte {
	b := make([]byte, w.Bytes)
	_, _ = rand.NewChaCha8([32]byte{byte(w.Seed)}).Read(b[:len(b)/2])
	return b
}

func count(ctx context.Context, request []byte, out io.Writer, talk func([]byte)) int {
	var w work
	if err := json.Unmarshal(request, &w); err != nil {
		talk([]byte("error: " + err.Error()))
		return exitUsage
	}
	rnd := rand.New(rand.NewPCG(w.Seed, 1))
	for b := w.stream(); len(b) > 0; {
		n := min(len(b), 1+rnd.IntN(200_000))
		if _, err := out.Write(b[:n]); err != nil {
			talk([]byte("error: " + err.Error()))
			return exitFailed
		}
		b = b[n:]
	}
	talk([]byte("written"))
	if w.Wait {
		<-ctx.Done()
		talk([]byte("ended: " + context.Cause(ctx).Error()))
	}
	return w.Code
}

// process is a process of an agent.
type process struct {
	*exec.Cmd
	tb     testing.TB
	stderr bytes.Buffer
	ended  chan struct{}
	err    error
}

func start(tb testing.TB, program string, set func(*exec.Cmd), args ...string) *process {
	tb.Helper()
	p := &process{tb: tb, ended: make(chan struct{}), Cmd: exec.CommandContext(tb.Context(), program, args...)}
	p.Env = append(os.Environ(), asAgent+"=1")
	p.Stderr = &p.stderr
	if set != nil {
		set(p.Cmd)
	}
	if err := p.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		p.err = p.Wait()
		close(p.ended)
	}()
	tb.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
	})
	return p
}

// end waits for the process's end and gives its exit code.
func (p *process) end() int {
	p.tb.Helper()
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		p.tb.Fatalf("%v does not end; it says: %s", p.Args[1:], &p.stderr)
	}
	return p.ProcessState.ExitCode()
}

// lives reports whether the process has not ended yet.
func (p *process) lives() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

const self = "/proc/self/exe"

// server starts an agent that serves, and gives its socket.
func server(tb testing.TB, expire, linger string) (*process, string) {
	tb.Helper()
	socket := filepath.Join(tb.TempDir(), "run", "s")
	return start(tb, self, nil, "serve", socket, expire, linger), socket
}

// client is one connection of a client, with the process between.
type client struct {
	*process
	*wire.Receiver
	up  *wire.UpWriter
	in  *os.File
	out *os.File
}

// connect runs a command of an agent whose stdin and stdout are a session's.
func connect(tb testing.TB, program string, set func(*exec.Cmd), from uint64, args ...string) *client {
	tb.Helper()
	inR, inW, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	c := &client{Receiver: wire.NewReceiver(outR, from), up: wire.NewUpWriter(inW), in: inW, out: outR}
	c.process = start(tb, program, func(cmd *exec.Cmd) {
		cmd.Stdin, cmd.Stdout = inR, outW
		if set != nil {
			set(cmd)
		}
	}, args...)
	_, _ = inR.Close(), outW.Close()
	tb.Cleanup(c.hangUp)
	return c
}

// hangUp closes the connection from the client's end.
func (c *client) hangUp() { _, _ = c.in.Close(), c.out.Close() }

func attach(tb testing.TB, socket, id string, from uint64) *client {
	tb.Helper()
	return connect(tb, self, nil, from, "attach", socket, id, fmt.Sprint(from))
}

func (c *client) say(m wire.Up) {
	c.tb.Helper()
	if err := c.up.Write(m); err != nil {
		c.tb.Fatal(err)
	}
}

func (c *client) ask(w work) { c.tb.Helper(); c.say(wire.Up{Request: json.RawMessage(w.String())}) }

// got is what a client has taken over all connections.
type got struct {
	stream []byte
	talk   []string
	exit   *int
	seq    uint64
}

// next takes one frame and acknowledges it.
func (g *got) next(c *client) error {
	f, err := c.Next()
	if err != nil {
		return err
	}
	g.seq = c.Seq()
	switch f.Kind {
	case wire.Stream:
		g.stream = append(g.stream, f.Payload...)
	case wire.Talk:
		g.talk = append(g.talk, string(f.Payload))
	case wire.Exit:
		g.exit = &f.Code
	case wire.Beat:
	}
	_ = c.up.Write(wire.Up{Ack: g.seq}) // a connection that has broken shows in Next
	return nil
}

// until takes frames until a message comes that begins so.
func (g *got) until(c *client, text string) {
	c.tb.Helper()
	for {
		if err := g.next(c); err != nil {
			c.tb.Fatalf("waiting for %q after %q: %v", text, g.talk, err)
		}
		if len(g.talk) > 0 && strings.HasPrefix(g.talk[len(g.talk)-1], text) {
			return
		}
	}
}

// all takes frames until the exit code, which it gives.
func (g *got) all(c *client) int {
	c.tb.Helper()
	for {
		err := g.next(c)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return *g.exit
		}
		if err != nil {
			c.tb.Fatalf("after frame %d: %v; the agent says %s", g.seq, err, &c.stderr)
		}
	}
}

// name makes a session's name.
func name() string { return fmt.Sprintf("%016x", rand.Uint64()) + "test" }

// without runs a command as somebody else.
func without(uid uint32) func(*exec.Cmd) {
	return func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
}

// firstProcess runs a command as process 1 of a pid namespace.
func firstProcess(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
}
