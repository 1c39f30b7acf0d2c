package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Exit codes of an agent.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

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
	stdin := bufio.NewReader(in)
	q, err := request(args, stdin)
	if err != nil {
		say(complaint(err, nil))
		return exitUsage
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
		say(complaint(err, &q))
		return exitFailed
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
