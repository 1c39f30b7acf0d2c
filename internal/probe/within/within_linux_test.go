package within_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/probe/within"
)

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

func TestDo(t *testing.T) {
	labtest.RequireRoot(t)
	path := filepath.Join("/run/netns", labtest.Namespace(t))
	ns, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want, home := inode(t, path), inode(t, within.Own)
	fail := errors.New("as told")
	var inside uint64
	see := func() error {
		var st unix.Stat_t
		err := unix.Stat(within.Own, &st)
		inside = st.Ino
		return err
	}
	if err := within.Do(ns, see); err != nil || inside != want {
		t.Errorf("in %d, %v, want %d", inside, err, want)
	}
	if err := within.Do(ns, func() error { return fail }); !errors.Is(err, fail) {
		t.Errorf("%v, want %v", err, fail)
	}
	if err := within.Do(ns, func() error { runtime.Goexit(); return nil }); !errors.Is(err, within.ErrUnfinished) {
		t.Errorf("%v, want %v", err, within.ErrUnfinished)
	}
	if err := within.Do(nil, see); err != nil || inside != home {
		t.Errorf("our own is %d, %v, want %d", inside, err, home)
	}
	nested := within.Do(ns, func() error { return within.Do(ns, see) })
	if nested != nil || inside != want {
		t.Errorf("twice: in %d, %v", inside, nested)
	}
	if got := inode(t, within.Own); got != home {
		t.Errorf("the thread is in %d, want %d", got, home)
	}
	if err := ns.Close(); err != nil {
		t.Fatal(err)
	}
	if err := within.Do(ns, see); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed namespace: %v", err)
	}
}

func TestNoNamespace(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	err = within.Do(f, func() error { return nil })
	var enter *within.EnterError
	if !errors.As(err, &enter) || errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0 {
		t.Errorf("%v", err)
	}
}
