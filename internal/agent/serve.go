package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes of an agent.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Main is the whole of pktrail-agent. The request comes as one line of JSON on
// stdin, or as the only argument; the session ends when stdin ends.
func Main() int {
	if len(os.Args) == 2 && (os.Args[1] == "version" || os.Args[1] == "--version") {
		fmt.Println("pktrail-agent", version)
		return exitDone
	}
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return Serve(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Serve runs one session: the request from args or in, the record stream to
// out, talk as JSON lines to talk. It returns the exit code.
func Serve(ctx context.Context, args []string, in io.Reader, out, talk io.Writer) int {
	say := func(m Message) {
		b, err := json.Marshal(m)
		if err == nil {
			_, _ = talk.Write(append(b, '\n')) // nobody listens any more: the stream goes on
		}
	}
	fail := func(code int, err error) int {
		m := Message{Kind: KindError, Text: err.Error()}
		if h, ok := errors.AsType[interface {
			error
			Hint() string
		}](err); ok {
			m.Hint = h.Hint()
		}
		say(m)
		return code
	}
	stdin := bufio.NewReader(in)
	q, err := request(args, stdin)
	if err != nil {
		return fail(exitUsage, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		// What comes after the request is a heartbeat. Its end is the end.
		_, _ = io.Copy(io.Discard, stdin)
		cancel(errors.New("the requester has gone"))
	}()
	if err := Run(ctx, q, out, say); err != nil {
		return fail(exitFailed, err)
	}
	return exitDone
}

func request(args []string, stdin *bufio.Reader) (Request, error) {
	switch len(args) {
	case 0:
		line, err := stdin.ReadString('\n')
		if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
			return Request{}, fmt.Errorf("read request: %w", err)
		}
		return ReadRequest(strings.NewReader(line))
	case 1:
		return ReadRequest(strings.NewReader(args[0]))
	}
	return Request{}, errors.New("read request: one JSON object is expected, as a line on stdin or as the only argument")
}
