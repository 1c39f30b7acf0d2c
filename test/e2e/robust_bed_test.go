//go:build e2e

package e2e

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// trial is what every accident happens to: a shell on node1 that talks to a
// server on node2.
type trial struct {
	*stage.Stage
	ns         string
	shell, web stage.Pod
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	s := stage.Open(t)
	s.AgentImage(t)
	ns := s.Namespace(t, stage.Unlabelled)
	return &trial{s, ns, s.Shell(t, ns, "shell", node1), s.Distroless(t, ns, "web", node2)}
}

// into starts a capture of a pod into a file and waits until packets are caught.
func (r *trial) into(t *testing.T, file, pod string, args ...string) *stage.Running {
	t.Helper()
	c := r.start(t, file, pod, args...)
	c.Says("ends after")
	return c
}

func (r *trial) start(t *testing.T, file, pod string, args ...string) *stage.Running {
	t.Helper()
	return r.startAs(t, "", file, pod, args...)
}

func (r *trial) startAs(t *testing.T, kubeconfig, file, pod string, args ...string) *stage.Running {
	t.Helper()
	all := append([]string{"capture", "-n", r.ns, pod, "-o", file, "--min-free", "0"}, args...)
	return r.Start(t, stage.RunOptions{Kubeconfig: kubeconfig}, all...)
}

// talker sends numbered datagrams from the shell to the server and hears the
// echoes, without the API server: a socket stays in the namespace where it was
// opened.
type talker struct {
	c    net.Conn
	next int
}

func (r *trial) talk(t *testing.T) *talker {
	t.Helper()
	k := &talker{}
	r.Enter(t, r.shell, func() (err error) {
		k.c, err = (&net.Dialer{}).DialContext(t.Context(), "udp", r.web.Web().String())
		return err
	})
	t.Cleanup(func() { _ = k.c.Close() })
	return k
}

// say sends so many and waits for each echo.
func (k *talker) say(t *testing.T, count int) {
	t.Helper()
	for range count {
		word := "datagram " + strconv.Itoa(k.next)
		k.next++
		if err := k.c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := k.c.Write([]byte(word)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		if n, err := k.c.Read(b); err != nil || string(b[:n]) != word {
			t.Fatalf("%q comes back as %q: %v", word, b[:n], err)
		}
	}
}

// sayUntil says one every 20 ms until done is closed.
func (k *talker) sayUntil(t *testing.T, done <-chan struct{}) {
	t.Helper()
	for {
		select {
		case <-done:
			return
		case <-time.After(20 * time.Millisecond):
			k.say(t, 1)
		}
	}
}

// kept is what a file holds.
type kept struct {
	frames int
	missed uint64
	// ended is true if the stream has its end record.
	ended bool
	end   record.End
}

// keptIn reads a file to its end. A file that breaks off in the middle of a block
// is one that a killed client has left.
func keptIn(t *testing.T, file string) kept {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := record.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var k kept
	var frame trail.Frame
	for {
		err := in.Read(&frame)
		if errors.Is(err, io.EOF) || record.IsTruncated(err) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		k.frames++
	}
	for id := range in.Points() {
		if n, ok := in.Counters(id); ok {
			k.missed += n.Missed
		}
	}
	k.end, k.ended = in.End()
	return k
}

// newFile is a new file's name.
func newFile(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "a.pcapng")
}

// whole fails the test unless a file has its end and every datagram that was
// sent and came back, once.
func (k *talker) whole(t *testing.T, file string) kept {
	t.Helper()
	got := keptIn(t, file)
	if got.frames != 2*k.next || got.missed != 0 || !got.ended {
		t.Errorf("%d datagrams went and came back; the file has %d packets, missed %d, its end %v %+v", k.next, got.frames, got.missed, got.ended, got.end)
	}
	return got
}
