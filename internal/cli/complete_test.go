package cli

import (
	"net"
	"strings"
	"testing"
	"time"
)

// A shell does not hang on a cluster that takes connections and says nothing:
// what is on this machine is offered all the same.
func TestCompleteSilentServer(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // it is there at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var out, talk strings.Builder
	begun := time.Now()
	line := "pktrail __complete capture --server http://" + l.Addr().String() + " p"
	code := Run(t.Context(), strings.Fields(line), Streams{In: strings.NewReader(""), Out: &out, Err: &talk})
	if code != exitDone || out.String() != "pid:\n:6\n" {
		t.Errorf("exit code %d, %q, %s", code, out.String(), talk.String())
	}
	if took := time.Since(begun); took < completeWithin || took > 5*completeWithin {
		t.Errorf("it took %v", took)
	}
}
