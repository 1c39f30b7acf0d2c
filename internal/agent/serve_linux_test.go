package agent

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// lines is what an agent says beside its stream.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) messages(tb testing.TB) (all []Message) {
	tb.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := bufio.NewScanner(bytes.NewReader(l.buf.Bytes())); s.Scan(); {
		var m Message
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			tb.Fatalf("%q: %v", s.Bytes(), err)
		}
		all = append(all, m)
	}
	return all
}

func (l *lines) has(tb testing.TB, k Kind) bool {
	tb.Helper()
	for _, m := range l.messages(tb) {
		if m.Kind == k {
			return true
		}
	}
	return false
}

func request1(target string) string {
	return fmt.Sprintf(`{"version":1,"capture":{"targets":["netns:%s"],"filter":"icmp"}}`, target) + "\n"
}

// A session lasts as long as its stdin.
func TestServe(t *testing.T) {
	p := newPair(t)
	for _, argv := range []bool{false, true} {
		in, stdin := io.Pipe()
		var out bytes.Buffer
		var said lines
		code := make(chan int, 1)
		var args []string
		if argv {
			args = []string{request1(p.a)}
		}
		go func() { code <- Serve(t.Context(), args, in, &out, &said) }()
		if !argv {
			if _, err := io.WriteString(stdin, request1(p.a)); err != nil {
				t.Fatal(err)
			}
		}
		labtest.Wait(t, 5*time.Second, "the word that it is armed", func() bool { return said.has(t, KindArmed) })
		if _, err := io.WriteString(stdin, "\n\n"); err != nil { // heartbeats
			t.Fatal(err)
		}
		p.ping(t, 1)
		if err := stdin.Close(); err != nil {
			t.Fatal(err)
		}
		if got := <-code; got != 0 {
			t.Errorf("exit code %d: %+v", got, said.messages(t))
		}
		s := read(t, out.Bytes())
		if len(s.frames) != 2 || s.reason() != "the requester has gone" {
			t.Errorf("%d frames, ended by %q", len(s.frames), s.reason())
		}
	}
}

// Limits end a session whose stdin stays open.
func TestServeLimit(t *testing.T) {
	p := newPair(t)
	in, stdin := io.Pipe()
	defer stdin.Close()
	var out bytes.Buffer
	var said lines
	code := make(chan int, 1)
	go func() { code <- Serve(t.Context(), nil, in, &out, &said) }()
	q := fmt.Sprintf(`{"version":1,"capture":{"targets":["netns:%s"],"filter":"icmp","limits":{"packets":2}}}`+"\n", p.a)
	if _, err := io.WriteString(stdin, q); err != nil {
		t.Fatal(err)
	}
	labtest.Wait(t, 5*time.Second, "the word that it is armed", func() bool { return said.has(t, KindArmed) })
	p.ping(t, 2)
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
	if s := read(t, out.Bytes()); len(s.frames) != 2 || s.reason() != EndPackets {
		t.Errorf("%d frames, ended by %q", len(s.frames), s.reason())
	}
}

func TestServeWrong(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct {
		args []string
		in   string
		code int
		want string
		hint bool
	}{
		{nil, "", exitUsage, "EOF", false},
		{nil, "hello\n", exitUsage, "invalid character", false},
		{nil, `{"version":9}`, exitUsage, "version 9", false},
		{nil, strings.Repeat("x", maxRequest+1), exitUsage, "a line longer than", false},
		{[]string{"{}", "{}"}, "", exitUsage, "one JSON object", false},
		{nil, `{"version":1,"capture":{"targets":["web"]}}`, exitUsage, `target "web"`, true},
		{nil, request1("nothere-" + p.a), exitFailed, "nothere", true},
		{[]string{request1(p.a)}, "", exitDone, "", false}, // stdin has ended before it began
	} {
		in, stdin := io.Pipe()
		go func() {
			_, _ = io.WriteString(stdin, c.in)
			if c.code != exitFailed {
				_ = stdin.Close()
			}
		}()
		var said lines
		var out bytes.Buffer
		if got := Serve(t.Context(), c.args, in, &out, &said); got != c.code && (c.code != exitDone || got != exitFailed) {
			t.Errorf("%.80q: exit code %d: %+v", c.in, got, said.messages(t))
		}
		_ = stdin.Close()
		all := said.messages(t)
		if c.want == "" {
			continue
		}
		if len(all) != 1 || all[0].Kind != KindError || !strings.Contains(all[0].Text, c.want) || (all[0].Hint != "") != c.hint {
			t.Errorf("%.80q: %+v", c.in, all)
		}
		if out.Len() > 0 {
			t.Errorf("%.80q: %d bytes of stream", c.in, out.Len())
		}
	}
}

// A reader that takes nothing more and does not go away either does not keep
// a session alive whose requester has gone.
func TestServeStalled(t *testing.T) {
	p := newPair(t)
	in, stdin := io.Pipe()
	stuck, out := io.Pipe() // nobody reads it
	var said lines
	code := make(chan int, 1)
	go func() { code <- serve(t.Context(), []string{request1(p.a)}, in, out, &said, 200*time.Millisecond) }()
	if _, err := stuck.Read(make([]byte, 1)); err != nil { // it has begun
		t.Fatal(err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-code:
		if got != exitFailed {
			t.Errorf("exit code %d", got)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the session lives on")
	}
	if all := said.messages(t); !strings.Contains(fmt.Sprint(all), "nobody has read it for 200ms") {
		t.Errorf("%+v", all)
	}
	_ = stuck.Close() // lets the goroutine go, as the process's end does
}
