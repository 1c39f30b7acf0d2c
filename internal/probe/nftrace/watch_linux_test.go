//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// Rules that others make end the wait, by whatever way they are made; tables of
// pktrail do not.
func TestWatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, rules string
		argv        []string
	}{
		{"nft", counted, []string{"nft", "-f", "-"}},
		{"nft, an empty table", "", []string{"nft", "add", "table", "bridge", "t"}},
		{"iptables-nft", "", []string{"iptables-nft", "-A", "INPUT", "-j", "DROP"}},
		{"iptables-legacy", "", []string{"iptables-legacy", "-A", "INPUT", "-j", "DROP"}},
		{"ip6tables-legacy", "", []string{"ip6tables-legacy", "-A", "INPUT", "-j", "DROP"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ns := labtest.Namespace(t)
			w, waited := watch(t, ns)
			open(t, ns, Options{Matches: []Match{toServer}}).stop(t)
			run(t, ns, c.rules, c.argv...)
			select {
			case err := <-waited:
				if err != nil {
					t.Fatal(err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("rules were not noticed")
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Close ends the wait, which a table of our own has not.
func TestWatchClose(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	w, waited := watch(t, ns)
	open(t, ns, Options{Matches: []Match{toServer}}).stop(t)
	for range 2 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-waited; !errors.Is(err, os.ErrClosed) {
		t.Errorf("wait: %v", err)
	}
	if err := w.Wait(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("wait after close: %v", err)
	}
}

// watch waits in the background.
func watch(t *testing.T, ns string) (*Watch, <-chan error) {
	t.Helper()
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		t.Fatal(err)
	}
	w, err := OpenWatch(f)
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- w.Wait() }()
	t.Cleanup(func() {
		_ = w.Close() // a test may have
		f.Close()
	})
	return w, waited
}
