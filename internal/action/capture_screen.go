package action

import (
	"errors"
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// toScreen decodes the stream and hands out its frames.
func (c *capture) toScreen() (CaptureResult, error) {
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := c.run(&booked{pw, &c.ledger})
		_ = pw.Close() // never fails
		done <- err
	}()
	shown := c.show(pr)
	_ = pr.CloseWithError(shown) // never fails; ends a Write that nobody reads
	err := <-done
	if shown != nil {
		err = shown
	}
	return c.result(err)
}

// show reads the stream to its end, or to the end of the screen.
func (c *capture) show(r io.Reader) error {
	in, err := record.NewReader(r)
	if errors.Is(err, pcapng.ErrEmpty) {
		return nil // the agent's own error says why there is no stream
	}
	var f trail.Frame
	for err == nil {
		if err = in.Read(&f); err != nil {
			break
		}
		if err := c.frame(in.Point(f.Point), &f); err != nil {
			return outputGone{err}
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read capture stream: %w", err)
}

func (c *capture) frame(p trail.Point, f *trail.Frame) error {
	if c.events.Frame == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events.Frame(p, f)
}
