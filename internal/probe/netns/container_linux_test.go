package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

func openIn(t *testing.T, proc fakeProc, id string) (*Namespace, error) {
	t.Helper()
	tg, err := ParseTarget("container:" + id)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Open(t.Context(), tg, Options{ProcRoot: proc.dir})
	if err == nil {
		t.Cleanup(func() { _ = n.Close() })
	}
	return n, err
}

func TestOpenContainer(t *testing.T) {
	ns := newNamed(t, "con-a")
	real, own := sleeper(t, ns), "thread-self"
	for _, tt := range cgroupCases {
		if tt.want.container == "" {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			proc := newProc(t)
			proc.add(1, own, "systemd", 1, "0::/init.scope\n")
			// A watcher with the same id, in the machine's namespace.
			proc.add(40, own, "conmon", 50, "0::/machine.slice/libpod-conmon-"+idA+".scope\n")
			// Somebody's shell in it, started later under a lower number.
			proc.add(41, own, "sh", 900, tt.in)
			proc.add(42, real, "nginx", 100, tt.in)
			proc.add(43, "", "gone", 100, "")
			for _, id := range []string{idA, idA[:12], idA[:5], "containerd://" + idA} {
				n, err := openIn(t, proc, id)
				if err != nil {
					t.Fatal(err)
				}
				if n.Inode != ns.Inode || n.PID != 42 || n.Label != idA[:12] || n.ContainerID != idA || n.HostNetwork {
					t.Errorf("%s: %+v", id, n)
				}
			}
		})
	}
}

func TestOpenContainerErrors(t *testing.T) {
	ns := newNamed(t, "con-b")
	real := sleeper(t, ns)
	proc := newProc(t)
	proc.add(10, real, "a", 1, "0::/docker/"+idA+"\n")
	proc.add(11, real, "b", 1, "0::/docker/"+idB+"\n")
	proc.add(12, "", "c", 1, "0::/docker/"+idC+"\n") // ends before it can be opened
	_, err := openIn(t, proc, "3f2a")
	var amb *AmbiguousError
	if !errors.As(err, &amb) || len(amb.Names) != 2 || amb.Names[0] != idB || amb.Hint() == "" {
		t.Errorf("ambiguous: %v", err)
	}
	_, err = openIn(t, proc, "dead")
	var nf *NotFoundError
	if !errors.As(err, &nf) || nf.Error() != "no container dead" || len(nf.Names) != 3 || nf.Names[0] != idB[:12] {
		t.Errorf("not found: %v, %v", err, nf)
	}
	_, err = openIn(t, proc, "c0ffee")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ended: %v", err)
	}
	if n, err := openIn(t, proc, idB); err != nil || n.Label != idB[:12] {
		t.Errorf("%+v, %v", n, err)
	}
}

// TestContainerHostNetwork flags a container in our own namespace.
func TestContainerHostNetwork(t *testing.T) {
	newNamed(t, "con-c")
	proc := newProc(t)
	proc.add(10, "thread-self", "a", 1, "0::/docker/"+idA+"\n")
	n, err := openIn(t, proc, idA)
	if err != nil || !n.HostNetwork {
		t.Fatalf("%+v, %v", n, err)
	}
	points, err := n.Points(t.Context())
	if err != nil || len(points) == 0 || points[0].Target != "" || points[0].Node == "" {
		t.Errorf("points of the machine's namespace: %+v, %v", points, err)
	}
}

func BenchmarkFindContainer(b *testing.B) {
	for b.Loop() {
		_, err := newEnv(Options{}).containers(b.Context())
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFindContainer1000 reads a /proc of a thousand processes on disk,
// so that the count is known; a real one costs more per file.
func BenchmarkFindContainer1000(b *testing.B) {
	t := &testing.T{}
	proc := fakeProc{t, b.TempDir()}
	for i := range 1000 {
		proc.add(i+1, "", "x", 1, fmt.Sprintf("0::/kubepods/burstable/pod%s/%064x\n", uid, i))
	}
	e := newEnv(Options{ProcRoot: proc.dir})
	for b.Loop() {
		found, err := e.containers(b.Context())
		if err != nil || len(found) != 1000 {
			b.Fatal(len(found), err)
		}
	}
}

func TestShortNames(t *testing.T) {
	got := shortNames([]string{idC, idA, idA})
	if strings.Join(got, " ") != idA[:12]+" "+idC[:12] {
		t.Error(got)
	}
}
