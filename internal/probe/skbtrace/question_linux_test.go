//go:build !pktrail_lite

package skbtrace

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// Lookups that answer questions are told from those for packets, while
// somebody asks and packets with the same addresses are under way.
func TestQuestion(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	to4, to6 := netip.MustParseAddr("10.2.0.2"), netip.MustParseAddr("fd02::2")
	labtest.Ping(t, client, to4)
	labtest.Ping(t, client, to6)
	tr := open(t, Options{Filter: compile(t, "icmp or icmp6"), Netns: inodes(t, client, middle, server), Watch: []netip.Addr{to4, to6}})
	if err := tr.Asking(true); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		run(t, client, "ip", "route", "get", to4.String())
		run(t, client, "ip", "route", "get", to6.String())
	}
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for range 20 {
			run(t, middle, "ip", "route", "get", to4.String(), "from", "10.1.0.2", "iif", "left")
		}
	}()
	for range 20 {
		labtest.Ping(t, client, to4)
	}
	labtest.Ping(t, client, to6)
	<-asked
	if err := tr.Asking(false); err != nil {
		t.Fatal(err)
	}
	run(t, client, "ip", "route", "get", to4.String())
	events := drain(t, tr)
	showOnFailure(t, events)
	inode := inodes(t, client, middle)
	questions, forwarded := map[bool]int{}, map[uint64]bool{}
	for _, e := range ofStage(events, trail.StageRoute) {
		switch {
		case e.Question && e.Netns == inode[0] && e.Flight == 0:
			questions[e.Route.Dst.Is6()]++
		case e.Netns == inode[1] && e.Related && !e.Question && !e.Route.ReversePath && e.Route.Dst == to4 && e.Route.Device == "right":
			forwarded[e.Flight] = true
		}
	}
	if questions[false] != 5 || questions[true] < 5 {
		t.Errorf("%v lookups answer questions, want 5 and at least 5", questions)
	}
	if len(forwarded) != 20 {
		t.Errorf("the routes of %d packets were seen, want 20", len(forwarded))
	}
	if e := events[len(events)-1]; e.Stage != trail.StageRoute || e.Question {
		t.Errorf("a lookup after asking: %+v", e)
	}
}
