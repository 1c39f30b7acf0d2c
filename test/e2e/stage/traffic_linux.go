package stage

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Exec runs a command in a pod's first container, or in the named one, and
// returns what it prints. It goes through the API server, as kubectl exec does.
func (s *Stage) Exec(tb testing.TB, p Pod, container string, argv ...string) string {
	tb.Helper()
	ctx, cancel := bounded(tb)
	defer cancel()
	out, err := s.exec(ctx, p, container, argv...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// Put writes a program into a pod with a shell.
func (s *Stage) Put(tb testing.TB, p Pod, path string, program []byte) {
	tb.Helper()
	script := "cat > '" + path + "' && chmod 755 '" + path + "'"
	ctx, cancel := bounded(tb)
	defer cancel()
	_, err := s.kubectl(ctx, s.Cluster.Kubeconfig(), string(program), "exec", "-i", "-n", p.Namespace, p.Name, "--", "sh", "-c", script)
	if err != nil {
		tb.Fatal(err)
	}
}

func (s *Stage) exec(ctx context.Context, p Pod, container string, argv ...string) (string, error) {
	args := []string{"exec", "-n", p.Namespace, p.Name}
	if container != "" {
		args = append(args, "-c", container)
	}
	return s.kubectl(ctx, s.Cluster.Kubeconfig(), "", append(append(args, "--"), argv...)...)
}

// Get asks a web server from inside a pod, once, and returns the answer.
func (s *Stage) Get(tb testing.TB, from Pod, to netip.AddrPort) (string, error) {
	tb.Helper()
	return s.exec(tb.Context(), from, "", from.client, "get", "http://"+to.String()+"/")
}

// Load fetches so many bytes from a web server into a pod and returns how many
// came.
func (s *Stage) Load(tb testing.TB, from Pod, to netip.AddrPort, bytes int64) int64 {
	tb.Helper()
	out := s.Exec(tb, from, "", from.client, "load", fmt.Sprintf("http://%s/bytes/%d", to, bytes))
	n, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Ask sends datagrams to a web server's echo at an even pace and returns how
// many came back.
func (s *Stage) Ask(tb testing.TB, from Pod, to netip.AddrPort, count int, pause time.Duration) int {
	tb.Helper()
	out := s.Exec(tb, from, "", from.client, "ask", to.String(), strconv.Itoa(count), pause.String())
	n, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Ping sends echo requests from a pod with a shell and fails the test unless all
// are answered.
func (s *Stage) Ping(tb testing.TB, from Pod, to netip.Addr, count int) {
	tb.Helper()
	s.Exec(tb, from, "", "ping", "-c", strconv.Itoa(count), "-i", "0.2", "-W", "2", to.String())
}

// Traffic keeps asking a web server's echo in the background, 20 times a second,
// until the returned function is called or the test ends.
func (s *Stage) Traffic(tb testing.TB, from Pod, to netip.AddrPort) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			// The pod may be deleted or the API server be away, as the case has it.
			if _, err := s.exec(ctx, from, "", from.client, "ask", to.String(), "100", "50ms"); err != nil {
				select {
				case <-ctx.Done():
				case <-time.After(200 * time.Millisecond):
				}
			}
		}
	}()
	stop = func() { cancel(); <-done }
	tb.Cleanup(stop)
	return stop
}
