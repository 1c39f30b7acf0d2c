package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
)

func good() CaptureOptions {
	return CaptureOptions{Request: agent.Capture{Targets: []string{"netns:web"}}}
}

// What is wrong as it was typed is a usage error with a hint, of one line
// each, before anything is opened.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*CaptureOptions)
	}{
		{"no target", func(o *CaptureOptions) { o.Request.Targets = nil }},
		{`target "web"`, func(o *CaptureOptions) { o.Request.Targets = []string{"netns:a", "web"} }},
		{`"netns:a" is named twice`, func(o *CaptureOptions) { o.Request.Targets = []string{"netns:a", "netns:a"} }},
		{"service", func(o *CaptureOptions) { o.Request.Filter = "port http-but-not-really" }},
		{"exclude each other", func(o *CaptureOptions) {
			o.Request.Interfaces, o.Request.Points = []string{"eth0"}, []string{"pod"}
		}},
		{"snap length 13", func(o *CaptureOptions) { o.Request.SnapLen = 13 }},
		{"snap length -1", func(o *CaptureOptions) { o.Request.SnapLen = -1 }},
		{"snap length 262145", func(o *CaptureOptions) { o.Request.SnapLen = 262145 }},
		{"buffer of -1", func(o *CaptureOptions) { o.Request.Buffer = -1 }},
		{"buffer of 2147483648", func(o *CaptureOptions) { o.Request.Buffer = 2 << 30 }},
		{"count -1", func(o *CaptureOptions) { o.Request.Limits.Packets = -1 }},
		{"below 0", func(o *CaptureOptions) { o.Request.Limits.Duration = -1 }},
		{"below 0", func(o *CaptureOptions) { o.Request.Limits.Bytes = -1 }},
		{"min-free 100", func(o *CaptureOptions) { o.MinFree = 100 }},
		{"min-free -1", func(o *CaptureOptions) { o.MinFree = -1 }},
		{"-o json", func(o *CaptureOptions) { o.Output = "json" }},
		{"-o wide", func(o *CaptureOptions) { o.Output = "wide" }},
		{"no file for --pcap", func(o *CaptureOptions) { o.Pcap = true }},
		{"negative", func(o *CaptureOptions) { o.Output, o.RotateSize = "x", -1 }},
		{"negative", func(o *CaptureOptions) { o.Output, o.RotateFiles = "x", -1 }},
		{"no file to rotate", func(o *CaptureOptions) { o.Output, o.RotateSize = "-", 1<<20 }},
		{"no file to rotate", func(o *CaptureOptions) { o.RotateSize = 1 << 20 }},
		{"without --rotate-size", func(o *CaptureOptions) { o.Output, o.RotateFiles = "x", 3 }},
		{"files of 4095 bytes", func(o *CaptureOptions) { o.Output, o.RotateSize = "x", 4095 }},
		{"--pcap with", func(o *CaptureOptions) { o.Output, o.RotateSize, o.Pcap = "x", 1<<20, true }},
		{`no point ""`, func(o *CaptureOptions) { o.Request.Points = []string{"pod", ""} }},
		{"no point", func(o *CaptureOptions) { o.Request.Interfaces = []string{"a/b"} }},
		{"no point", func(o *CaptureOptions) { o.Request.Interfaces = []string{strings.Repeat("e", 128)} }},
		{"no folder", func(o *CaptureOptions) { o.Output = "/no/such/folder/x" }},
		{"/dev/null is no file to rotate", func(o *CaptureOptions) { o.Output, o.RotateSize = "/dev/null", 1<<20 }},
	} {
		o := good()
		c.change(&o)
		_, err := Capture(t.Context(), o, CaptureEvents{Armed: nil})
		e, ok := errors.AsType[*Error](err)
		if !ok || !e.Usage || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error()+e.Hint, "\n") {
			t.Errorf("want %q: %v", c.want, err)
			continue
		}
		if e.Hint == "" && e.Detail == "" {
			t.Errorf("%v: no hint", err)
		}
	}
	for _, change := range []func(*CaptureOptions){
		func(*CaptureOptions) {},
		func(o *CaptureOptions) { o.Request.SnapLen, o.Request.Buffer, o.MinFree = 14, 1<<30, 99 },
		func(o *CaptureOptions) { o.Output, o.RotateSize, o.RotateFiles = "./json", 4096, 1 },
		func(o *CaptureOptions) { o.Output, o.Pcap = "-", true },
		func(o *CaptureOptions) { o.Request.Interfaces = []string{strings.Repeat("e", 127), "any"} },
		func(o *CaptureOptions) { o.Request.Targets = []string{"host", "if:eth0", "pid:1", "cri:a/b"} },
	} {
		o := good()
		change(&o)
		if err := o.check(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// A filter error shows the word.
func TestFilterDetail(t *testing.T) {
	o := good()
	o.Request.Filter = "tcp and prot 80"
	e, ok := errors.AsType[*Error](o.check())
	if !ok || !strings.Contains(e.Detail, "tcp and prot 80\n") || !strings.Contains(e.Detail, "^") {
		t.Errorf("%+v", e)
	}
}

func TestKeepFor(t *testing.T) {
	for _, c := range []struct {
		screen, headers bool
		want            agent.Keep
	}{{true, false, agent.KeepNames}, {true, true, agent.KeepHeaders}, {false, true, agent.KeepHeaders}, {false, false, agent.KeepAll}} {
		var o CaptureOptions
		o.KeepFor(c.screen, c.headers)
		if o.Request.Keep != c.want {
			t.Errorf("screen %v, headers %v: %q", c.screen, c.headers, o.Request.Keep)
		}
	}
}

func TestEndedBy(t *testing.T) {
	output := func(err error) error {
		return fmt.Errorf("write pcapng: %w", outputGone{fmt.Errorf("write output: %w", err)})
	}
	for _, c := range []struct {
		cause   error  // of the context's end; nil if it goes on
		ended   string // the agent's word
		err     error
		by, why string
	}{
		{nil, agent.EndDuration, nil, "the limit of time (--duration)", ""},
		{nil, agent.EndPackets, nil, "--count 20", ""},
		{nil, agent.EndBytes, nil, "the limit of bytes (--max-bytes)", ""},
		{Interrupted{os.Interrupt}, "interrupted by Ctrl-C", nil, "Ctrl-C", ""},
		{Interrupted{syscall.SIGTERM}, "interrupted by SIGTERM", nil, "SIGTERM", ""},
		{Interrupted{syscall.SIGHUP}, "", nil, "SIGHUP", ""},
		{errDemoDone, "the reply", nil, "the reply", ""},
		{limitReached("less than 10 % of the disk"), "less than", nil, "the limit of the disk (--min-free)", "less than 10 % of the disk"},
		{nil, "the network namespace was taken down", nil, "its target", "the network namespace was taken down"},
		{nil, "x", output(syscall.ENOSPC), "an error", "no space left on device"},
		{nil, "x", output(syscall.EPIPE), "the reader of the output, which has closed it", ""},
		{Interrupted{os.Interrupt}, "x", output(io.ErrClosedPipe), "the reader of the output, which has closed it", ""},
		{nil, "x", errors.New("read counters: no"), "an error", "read counters: no"},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if c.cause != nil {
			cancel(c.cause)
		}
		r := capture{ctx: ctx, cancel: cancel, ended: c.ended, armed: true, started: time.Now()}
		r.options.Request.Limits.Packets = 20
		if by, why := r.endedBy(c.err); by != c.by || why != c.why {
			t.Errorf("%+v: ended by %q because %q", c, by, why)
		}
		got, err := r.result(c.err)
		wantErr := c.err != nil && !isPipe(c.err)
		if (err != nil) != wantErr || got.EndedBy != c.by {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
		cancel(nil)
	}
}

// An error before the start comes alone, and says what to do where something
// can be done.
func TestResultBeforeArmed(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r := capture{ctx: ctx, cancel: cancel}
	for err, hint := range map[error]string{
		fmt.Errorf("open packet socket: %w", syscall.EPERM): "as root",
		errors.ErrUnsupported:                               "on the node",
		errors.New("odd"):                                   "",
	} {
		got, out := r.result(err)
		e, ok := errors.AsType[*Error](out)
		if !ok || e.Usage || !strings.Contains(e.Hint, hint) || (e.Hint == "") != (hint == "") || got.EndedBy != "" {
			t.Errorf("%v: %+v, %+v", err, got, e)
		}
	}
}
