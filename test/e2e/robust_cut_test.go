//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pktrail/pktrail/test/cluster/bed"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// cable is the way to the API server, which can be cut.
type cable struct {
	l net.Listener
	// whole is held for writing while the cable is cut: nothing passes then, and
	// nobody is told.
	whole sync.RWMutex
	ends  sync.Map // connections to their counterparts
}

func newCable(t *testing.T) *cable {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{l: l}
	server := strings.TrimPrefix(bed.APIServer, "https://")
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go c.join(in, server)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); c.reset() })
	return c
}

func (c *cable) join(in net.Conn, server string) {
	c.whole.RLock()
	out, err := net.DialTimeout("tcp", server, 5*time.Second) //nolint:noctx // it has a timeout
	c.whole.RUnlock()
	if err != nil {
		_ = in.Close()
		return
	}
	c.ends.Store(in, out)
	pass := func(to, from net.Conn) {
		b := make([]byte, 32<<10)
		for {
			n, err := from.Read(b)
			c.whole.RLock()
			if n > 0 {
				_, _ = to.Write(b[:n]) // the other direction sees a broken one
			}
			c.whole.RUnlock()
			if err != nil {
				_ = to.(*net.TCPConn).CloseWrite()
				return
			}
		}
	}
	go pass(in, out)
	pass(out, in)
}

// reset breaks all connections, and tells both ends.
func (c *cable) reset() {
	c.ends.Range(func(in, out any) bool {
		for _, end := range []any{in, out} {
			_ = end.(*net.TCPConn).SetLinger(0)
			_ = end.(*net.TCPConn).Close()
		}
		c.ends.Delete(in)
		return true
	})
}

// kubeconfig is admin's, by this cable.
func (c *cable) kubeconfig(t *testing.T, s *stage.Stage) string {
	t.Helper()
	b, err := os.ReadFile(s.Cluster.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), "server: "+bed.APIServer, fmt.Sprintf("server: https://%s\n    tls-server-name: %s", c.l.Addr(), bed.HostIP), 1)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The API server goes away and comes back in the middle of a capture: not one
// packet is lost, and the user is told.
func TestRobustAPIServer(t *testing.T) {
	r := newTrial(t)
	k := r.talk(t)
	files := map[string]string{}
	runs := map[string]*stage.Running{}
	for _, method := range []string{"node", "exec", "ephemeral"} {
		files[method] = newFile(t)
		runs[method] = r.start(t, files[method], "shell", "--method", method, "-f", "udp port 8080")
	}
	for _, c := range runs {
		c.Says("ends after")
	}
	k.say(t, 50)
	restart := r.KillAPIServer(t)
	k.say(t, 100)
	for _, c := range runs {
		c.Says("note: the connection to the agent is broken")
	}
	back := make(chan struct{})
	go func() { defer close(back); restart() }()
	k.sayUntil(t, back)
	for _, c := range runs {
		c.Says("note: the connection to the agent is back")
	}
	k.say(t, 50)
	for method, c := range runs {
		if end := c.Stop(); end.Code != 0 || !strings.Contains(end.Stderr, "ended by Ctrl-C") {
			t.Errorf("%s: code %d\n%s", method, end.Code, end.Stderr)
		}
		k.whole(t, files[method])
	}
}

// cutOff is a capture by a way that is cut.
type cutOff struct {
	name, file string
	cable      *cable
	c          *stage.Running
}

// cut cuts the way as the name says.
func (o *cutOff) cut() {
	switch o.name {
	case "stall":
		o.cable.whole.Lock()
		time.Sleep(5 * time.Second)
		o.cable.whole.Unlock()
	case "silence", "silence-exec": // longer than the client waits, shorter than the agent does
		o.cable.whole.Lock()
		time.Sleep(20 * time.Second)
		o.cable.reset()
		o.cable.whole.Unlock()
	case "resets":
		for range 12 {
			o.cable.reset()
			time.Sleep(700 * time.Millisecond)
		}
	case "for good":
		o.cable.whole.Lock()
	}
}

