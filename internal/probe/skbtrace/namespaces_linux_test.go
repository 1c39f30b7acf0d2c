//go:build !pktrail_lite

package skbtrace

import (
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// Flights start in the namespaces that are named, and in those that are named
// later as soon as they are.
func TestNamespaces(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	to := netip.MustParseAddr("10.2.0.2")
	labtest.Ping(t, client, to)
	tr := open(t, Options{Filter: compile(t, "icmp and host 10.2.0.2")})
	all := inodes(t, client, middle, server)
	if err := tr.Only(all[1:2]); err != nil {
		t.Fatal(err)
	}
	labtest.Ping(t, client, to)
	allowed := time.Now()
	if err := tr.Allow(all[2]); err != nil {
		t.Fatal(err)
	}
	labtest.Ping(t, client, to)
	events := drain(t, tr)
	showOnFailure(t, events)
	early, late := 0, 0 // answers that start at the server
	for _, e := range pick(events, func(e *Event) bool { return e.Start && e.Netns != all[1] }) {
		switch {
		case e.Netns == all[2] && e.Time > allowed.UnixNano():
			late++
		default:
			early++
		}
	}
	if early != 0 || late != 1 {
		t.Errorf("%d flights start where none should, %d where one should", early, late)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tr.Allow(1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
