package netns

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// asFinder marks the test binary as a child that looks for the container and
// prints how its first process's cgroup reads from there.
const asFinder = "PKTRAIL_TEST_FIND"

// find is what such a child does. For an if: target it prints the devices.
func find(id string) error {
	if name, ok := strings.CutPrefix(id, "if:"); ok {
		return printDevices(Target{Interface, name})
	}
	found, err := newEnv(Options{}).containers(context.Background())
	if err != nil {
		return err
	}
	if len(found[id]) != 1 {
		return fmt.Errorf("%d processes of %s", len(found[id]), id)
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(found[id][0]) + "/cgroup")
	if err != nil {
		return err
	}
	n, err := Open(context.Background(), Target{Container, id}, Options{})
	if err != nil {
		return err
	}
	fmt.Printf("%d %d\n%s", n.PID, n.Inode, b)
	return n.Close()
}

// cgroup2 mounts the cgroup v2 hierarchy where only this test sees it, and
// gives a group of the test's own in it.
func cgroup2(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := unix.Mount("cgroup2", root, "cgroup2", 0, ""); err != nil {
		t.Skipf("needs a kernel with cgroup v2: %v", err)
	}
	dir := filepath.Join(root, "pktrail-test-"+strconv.Itoa(os.Getpid()))
	t.Cleanup(func() {
		_ = os.Remove(dir)
		if err := unix.Unmount(root, 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startIn starts a program in a new group below dir.
func startIn(t *testing.T, dir, group string, cmd *exec.Cmd, flags uintptr) {
	t.Helper()
	path := filepath.Join(dir, group)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(f.Fd()), Cloneflags: flags}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for p := path; p != dir; p = filepath.Dir(p) {
			_ = os.Remove(p)
		}
	})
}

// TestRealCgroup finds a process in a real cgroup and network namespace of
// its own: from here, and from a neighbouring container with a cgroup
// namespace of its own, where the path begins with "/..".
func TestRealCgroup(t *testing.T) {
	newNamed(t, "real-cgroup") // asks for root
	dir := cgroup2(t)
	const pod = "kubepods.slice/kubepods-pod" + uidUnder + ".slice"
	sleep := exec.CommandContext(t.Context(), "/bin/sleep", "300")
	startIn(t, dir, pod+"/cri-containerd-"+idA+".scope", sleep, syscall.CLONE_NEWNET)
	want := fmt.Sprintf("%d %d", sleep.Process.Pid, inodeOf("/proc/"+strconv.Itoa(sleep.Process.Pid)+"/ns/net"))

	n := openTarget(t, "container:"+idA[:8])
	if got := fmt.Sprintf("%d %d", n.PID, n.Inode); got != want || n.Label != idA[:12] || n.HostNetwork {
		t.Errorf("%+v, want %s", n, want)
	}

	var out strings.Builder
	agent := exec.CommandContext(t.Context(), "/proc/self/exe")
	agent.Env = append(os.Environ(), asFinder+"="+idA)
	agent.Stdout, agent.Stderr = &out, os.Stderr
	startIn(t, dir, pod+"/cri-containerd-"+idC+".scope", agent, syscall.CLONE_NEWCGROUP)
	if err := agent.Wait(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), want+"\n") || !strings.Contains(out.String(), "0::/../cri-containerd-"+idA+".scope\n") {
		t.Errorf("from a neighbour: %s, want %s", out.String(), want)
	}
}
