//go:build !pktrail_lite

package path

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/pktrail/pktrail/internal/probe/netns"
)

// asNobody marks the test binary as a child that prints what it can find
// without rights.
const asNobody = "PKTRAIL_TEST_NOBODY"

// TestUnprivileged finds the way at home without any right, and is told what is
// missing elsewhere.
func TestUnprivileged(t *testing.T) {
	newNamed(t, "path-unprivileged")
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env, cmd.Dir = append(os.Environ(), asNobody+"=1"), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{
		"path lo\n",
		"enter CAP_SYS_ADMIN: find path of path-unprivileged: enter network namespace path-unprivileged: operation not permitted\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}

// printPath is what a child without rights can do, and what it cannot.
func printPath() error {
	ctx := context.Background()
	n, err := netns.Open(ctx, netns.Target{Kind: netns.Interface, Value: "lo"}, netns.Options{})
	if err != nil {
		return err
	}
	p, err := Find(ctx, n)
	if err != nil {
		return err
	}
	for _, pt := range p.Points {
		fmt.Println("path", pt.Interface)
	}
	other, err := netns.Open(ctx, netns.Target{Kind: netns.Netns, Value: "path-unprivileged"}, netns.Options{})
	if err != nil {
		return err
	}
	var pe *netns.PermissionError
	if _, err := Find(ctx, other); errors.As(err, &pe) {
		fmt.Printf("enter %s: %v\n", pe.Capability, err)
	}
	return errors.Join(p.Close(), n.Close(), other.Close())
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(ctx, newNamed(t, "path-cancelled")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