// The way to the API server is cut: for a moment that nobody notices, for
// longer, again and again, and for good.
func TestRobustNetworkCut(t *testing.T) {
	r := newTrial(t)
	k := r.talk(t)
	var runs []*cutOff
	for name, args := range map[string][]string{"stall": nil, "silence": nil, "silence-exec": {"--method", "exec"}, "resets": nil, "for good": {"--reconnect", "4s"}} {
		c := newCable(t)
		one := &cutOff{name, newFile(t), c, nil}
		one.c = r.startAs(t, c.kubeconfig(t, r.Stage), one.file, "shell", append(args, "-f", "udp port 8080")...)
		runs = append(runs, one)
	}
	for _, one := range runs {
		one.c.Says("ends after")
	}
	k.say(t, 20)
	time.Sleep(1500 * time.Millisecond) // a stream is flushed now and then
	var cuts sync.WaitGroup
	for _, one := range runs {
		cuts.Go(one.cut)
	}
	done := make(chan struct{})
	go func() { defer close(done); cuts.Wait() }()
	k.sayUntil(t, done)
	for _, one := range runs {
		switch one.name {
		case "stall":
		case "for good":
			end := one.c.Wait()
			if end.Code != 1 || !strings.Contains(end.Stderr, "pktrail: error: the agent cannot be reached: nothing was heard for") {
				t.Errorf("%s: code %d\n%s", one.name, end.Code, end.Stderr)
			}
			one.cable.reset()
			one.cable.whole.Unlock()
			if got := keptIn(t, one.file); got.frames < 40 || !got.ended {
				t.Errorf("%s: %d packets, end %v", one.name, got.frames, got.ended)
			}
		default:
			one.c.Says("note: the connection to the agent is back")
		}
	}
	k.say(t, 20)
	for _, one := range runs {
		if one.name == "for good" {
			continue
		}
		end := one.c.Stop()
		if end.Code != 0 || one.name == "stall" && strings.Contains(end.Stderr, "broken") {
			t.Errorf("%s: code %d\n%s", one.name, end.Code, end.Stderr)
		}
		k.whole(t, one.file)
	}
}

// A node that goes down takes its agent along; those on other nodes go on.
func TestRobustNode(t *testing.T) {
	r := newTrial(t)
	one, both := newFile(t), newFile(t)
	k := r.talk(t)
	alone := r.into(t, one, "web", "-f", "udp port 8080")
	two := r.into(t, both, "web", "pod/shell", "-f", "udp port 8080 or icmp")
	k.say(t, 10)
	time.Sleep(1500 * time.Millisecond)
	r.RestartNode(t, node2)
	end := alone.Wait()
	if end.Code != 1 || !strings.Contains(end.Stderr, "pktrail: error: the agent ") {
		t.Errorf("code %d\n%s", end.Code, end.Stderr)
	}
	if got := keptIn(t, one); got.frames != 20 || !got.ended {
		t.Errorf("%d packets, end %v %+v", got.frames, got.ended, got.end)
	}
	two.Says("node2: the agent ")
	if err := k.c.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.c.Write([]byte("more")); err != nil { // towards node2, whoever hears it
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	end = two.Stop()
	if end.Code != 0 {
		t.Errorf("code %d\n%s", end.Code, end.Stderr)
	}
	if got := keptIn(t, both); got.frames < 41 || !got.ended || len(got.end.Streams) != 2 {
		t.Errorf("%d packets, end %v %+v", got.frames, got.ended, got.end)
	}
}

// An output that takes no more ends the capture: a full disk is an error, a
// reader that goes away is none.
func TestRobustOutput(t *testing.T) {
	r := newTrial(t)
	t.Run("full disk", func(t *testing.T) {
		disk := smallDisk(t, "2m")
		file := filepath.Join(disk, "a.pcapng")
		c := r.into(t, file, "shell")
		r.Load(t, r.shell, r.web.Web(), 8<<20)
		end := c.Wait()
		if end.Code != 1 || !strings.Contains(end.Stderr, "no space left on device") {
			t.Errorf("code %d\n%s", end.Code, end.Stderr)
		}
		if got := keptIn(t, file); got.frames < 30 {
			t.Errorf("%d packets are kept", got.frames)
		}
	})
	t.Run("closed pipe", func(t *testing.T) {
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c := r.Start(t, stage.RunOptions{Stdout: out}, "capture", "-n", r.ns, "shell", "-o", "-")
		_ = out.Close()
		c.Says("ends after")
		if _, err := io.ReadFull(in, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		_ = in.Close()
		r.Load(t, r.shell, r.web.Web(), 1<<20)
		if end := c.Wait(); end.Code != 0 || !strings.Contains(end.Stderr, "ended by the reader of the output") {
			t.Errorf("code %d\n%s", end.Code, end.Stderr)
		}
	})
}
