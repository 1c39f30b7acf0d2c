package action

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/record"
)

// fileLatency keeps the ring's blocks open for longer, so that they are fuller
// when they are read.
const fileLatency = time.Second

// toFile passes the stream's blocks on as they are.
func (c *capture) toFile() (CaptureResult, error) {
	if c.options.Output == "-" {
		return c.through(c.options.Stdout, nil)
	}
	dir := filepath.Dir(c.options.Output)
	if err := c.checkDisk(); err != nil {
		return CaptureResult{}, err
	}
	if !isFolder(dir) {
		return CaptureResult{}, Usage("-o FILE needs a folder that exists", fmt.Errorf("no folder %s", dir))
	}
	info, err := os.Stat(c.options.Output)
	kept := err != nil || info.Mode().IsRegular() // else a pipe or a device
	switch old := c.earlierRow(); {
	case err == nil && info.IsDir():
		return CaptureResult{}, Usage("-o names a file in it", fmt.Errorf("%s is a folder", c.options.Output))
	case len(old) > 0:
		return CaptureResult{}, Usage("remove them, or take another name", fmt.Errorf("%s is of an earlier capture", old[0]))
	case !kept && c.options.RotateSize > 0:
		return CaptureResult{}, Usage("--rotate-size needs a name for files", fmt.Errorf("%s is no file to rotate", c.options.Output))
	}
	out := newFiles(&c.options)
	out.ctx = c.ctx
	out.note = func(text string) { c.hear(agent.Message{Kind: agent.KindNote, Text: text}) }
	if kept || c.options.Output == os.DevNull {
		c.options.Request.Latency = fileLatency // nobody waits for the packets
	}
	var look func() error
	if kept {
		look = c.checkDisk
	}
	r, err := c.through(out, look)
	if e := out.Close(); e != nil && err == nil {
		err = fmt.Errorf("close output: %w", e)
	}
	r.Files, r.Removed = out.names, out.removed
	return r, err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// earlierRow lists files that rotation would mix its own with.
func (c *capture) earlierRow() []string {
	if c.options.RotateSize == 0 {
		return nil
	}
	before, ext := splitName(c.options.Output)
	old, err := filepath.Glob(before + "_[0-9][0-9][0-9][0-9][0-9]" + ext)
	if err != nil {
		return nil // a name with brackets: nothing is to be found by it
	}
	return old
}

// through runs the capture with everything it writes going to w, and looks
// after it once a second.
func (c *capture) through(w io.Writer, look func() error) (CaptureResult, error) {
	to := asGatherer(w)
	w = &failing{w: w}
	var classic *record.ClassicWriter
	if c.options.Pcap {
		classic = record.NewClassicWriter(w)
		w = classic
	}
	done := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if look != nil || c.events.Progress != nil {
			c.watch(done, look)
		}
	}()
	var sink io.Writer = &booked{w, &c.ledger}
	if to != nil && classic == nil {
		sink = &bookedBuffers{booked{w, &c.ledger}, to}
	}
	err := c.run(sink)
	close(done)
	<-watched
	if classic != nil && c.armed && err == nil {
		err = classic.Close()
	}
	return c.result(err)
}

// watch reports progress and ends the capture where look finds a reason to.
func (c *capture) watch(done <-chan struct{}, look func() error) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
		}
		if look != nil {
			if err := look(); err != nil {
				c.cancel(limitReached(err.Error()))
			}
		}
		c.progress()
	}
}

func (c *capture) progress() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.events.Progress != nil && c.armed {
		sum := c.ledger.Sum()
		c.events.Progress(CaptureProgress{Elapsed: time.Since(c.started), Packets: sum.Packets, Bytes: sum.Bytes, Missed: sum.Missed})
	}
}

// checkDisk refuses to fill the disk that the output is on: that of the file,
// where there is one (it can be a link to elsewhere), else of its folder. What
// is written to a pipe or a device is not kept.
func (c *capture) checkDisk() error {
	if c.options.MinFree == 0 {
		return nil
	}
	where := filepath.Dir(c.options.Output)
	if info, err := os.Stat(c.options.Output); err == nil {
		if !info.Mode().IsRegular() {
			return nil
		}
		where = c.options.Output
	}
	share, err := freeShare(where)
	if err != nil {
		return nil //nolint:nilerr // a folder that does not exist is told when the file is made
	}
	if share*100 < float64(c.options.MinFree) {
		return &Error{
			Err:  fmt.Errorf("less than %d %% of the disk under %s free", c.options.MinFree, filepath.Dir(c.options.Output)),
			Hint: "write elsewhere, or --min-free 0",
		}
	}
	return nil
}

// failing marks errors of the output, which are no errors of the capture.
type failing struct{ w io.Writer }

func (f *failing) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	if err != nil {
		return n, outputGone{err}
	}
	return n, nil
}
