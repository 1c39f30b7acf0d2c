package action_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/topology"
)

// A snapshot of a pod has the namespaces that its packets can go to, and no
// others, and the map of it is the lab's own plan, for every pod.
func TestSnapshotOfALab(t *testing.T) {
	labtest.RequireRoot(t)
	for _, f := range []lab.Flavour{lab.Flannel, lab.PTP, lab.Calico, lab.Macvlan} {
		t.Run(string(f), func(t *testing.T) {
			l := labtest.Lab(t, lab.Options{Flavour: f})
			file := filepath.Join(t.TempDir(), "s.pcapng")
			var told []action.SnapshotProgress
			r, err := action.Snapshot(t.Context(), action.SnapshotOptions{Targets: []string{"netns:" + l.Pods[0].Name}, Output: file},
				action.SnapshotEvents{Progress: func(p action.SnapshotProgress) { told = append(told, p) }})
			if err != nil {
				t.Fatal(err)
			}
			st, err := os.Stat(file)
			if err != nil || st.Size() != r.Size || st.Mode().Perm() != 0o600 {
				t.Errorf("file: %v, %v; the result says %d bytes", st, err, r.Size)
			}
			if len(told) == 0 || len(r.Nodes) != 1 || r.Nodes[0].Namespaces < len(l.Pods)+len(l.Nodes) {
				t.Errorf("%+v, progress %+v", r, told)
			}
			if len(r.Nodes[0].Unreadable) > 0 {
				t.Errorf("unreadable: %q", r.Nodes[0].Unreadable)
			}
			m, err := action.Map(t.Context(), action.MapOptions{State: file}, action.SnapshotEvents{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range l.Pods {
				checkHang(t, m.Map, &l.Pods[i], f)
			}
			if len(m.Map.Pods) != len(l.Pods) || len(m.Map.All()) > 0 {
				t.Errorf("%d pods on the map of %d, warnings %+v", len(m.Map.Pods), len(l.Pods), m.Map.All())
			}
		})
	}
}

func checkHang(t *testing.T, m *topology.Map, p *lab.Pod, f lab.Flavour) {
	t.Helper()
	i := slices.IndexFunc(m.Pods, func(q topology.Pod) bool { return q.Name == p.Name })
	if i < 0 {
		t.Fatalf("%s is not on the map", p.Name)
	}
	got := &m.Pods[i]
	host := ""
	if len(got.Interfaces) == 1 {
		if end := got.Interfaces[0].HostEnd(); end != nil {
			host = end.Name
		}
	}
	if got.Node != p.Node || !slices.Contains(got.Addresses, p.IPv4) || len(got.Interfaces) != 1 || f != lab.Macvlan && host != p.HostDevice {
		t.Errorf("%s on the map: node %s, addresses %v, host end %q; the lab says %+v", p.Name, got.Node, got.Addresses, host, p)
	}
}

// Whatever ends a snapshot early, the file that was there stays, and nothing
// lies beside it.
func TestSnapshotCutShort(t *testing.T) {
	labtest.RequireRoot(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "s.pcapng")
	if err := os.WriteFile(file, []byte("treasure"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, take := range map[string]func() error{
		"no such target": func() error {
			_, err := action.Snapshot(t.Context(), action.SnapshotOptions{Targets: []string{"netns:nobody-at-all"}, Output: file}, action.SnapshotEvents{})
			return err
		},
		"Ctrl-C at once": func() error {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(action.Interrupted{Signal: os.Interrupt})
			_, err := action.Snapshot(ctx, action.SnapshotOptions{Output: file}, action.SnapshotEvents{})
			return err
		},
		"Ctrl-C underway": func() error {
			ctx, cancel := context.WithCancelCause(t.Context())
			labtest.Namespace(t)
			_, err := action.Snapshot(ctx, action.SnapshotOptions{Output: file}, action.SnapshotEvents{
				Progress: func(action.SnapshotProgress) { cancel(action.Interrupted{Signal: os.Interrupt}) },
			})
			return err
		},
	} {
		if err := take(); err == nil {
			t.Errorf("%s: no error", name)
		}
		b, err := os.ReadFile(file)
		entries, _ := os.ReadDir(dir)
		if err != nil || string(b) != "treasure" || len(entries) != 1 {
			t.Errorf("%s: the file holds %q, %v; beside it %v", name, b, err, entries)
		}
	}
}

// A pipe whose reader has gone is an error, not a crash; one that reads gets
// the whole.
func TestSnapshotIntoAPipe(t *testing.T) {
	labtest.RequireRoot(t)
	ns := labtest.Namespace(t)
	var out bytes.Buffer
	o := action.SnapshotOptions{Targets: []string{"netns:" + ns}, Output: "-", Stdout: &out, Request: agent.Snapshot{}}
	if _, err := action.Snapshot(t.Context(), o, action.SnapshotEvents{}); err != nil {
		t.Fatal(err)
	}
	s, err := record.ReadState(&out)
	if err != nil || len(s.Nodes) != 1 || len(s.Nodes[0].Namespaces) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	o.Stdout = w
	if _, err := action.Snapshot(t.Context(), o, action.SnapshotEvents{}); err == nil {
		t.Error("nobody reads, and that is no error")
	}
	if err := errors.Join(w.Close()); err != nil {
		t.Error(err)
	}
}
