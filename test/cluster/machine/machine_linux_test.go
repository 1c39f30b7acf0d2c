package machine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/cluster/machine"
)

// word makes the test binary a machine's first process.
const word = "machine-init"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == word {
		err := machine.Enter(os.Args[2], os.Args[3])
		if err == nil {
			err = machine.Run(machine.Service{Name: "sleep", Argv: []string{"/bin/sleep", "600"}, Log: "/var/log/sleep.log"})
		}
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func boot(t *testing.T) (p machine.Process, name, dir string) {
	t.Helper()
	space := labtest.Namespace(t)
	name, dir = labtest.Name(), t.TempDir()
	log := filepath.Join(dir, "init.log")
	p, err := machine.Boot(machine.Options{Name: name, Log: log, Argv: []string{"/proc/self/exe", word, name, dir}}, dir, space)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		if err := machine.RemoveCgroups(name); err != nil {
			t.Error(err)
		}
	})
	labtest.Wait(t, 20*time.Second, "the machine", func() bool { return machine.Up(dir) || !p.Alive() })
	if !p.Alive() {
		said, _ := os.ReadFile(log)
		t.Fatalf("the machine has ended: %s", said)
	}
	return p, name, dir
}

func on(t *testing.T, p machine.Process, script string) string {
	t.Helper()
	cmd, err := p.Command(t.Context(), "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

// A machine has its own name, processes, folders, devices and cgroups, and what
// is done there is not seen outside.
func TestMachine(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	p, name, _ := boot(t)
	outside, err := os.ReadFile("/proc/sys/vm/overcommit_memory")
	if err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{
		"hostname": name,
		"ls -d /sys/class/net/e* 2>/dev/null || echo none": "none",
		"ls -A /tmp": "",
		"cut -d: -f3 /proc/1/cgroup | sort -u | sed 's,^/init$,/,'":                                 "/",
		"cat /proc/sys/vm/overcommit_memory; echo 1 >/proc/sys/vm/overcommit_memory":                "1",
		"mkdir -p /etc/x /var/lib/x /run/x && ls -d /etc/x /var/lib/x /run/x":                       "/etc/x\n/run/x\n/var/lib/x",
		"mkdir -p /var/lib/y && mount -t tmpfs tmpfs /var/lib/y && grep -c /var/lib/y /proc/mounts": "1",
	} {
		if got := on(t, p, script); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}
	for _, path := range []string{"/etc/x", "/var/lib/x", "/run/x"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is seen outside", path)
		}
	}
	if now, err := os.ReadFile("/proc/sys/vm/overcommit_memory"); err != nil || string(now) != string(outside) {
		t.Errorf("a setting of the real machine became %q, %v", now, err)
	}
}

// With its first process a machine is gone, whatever runs there.
func TestKill(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	p, name, _ := boot(t)
	on(t, p, "setsid sleep 600 </dev/null >/dev/null 2>&1 &")
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if p.Alive() {
		t.Error("it still lives")
	}
	if _, err := p.Root(); err == nil {
		t.Error("a dead machine has a root folder")
	}
	if err := machine.RemoveCgroups(name); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob("/sys/fs/cgroup/*/pke-" + name); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if err := p.Kill(); err != nil {
		t.Errorf("killed again: %v", err)
	}
}
