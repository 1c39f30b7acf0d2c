package netlink_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
	"github.com/pktrail/pktrail/internal/render/iproute"
)

// batch runs a file of ip's commands in a namespace; all must succeed.
func batch(t *testing.T, namespace, file string, flags ...string) {
	t.Helper()
	run(t, "ip", slices.Concat([]string{"-n", namespace}, flags, []string{"-batch", filepath.Join("testdata", file)})...)
}

// run gives what a program writes to its standard output.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	labtest.RequireTool(t, name)
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// take reads parts of a namespace, of which none may be unreadable, and sends
// them through JSON as a file would.
func take(t *testing.T, namespace string, o netlink.Options) *netstate.Namespace {
	t.Helper()
	f, err := os.Open(filepath.Join("/run/netns", namespace))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ns, err := netlink.Take(t.Context(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(ns.Unreadable) > 0 || len(ns.Changed) > 0 {
		t.Fatalf("unreadable: %v, changed: %v", ns.Unreadable, ns.Changed)
	}
	b, err := json.Marshal(ns)
	if err != nil {
		t.Fatal(err)
	}
	back := &netstate.Namespace{}
	if err := json.Unmarshal(b, back); err != nil {
		t.Fatal(err)
	}
	return back
}

// tokens are those of a JSON text, so that the order of members counts.
func tokens(t *testing.T, b []byte) []json.Token {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var all []json.Token
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		all = append(all, tok)
	}
}

// listing is one of ip's, and ours.
type listing struct {
	args   []string // ip's arguments behind its flags
	family string
	ours   func(*netstate.Namespace, iproute.Options) []byte
}

func routeListings() []listing {
	all := []string{"route", "show", "table", "all"}
	return []listing{
		{all, "", iproute.Routes},
		{all, "inet", iproute.Routes},
		{all, "inet6", iproute.Routes},
		{[]string{"rule"}, "", iproute.Rules},
		{[]string{"rule"}, "inet6", iproute.Rules},
		{[]string{"nexthop"}, "", iproute.Nexthops},
	}
}

// sameAsIP compares listings of a namespace with ip's, as text and JSON, with
// and without details. It gives how many entries ip listed. What lives for some
// time only may differ by a second, and is then asked again.
func sameAsIP(t *testing.T, namespace string, listings []listing) int {
	t.Helper()
	entries := 0
	parts := []netstate.Part{netstate.PartLinks, netstate.PartRoutes, netstate.PartRules, netstate.PartNexthops}
	for _, l := range listings {
		for _, o := range []iproute.Options{{}, {Details: true}, {JSON: true}, {JSON: true, Details: true}} {
			o.Family = l.family
			args := []string{"-n", namespace}
			for flag, on := range map[string]bool{"-j": o.JSON, "-d": o.Details, "-4": o.Family == "inet", "-6": o.Family == "inet6"} {
				if on {
					args = append(args, flag)
				}
			}
			args = append(args, l.args...)
			diff := "never asked"
			for try := 0; try < 3 && diff != ""; try++ {
				theirs := run(t, "ip", args...)
				ours := l.ours(take(t, namespace, netlink.Options{Parts: parts}), o)
				if o.JSON {
					diff = cmp.Diff(tokens(t, theirs), tokens(t, ours))
				} else {
					diff = cmp.Diff(strings.Split(string(theirs), "\n"), strings.Split(string(ours), "\n"))
					entries += bytes.Count(theirs, []byte("\n"))
				}
			}
			if diff != "" {
				t.Errorf("ip %s (-) and ours (+):\n%s", strings.Join(args, " "), diff)
			}
		}
	}
	return entries
}

func TestRoutesAsIP(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	batch(t, ns, "routes4.batch")
	batch(t, ns, "routes6.batch", "-6")
	if n := sameAsIP(t, ns, routeListings()); n < 500 {
		t.Errorf("%d lines were compared: the namespace is not what it should be", n)
	}
	// Without a carrier, and down: ways are dead, routes go.
	for _, way := range [][]string{{"v1", "down"}, {"v2", "down"}} {
		run(t, "ip", "-n", ns, "link", "set", way[0], way[1])
		sameAsIP(t, ns, routeListings())
	}
	for _, flag := range []string{"linkdown", "dead"} {
		if !strings.Contains(string(run(t, "ip", "-n", ns, "route", "show", "table", "all")), flag) {
			t.Errorf("no way is %s", flag)
		}
	}
}

func TestRulesAsIP(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	batch(t, ns, "rules4.batch")
	batch(t, ns, "rules6.batch", "-6")
	if n := sameAsIP(t, ns, routeListings()); n < 100 {
		t.Errorf("%d lines were compared: the namespace is not what it should be", n)
	}
}

// A multicast router's routes stand in tables of their own families, and have
// ways that no other route has.
func TestMulticastRoutesAsIP(t *testing.T) {
	t.Parallel()
	const mrtInit, addVIF, addMFC = 200, 202, 204 // linux/mroute.h
	ns := labtest.Namespace(t)
	for _, args := range []string{
		"link add v0 type veth peer name v1", "link set v0 up", "link set v1 up", "addr add 10.1.0.1/24 dev v0", "addr add 10.2.0.1/24 dev v1",
	} {
		run(t, "ip", append([]string{"-n", ns}, strings.Fields(args)...)...)
	}
	err := lab.Do(ns, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_IGMP)
		if err != nil {
			return err
		}
		t.Cleanup(func() { unix.Close(fd) })
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, mrtInit, 1)
		for i, addr := range [][]byte{{10, 1, 0, 1}, {10, 2, 0, 1}} {
			vif := make([]byte, 16) // struct vifctl
			binary.NativeEndian.PutUint16(vif, uint16(i))
			vif[3] = 1
			copy(vif[8:], addr)
			err = errors.Join(err, unix.SetsockoptString(fd, unix.IPPROTO_IP, addVIF, string(vif)))
		}
		mfc := make([]byte, 60) // struct mfcctl
		copy(mfc, []byte{10, 1, 0, 9, 239, 1, 1, 1})
		mfc[10+1] = 3 // the TTL that a packet needs to leave by v1
		return errors.Join(err, unix.SetsockoptString(fd, unix.IPPROTO_IP, addMFC, string(mfc)))
	})
	if err != nil {
		t.Fatal(err)
	}
	sameAsIP(t, ns, routeListings())
	got := take(t, ns, netlink.Options{Parts: []netstate.Part{netstate.PartRoutes}})
	if !slices.ContainsFunc(got.Routes, func(r netstate.Route) bool { return r.Family == "ipmr" && r.Src.String() == "10.1.0.9/32" }) {
		t.Error("the multicast router's route is missing")
	}
}

// An empty namespace has rules and nothing else.
func TestEmptyAsIP(t *testing.T) {
	t.Parallel()
	sameAsIP(t, labtest.Namespace(t), routeListings())
}

// All namespaces of labs, as CNIs set them up.
func TestLabsAsIP(t *testing.T) {
	t.Parallel()
	for _, flavour := range []lab.Flavour{lab.Flannel, lab.PTP, lab.Calico} {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			l := labtest.Lab(t, lab.Options{Flavour: flavour})
			for _, ns := range l.Namespaces() {
				sameAsIP(t, ns, routeListings())
			}
		})
	}
}
