package action

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// viewerRoom is how many bytes wait for a viewer that is busy. Beyond it the
// stream waits, the kernel's rings fill, and what they drop is counted.
const viewerRoom = 16 << 20

// toViewer shows the packets in another program, which is looked up before
// anything is opened. Its end is the end of the capture.
func (c *capture) toViewer() (CaptureResult, error) {
	o := c.options.Viewer
	if err := c.options.checkViewer(); err != nil {
		return CaptureResult{}, err
	}
	path, err := o.find(runtime.GOOS, os.Getenv)
	if err != nil {
		return CaptureResult{}, err
	}
	v := &viewer{capture: c, path: path, spool: newSpoolOf(viewerRoom), fed: make(chan struct{}), gone: make(chan struct{})}
	r, err := c.through(v, nil)
	by, viewerErr := v.finish()
	if by != "" && r.EndedBy != "" {
		r.EndedBy, r.Because = by, ""
	}
	if viewerErr != nil {
		err = viewerErr
	}
	return r, err
}

// viewer is the program, and the pipe to it.
type viewer struct {
	capture *capture
	path    string
	spool   *spool
	cmd     *exec.Cmd
	fed     chan struct{} // closed when the program has got all, or takes no more
	gone    chan struct{} // closed when it has ended
	err     error         // of its end; valid when gone is closed
	refused bool          // it took no more; valid when fed is closed
}

// viewerGone is the cause of a capture's end whose viewer has ended.
type viewerGone struct{ program Viewer }

func (v viewerGone) Error() string { return string(v.program) + " has ended" }

// Write passes whole blocks on; the first of them start the program, so that
// no window opens for a capture that cannot be armed.
func (v *viewer) Write(b []byte) (int, error) {
	if v.cmd == nil {
		if err := v.start(); err != nil {
			return 0, err
		}
	}
	return v.spool.Write(b)
}

func (v *viewer) start() error {
	o := v.capture.options.Viewer
	title := v.capture.options.viewerTitle()
	input := "-"
	if o.Program == Wireshark {
		if path, err := fifo(v.path, title); err != nil {
			return err
		} else if path != "" {
			input = path
		}
	}
	ctx, ended := context.WithCancel(context.WithoutCancel(v.capture.ctx)) // it ends by itself
	cmd := exec.CommandContext(ctx, v.path, o.argv(title, input)...)
	cmd.Cancel = func() error { return nil }
	cmd.Stderr = o.Stderr
	if o.Program == Tshark { // Wireshark may stay for long, and has nothing to say there
		cmd.Stdout = o.Stdout
	}
	// Ctrl-C ends the capture: tshark prints what it has, Wireshark's window
	// stays.
	cmd.SysProcAttr = ownGroup()
	open := func() (io.WriteCloser, error) {
		defer func() { _ = os.RemoveAll(filepath.Dir(input)) }() // an open pipe needs no name
		return OpenPipe(ctx, input)
	}
	if input == "-" {
		pipe, err := cmd.StdinPipe()
		if err != nil {
			ended()
			return fmt.Errorf("start %s: %w", o.Program, err)
		}
		open = func() (io.WriteCloser, error) { return pipe, nil }
	}
	if err := cmd.Start(); err != nil {
		ended()
		_, _ = open() // removes what was made for it
		return fmt.Errorf("start %s: %w", o.Program, err)
	}
	v.cmd = cmd
	go v.feed(open)
	go v.await(ended)
	return nil
}

// feed moves what waits into the pipe.
func (v *viewer) feed(open func() (io.WriteCloser, error)) {
	defer close(v.fed)
	defer v.spool.CloseRead()
	pipe, err := open()
	if err != nil {
		v.refused = true
		return
	}
	_, err = io.Copy(pipe, v.spool)
	v.refused = err != nil
	_ = pipe.Close()
	if v.refused {
		v.capture.cancel(viewerGone{v.capture.options.Viewer.Program})
	}
}

// await ends the capture when the program ends.
func (v *viewer) await(ended func()) {
	v.err = v.cmd.Wait()
	close(v.gone)
	ended()
	v.spool.CloseRead()
	v.capture.cancel(viewerGone{v.capture.options.Viewer.Program})
}

// finish hands over what waits, and waits for the end of tshark, whose output
// is ours; Wireshark stays open. Where it was the program that ended the
// capture it says so in words.
func (v *viewer) finish() (by string, err error) {
	if v.cmd == nil {
		return "", nil
	}
	p := v.capture.options.Viewer.Program
	select {
	case <-v.gone:
		by = string(p) + ", which was closed"
	default:
	}
	v.spool.CloseWrite()
	<-v.fed
	if v.refused && by == "" {
		by = string(p) + ", which was stopped"
	}
	if p == Tshark {
		<-v.gone
		if by != "" {
			by = "tshark, which has ended"
		}
	}
	select {
	case <-v.gone:
		return by, v.complaint()
	default:
		return by, nil
	}
}

// complaint is the error of a program that did not end well. That the reader
// of its own output was gone is no error.
func (v *viewer) complaint() error {
	o := v.capture.options.Viewer
	if v.err == nil || readerGone(o.Stdout) {
		return nil
	}
	return &Error{Err: fmt.Errorf("%s: %w", o.Program, v.err), Hint: "it said above why; " + viewerHint(o.Program)}
}

func viewerHint(p Viewer) string {
	if p == Tshark {
		return "--tshark='ARGUMENTS' are those of tshark -r FILE"
	}
	return "without a screen, --tshark or -o FILE"
}
