package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/internal/agent/sessions"
	"github.com/pktrail/pktrail/internal/wire"
)

const usage = `pktrail-agent [REQUEST]            one request in, one record stream out
pktrail-agent serve [--stay]       hosts sessions on a unix socket
pktrail-agent attach ID SEQUENCE   joins stdin and stdout to a session
pktrail-agent own ID [REQUEST]     hosts one session and joins it
pktrail-agent version
`

// Main is the whole of pktrail-agent.
func Main() int {
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return Command(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Command runs one of the agent's commands and returns its exit code. Without
// the name of one it is Serve. It takes the process for itself: it changes how
// the garbage collector works and what signals do.
func Command(ctx context.Context, args []string, in io.Reader, out, talk io.Writer) int {
	tune()
	c := command{ctx: ctx, in: in, out: out, talk: talk}
	return c.dispatch(args)
}

// gcPercent is how much of its heap an agent may have as garbage. It is a guest
// and keeps small; a limit of memory would have the collector run all the time
// where a trace needs more.
const gcPercent = 40

func tune() { debug.SetGCPercent(gcPercent) }

// command is one of the commands that speak in frames.
type command struct {
	ctx       context.Context //nolint:containedctx // it lives as long as the call
	in        io.Reader
	out, talk io.Writer

	socket   string
	compress wire.Compress
	running  bool // of attach: the agent is known to run
	options  sessions.Options
}

func (c *command) dispatch(args []string) int {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "serve":
		return c.run(args[1:], 0, 0, c.serve)
	case "attach":
		return c.run(args[1:], 2, 2, c.attach)
	case "own":
		return c.run(args[1:], 1, 2, c.own)
	case "version", "--version":
		fmt.Fprintln(c.out, "pktrail-agent", version)
		return exitDone
	case "help", "--help", "-h":
		fmt.Fprint(c.out, usage)
		return exitDone
	}
	return Serve(c.ctx, args, c.in, c.out, c.talk)
}

// run reads flags, which may stand anywhere, and from least to most arguments.
func (c *command) run(args []string, least, most int, do func(args []string) error) int {
	flags := flag.NewFlagSet("pktrail-agent", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.socket, "socket", sessions.Socket, "")
	flags.DurationVar(&c.options.Linger, "linger", 0, "")
	flags.BoolVar(&c.options.Stay, "stay", false, "")
	flags.BoolVar(&c.running, "running", false, "")
	flags.IntVar(&c.options.Room, "room", 0, "")
	mode := flags.String("compress", "", "")
	var plain []string
	err := flags.Parse(args)
	for err == nil && flags.NArg() > 0 {
		plain = append(plain, flags.Arg(0))
		err = flags.Parse(flags.Args()[1:])
	}
	if err == nil && (len(plain) < least || len(plain) > most) {
		err = fmt.Errorf("%d arguments", len(plain))
	}
	if err == nil {
		c.compress, err = wire.ParseCompress(*mode)
	}
	if err != nil {
		fmt.Fprintf(c.talk, "%v\n\n%s", err, usage)
		return exitUsage
	}
	c.options.Run, c.options.Complain, c.options.Hello = runSession, complain, encode(hello())
	c.options.Note = func(text string) { fmt.Fprintln(c.talk, time.Now().UTC().Format(time.RFC3339), text) }
	if err := do(plain); err != nil {
		fmt.Fprintln(c.talk, "pktrail-agent:", err)
		return exitFailed
	}
	return exitDone
}

// serve says what happens, for who reads the log of the agent's pod.
func (c *command) serve([]string) error {
	stop := sessions.Reap()
	defer stop()
	return sessions.Serve(c.ctx, c.socket, c.options)
}

func (c *command) attach(args []string) error {
	from, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	err = sessions.Attach(c.ctx, sessions.Attachment{
		Socket: c.socket, ID: args[0], From: from, Compress: c.compress, Room: c.options.Room, Running: c.running,
		In: c.in, Out: c.out,
	})
	return c.tell(from, err)
}

func (c *command) own(args []string) error {
	signal.Ignore(syscall.SIGHUP) // the connection may break; the session stays for a while
	o := sessions.Ownership{ID: args[0], Compress: c.compress, In: c.in, Out: c.out}
	if len(args) > 1 {
		o.Request = []byte(args[1])
	}
	err := sessions.Unlink(o.ID)
	if err == nil {
		c.options.Note = nil // stderr is the container's
		err = sessions.Own(c.ctx, o, c.options)
	}
	return c.tell(0, err)
}

// tell tells an error to the client too, who reads frames.
func (c *command) tell(from uint64, err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, sessions.TurnAway(c.ctx, c.out, from, complain(err)))
}

// runSession does a session's work.
func runSession(ctx context.Context, request []byte, w io.Writer, talk func([]byte)) int {
	q, err := ReadRequest(bytes.NewReader(request))
	if err != nil {
		talk(complain(err))
		return exitUsage
	}
	err = Run(ctx, q, w, func(m Message) { talk(encode(m)) })
	if cause := context.Cause(ctx); err == nil && errors.Is(cause, sessions.ErrHost) {
		err = hostEnded{cause}
	}
	if err != nil {
		talk(encode(complaint(err, &q)))
		return exitFailed
	}
	return exitDone
}

// hostEnded is a session that nobody has ended, nor its limits.
type hostEnded struct{ error }

// Hint says what to look at.
func (hostEnded) Hint() string {
	return "somebody has removed its pod, or the node goes down; what was caught until then is kept"
}

func complain(err error) []byte { return encode(complaint(err, nil)) }

func encode(m Message) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		return []byte("{}") // cannot be: all of it is plain data
	}
	return b
}
