package netlink

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
)

// TestChangesAreSeen: each kind of change is noted, and told once.
func TestChangesAreSeen(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	for _, c := range []struct {
		line string
		want netstate.Part
	}{
		{"link add a0 type veth peer name a1", netstate.PartLinks},
		{"addr add 10.0.0.1/24 dev a0", netstate.PartAddresses},
		{"route add unreachable 10.9.0.0/16", netstate.PartRoutes},
		{"rule add lookup 7", netstate.PartRules},
		{"nexthop add id 3 blackhole", netstate.PartNexthops},
	} {
		err := lab.Do(ns, func() error {
			w, err := watch()
			if err != nil {
				return err
			}
			ip(t, ns, c.line)
			first, second := changedSince(w), changedSince(w)
			if !first[c.want] || len(second) != 0 {
				t.Errorf("%s: %v, then %v", c.line, first, second)
			}
			return w.Close()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestOneMoment takes a namespace in which two links with an address each take
// turns: what is not noted as changed must fit together.
func TestOneMoment(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	// both ends have a number that no other link will have again
	var lines []string
	for i := range 60 {
		n := 1000 + 2*i
		lines = append(lines, "link add x0 index "+strconv.Itoa(n)+" type veth peer index "+strconv.Itoa(n+1)+" name x1", "addr add 10.0.0.1/24 dev x0", "link del x0")
	}
	cmd := exec.CommandContext(t.Context(), labtest.RequireTool(t, "ip"), "-n", ns, "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	file := open(t, ns)
	taken, whole := 0, 0
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d taken, %d of one moment", taken, whole)
			if taken == 0 {
				t.Error("too fast to be looked at")
			}
			return
		default:
		}
		got, err := Take(t.Context(), file, Options{Parts: []netstate.Part{netstate.PartLinks, netstate.PartAddresses}})
		if err != nil {
			t.Fatal(err)
		}
		taken++
		if slices.Contains(got.Changed, netstate.PartLinks) || slices.Contains(got.Changed, netstate.PartAddresses) {
			continue
		}
		whole++
		for _, a := range got.Addresses {
			if got.Link(a.Link) == nil {
				t.Errorf("%s is of link %d, which is not there", a.Prefix, a.Link)
			}
		}
	}
}
