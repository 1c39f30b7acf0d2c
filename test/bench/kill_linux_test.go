package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// bedOf gives a road with rules in its nodes, and the program, built for the
// test.
func bedOf(t *testing.T) (*road, options) {
	t.Helper()
	labtest.RequireRoot(t)
	for _, tool := range []string{"nft", "bpftool", "go"} {
		labtest.RequireTool(t, tool)
	}
	o := options{pktrail: filepath.Join(t.TempDir(), "pktrail")}
	if b, err := exec.CommandContext(t.Context(), "go", "build", "-o", o.pktrail, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, b)
	}
	r, err := newRoad(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	// Rules are traced where there are some: without chains, a trace has no
	// table that could be left.
	remove, err := r.withChains(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	return r, o
}

// A trace that is killed at a random moment leaves no table, program, map,
// link or socket.
func TestKill(t *testing.T) {
	r, o := bedOf(t)
	all := kills(r)
	for i := range 2 * len(all) {
		k, err := r.kill(t.Context(), o, all[i%len(all)])
		if err != nil {
			t.Fatal(err)
		}
		if len(k.left) > 0 {
			t.Errorf("killed after %v, trace %s left\n%s", k.after, strings.Join(k.args, " "), strings.Join(k.left, "\n"))
		}
	}
}

// What a living trace has is found, so that "nothing" means something.
func TestTracesFound(t *testing.T) {
	r, o := bedOf(t)
	before, err := r.traces()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := o.launch(t.Context(), nil, nil, between(r.from, r.to, "--count", "0")...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.await(t.Context()); err != nil {
		t.Fatal(err)
	}
	during, err := r.traces()
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(during.beyond(before), "\n")
	for _, want := range []string{r.from.Node + ": table inet pktrail", r.to.Node + ": netlink socket"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	held := heldObjects()
	for _, kind := range []string{"prog_id", "map_id", "link_id"} {
		if len(held[kind]) == 0 {
			t.Errorf("no %s is held by a trace that runs", kind)
		}
	}
	progs, err := bpftool[object]("prog")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range progs {
		found = found || p.Name == "pkt_drop" && held["prog_id"][p.ID]
	}
	if !found {
		t.Errorf("bpftool lists no pkt_drop that is held, of %d programs", len(progs))
	}
	if err := tr.stop(); err != nil {
		t.Fatal(err)
	}
	k := killed{}
	if err := k.look(context.WithoutCancel(t.Context()), r, before); err != nil {
		t.Fatal(err)
	}
	if len(k.left) > 0 {
		t.Errorf("after its end there is\n%s", strings.Join(k.left, "\n"))
	}
}
