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
	"sync"
	"sync/atomic"
	"syscall"
	"time"
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
	return serve(ctx, args, in, out, talk, stallAfter)
}

// stallAfter is how long a session that has ended waits for its reader to
// take something more of the stream.
const stallAfter = 30 * time.Second

func serve(ctx context.Context, args []string, in io.Reader, out, talk io.Writer, stall time.Duration) int {
	var mu sync.Mutex
	say := func(m Message) {
		b, err := json.Marshal(m)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
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
	w := &moving{w: out}
	done := make(chan error, 1)
	go func() { done <- Run(ctx, q, w, say) }()
	if err := w.await(ctx, done, stall); err != nil {
		return fail(exitFailed, err)
	}
	return exitDone
}

// moving counts the writes that came back.
type moving struct {
	w io.Writer
	n atomic.Int64
}

func (m *moving) Write(b []byte) (int, error) {
	n, err := m.w.Write(b)
	m.n.Add(1)
	return n, err
}

// await waits for a session's end. After its context has ended a reader that
// takes nothing more, and does not close the stream either, must not keep it
// alive.
func (m *moving) await(ctx context.Context, done <-chan error, stall time.Duration) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	for n := m.n.Load(); ; n = m.n.Load() {
		select {
		case err := <-done:
			return err
		case <-time.After(stall):
			if m.n.Load() == n {
				return fmt.Errorf("write stream: nobody has read it for %v", stall)
			}
		}
	}
}

func request(args []string, stdin *bufio.Reader) (Request, error) {
	switch len(args) {
	case 0:
		line, err := firstLine(stdin)
		if err != nil {
			return Request{}, fmt.Errorf("read request: %w", err)
		}
		return ReadRequest(strings.NewReader(line))
	case 1:
		return ReadRequest(strings.NewReader(args[0]))
	}
	return Request{}, errors.New("read request: one JSON object is expected, as a line on stdin or as the only argument")
}

// firstLine reads a line, which may end with the input.
func firstLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxRequest:
			return "", fmt.Errorf("a line longer than %d bytes", maxRequest)
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		default:
			return "", err
		}
	}
}
