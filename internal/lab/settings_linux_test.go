package lab_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// sysctls reads settings below /proc/sys/net in a namespace.
func sysctls(t *testing.T, ns string, paths ...string) []string {
	t.Helper()
	var all []string
	err := lab.Do(ns, func() error {
		for _, p := range paths {
			b, err := os.ReadFile("/proc/sys/net/" + p)
			if err != nil {
				return err
			}
			all = append(all, strings.Join(strings.Fields(string(b)), " "))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Nodes forward and pods do not; Felix's settings are on the host ends.
func TestSettings(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Flavour: lab.Calico, Nodes: 1, Pods: 1})
	dev := l.Pods[0].HostDevice
	for _, tc := range []struct{ ns, path, want string }{
		{"outside", "ipv4/ip_forward", "1"},
		{"node1", "ipv4/ip_forward", "1"},
		{"node1", "ipv6/conf/all/forwarding", "1"},
		{"node1", "ipv6/conf/eth0/forwarding", "1"},
		{"node1", "ipv4/conf/all/rp_filter", "0"},
		{"node1", "ipv4/conf/eth0/rp_filter", "0"},
		{"node1", "ipv4/conf/" + dev + "/rp_filter", "1"},
		{"node1", "ipv4/conf/" + dev + "/proxy_arp", "1"},
		{"node1", "ipv4/conf/" + dev + "/route_localnet", "1"},
		{"node1", "ipv4/conf/" + dev + "/forwarding", "1"},
		{"node1", "ipv4/neigh/" + dev + "/proxy_delay", "0"},
		{"node1", "ipv6/conf/" + dev + "/proxy_ndp", "1"},
		{"node1-pod1", "ipv4/ip_forward", "0"},
		{"node1-pod1", "ipv6/conf/all/forwarding", "0"},
		{"node1-pod1", "ipv6/conf/eth0/disable_ipv6", "0"},
		{"node1-pod1", "ipv4/ping_group_range", "0 2147483647"},
	} {
		ns, err := l.Resolve(tc.ns)
		if err != nil {
			t.Fatal(err)
		}
		if got := sysctls(t, ns, tc.path)[0]; got != tc.want {
			t.Errorf("%s %s is %s, want %s", tc.ns, tc.path, got, tc.want)
		}
	}
}

// Do leaves the thread where it was, whatever the function does, and reaches
// nothing but names in /run/netns.
func TestDo(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	home, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	inside := func() (string, error) { return os.Readlink("/proc/thread-self/ns/net") }
	wrong := errors.New("wrong")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				err := lab.Do(ns, func() error {
					if got, err := inside(); err != nil || got == home {
						t.Errorf("in %s, %v", got, err)
					}
					return wrong
				})
				if !errors.Is(err, wrong) {
					t.Errorf("got %v", err)
				}
				if got, err := inside(); err != nil || got != home {
					t.Errorf("back in %s, %v", got, err)
				}
			}
		})
	}
	group.Wait()
	for _, name := range []string{"", ".", "..", "../../proc/self/ns/net", "/proc/self/ns/net", "no-such-namespace"} {
		err := lab.Do(name, func() error { t.Error("ran"); return nil })
		if gone := (*lab.NotFoundError)(nil); !errors.As(err, &gone) {
			t.Errorf("%q: %v", name, err)
		}
		if err := lab.DeleteNamespace(name); (err == nil) != (name == "no-such-namespace") {
			t.Errorf("delete %q: %v", name, err)
		}
	}
}

// Of several that make a lab of one name at once, one does, and the others
// do not take it away.
func TestUpTogether(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	name := labtest.Name()
	made := make(chan error, 4)
	for range cap(made) {
		go func() {
			_, err := lab.Up(t.Context(), lab.Options{Name: name})
			made <- err
		}()
	}
	up := 0
	for range cap(made) {
		err := <-made
		if exists := (*lab.ExistsError)(nil); err == nil {
			up++
		} else if !errors.As(err, &exists) {
			t.Error(err)
		}
	}
	l := find(t, name)
	if up != 1 || l.State != lab.StateUp {
		t.Errorf("%d were made, state %s: %q", up, l.State, l.Problems)
	}
	if _, err := lab.Down(name); err != nil {
		t.Fatal(err)
	}
	checkNothing(t, name)
}

// The names are visible in other mount namespaces, as those of ip-netns(8).
func TestNamesAreShared(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Nodes: 1, Pods: 1})
	shared := false
	for _, m := range mountsOf(t, l.Name) {
		shared = shared || strings.Contains(m, "/"+l.Pods[0].Name+" ") && strings.Contains(m, " shared:")
	}
	if !shared {
		t.Errorf("not shared: %q", mountsOf(t, l.Name))
	}
	ip := labtest.RequireTool(t, "ip")
	var out strings.Builder
	code, err := l.Exec(t.Context(), "outside", []string{ip, "netns", "exec", l.Pods[0].Name, ip, "-br", "addr", "show", "eth0"}, lab.Stdio{Out: &out})
	if err != nil || code != 0 || !strings.Contains(out.String(), "10.244.1.2/24") {
		t.Errorf("ip netns exec: %d, %v, %s", code, err, out.String())
	}
}

// Nothing of a lab is in the machine's own network namespace: no device, and
// the settings stay.
func TestMachineIsUntouched(t *testing.T) {
	labtest.RequireRoot(t)
	state := func() string {
		var all strings.Builder
		for _, p := range []string{"/proc/net/dev_snmp6", "/proc/sys/net/ipv4/conf"} {
			entries, err := os.ReadDir(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				all.WriteString(e.Name() + " ")
			}
		}
		for _, p := range []string{"/proc/net/route", "/proc/net/ipv6_route", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/ping_group_range", "/proc/sys/net/ipv6/conf/all/forwarding", "/proc/sys/net/ipv6/conf/default/accept_dad"} {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
		return all.String()
	}
	before := state()
	for _, f := range works() {
		labtest.Lab(t, lab.Options{Flavour: f})
		if after := state(); after != before {
			t.Errorf("%s: before:\n%s\nafter:\n%s", f, before, after)
		}
	}
}
