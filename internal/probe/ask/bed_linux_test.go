//go:build !pktrail_lite

package ask

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// listenAt, in the environment, makes the test program a server: it listens
// there until its input ends.
const listenAt = "PKTRAIL_TEST_LISTEN"

func TestMain(m *testing.M) {
	if at := os.Getenv(listenAt); at != "" {
		ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", at)
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = ln.Close()
		return
	}
	goleak.VerifyTestMain(m)
}

// bed is a router: eth0 with 10.0.0.1/24 and fd00::1/64, eth1 with 10.1.0.1/24
// and fd01::1/64. Behind them stand the namespaces peer0 and peer1 with .2.
type bed struct {
	*Asker
	t     testing.TB
	ns    string
	peers [2]string
}

func newBed(tb testing.TB) bed {
	tb.Helper()
	b := bed{t: tb, ns: labtest.Namespace(tb)}
	for i, dev := range []string{"eth0", "eth1"} {
		b.peers[i] = labtest.Namespace(tb)
		d := string(rune('0' + i))
		labtest.VethPair(tb,
			labtest.VethEnd{Namespace: b.ns, Device: dev, Addresses: prefixes("10."+d+".0.1/24", "fd0"+d+"::1/64")},
			labtest.VethEnd{Namespace: b.peers[i], Device: "eth0", Addresses: prefixes("10."+d+".0.2/24", "fd0"+d+"::2/64")})
	}
	b.Asker = openAsker(tb, b.ns)
	return b
}

func openAsker(tb testing.TB, ns string) *Asker {
	tb.Helper()
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		tb.Fatal(err)
	}
	a, err := Open(f)
	if err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil { // it may be closed at once
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := a.Close(); err != nil {
			tb.Error(err)
		}
	})
	return a
}

// do runs a program with the arguments in one string, and fails the test
// unless it succeeds.
func (b bed) do(command string) string {
	b.t.Helper()
	out, err := b.try(command)
	if err != nil {
		b.t.Fatalf("%s: %v: %s", command, err, out)
	}
	return out
}

func (b bed) try(command string) (string, error) {
	b.t.Helper()
	argv := strings.Fields(command)
	path := labtest.RequireTool(b.t, argv[0])
	out, err := exec.CommandContext(b.t.Context(), path, argv[1:]...).CombinedOutput()
	return string(out), err
}

// ip runs ip(8) in the bed's namespace.
func (b bed) ip(args string) string {
	b.t.Helper()
	return b.do("ip -n " + b.ns + " " + args)
}

// in runs a command in the bed's namespace.
func (b bed) in(command string) string {
	b.t.Helper()
	return b.do("ip netns exec " + b.ns + " " + command)
}

func prefixes(s ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range s {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// oneLine puts single spaces between words.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\\", " ")), " ")
}

func netlinkNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func openAndClose(ns string) error {
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		return err
	}
	a, err := Open(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(a.Close(), f.Close())
}
