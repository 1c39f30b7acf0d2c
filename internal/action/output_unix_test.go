//go:build unix

package action

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

const frameLen = 100

// write writes a stream of n frames to w, flushing after each few.
func write(w io.Writer, n, flush int) error {
	out, err := record.NewWriter(w, record.Header{Application: "test"})
	if err != nil {
		return err
	}
	for i := range n {
		if i%40 == 0 { // points come at any time
			if _, err := out.AddPoint(trail.Point{Node: "n", Interface: fmt.Sprintf("eth%d", i/40), Link: 1}, record.PointOptions{}); err != nil {
				return err
			}
		}
		if err := out.WriteFrame(&trail.Frame{Time: int64(i + 1), Point: i / 40, Len: frameLen, Data: make([]byte, frameLen)}); err != nil {
			return err
		}
		if i%flush == flush-1 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return out.End(record.End{Reason: "test"})
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// contents reads a file to its end, which must be that of a block, and gives
// the times of its frames.
func contents(tb testing.TB, name string) (times []int64, points int) {
	tb.Helper()
	b, err := os.ReadFile(name)
	must(tb, err)
	r, err := record.NewReader(bytes.NewReader(b))
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	var f trail.Frame
	for {
		err := r.Read(&f)
		if errors.Is(err, io.EOF) {
			return times, len(r.Points())
		}
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		if p := r.Point(f.Point); p.Interface != fmt.Sprintf("eth%d", (f.Time-1)/40) {
			tb.Errorf("%s: frame %d at %s", name, f.Time, p.Interface)
		}
		times = append(times, f.Time)
	}
}

// Files of any size around the limit hold all frames in order, each with the
// head that it needs, and none is much larger than asked for.
func TestRotate(t *testing.T) {
	const frames = 200
	for _, flush := range []int{1, 7, 1000} {
		for limit := int64(4096); limit < 4096+2*140; limit += 36 {
			dir := t.TempDir()
			o := newFiles(&CaptureOptions{Output: filepath.Join(dir, "a.b.pcapng"), RotateSize: limit})
			must(t, write(o, frames, flush))
			must(t, o.Close())
			next := int64(1)
			for i, name := range o.names {
				if want := filepath.Join(dir, fmt.Sprintf("a.b_%05d.pcapng", i+1)); name != want {
					t.Errorf("file %s, want %s", name, want)
				}
				info, err := os.Stat(name)
				must(t, err)
				if info.Size() > limit && info.Size() > int64(3*len(o.head)) {
					t.Errorf("%s has %d bytes, the limit is %d", name, info.Size(), limit)
				}
				times, _ := contents(t, name)
				for _, at := range times {
					if at != next {
						t.Fatalf("%s: frame %d after %d", name, at, next-1)
					}
					next++
				}
			}
			if next != frames+1 || len(o.names) < 6 || o.removed != 0 {
				t.Errorf("%d frames in %d files", next-1, len(o.names))
			}
		}
	}
}

// Of many files the newest stay, also when somebody clears up meanwhile.
func TestRotateFiles(t *testing.T) {
	dir := t.TempDir()
	o := newFiles(&CaptureOptions{Output: filepath.Join(dir, "x"), RotateSize: 4096, RotateFiles: 3})
	cleared := 0
	err := write(writerFunc(func(b []byte) (int, error) {
		if o.number == 4 && cleared == 0 {
			cleared++
			must(t, os.Remove(o.names[0]))
		}
		return o.Write(b)
	}), 300, 2)
	must(t, err)
	must(t, o.Close())
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 3 || len(o.names) != 3 || o.removed != o.number-3 || cleared != 1 {
		t.Errorf("%d files, %v, %d removed of %d", len(entries), o.names, o.removed, o.number)
	}
	times, _ := contents(t, o.names[2])
	if len(times) == 0 || times[len(times)-1] != 300 {
		t.Errorf("the newest file ends with frame %v", times)
	}
}

// A head that is larger than the limit does not make a file of each packet.
func TestRotateLargeHead(t *testing.T) {
	dir := t.TempDir()
	o := newFiles(&CaptureOptions{Output: filepath.Join(dir, "x"), RotateSize: 4096})
	w, err := record.NewWriter(o, record.Header{})
	must(t, err)
	for i := range 60 {
		_, err := w.AddPoint(trail.Point{Interface: fmt.Sprintf("eth%d", i), Link: 1}, record.PointOptions{Description: strings.Repeat("x", 100)})
		must(t, err)
	}
	for i := range 300 {
		must(t, w.WriteFrame(&trail.Frame{Time: int64(i + 1), Len: 60, Data: make([]byte, 60)}))
	}
	must(t, w.Flush())
	must(t, o.Close())
	if len(o.names) > 4 {
		t.Errorf("300 packets in %d files", len(o.names))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A block that is larger than a file may be gets one of its own.
func TestRotateLargeBlock(t *testing.T) {
	dir := t.TempDir()
	o := newFiles(&CaptureOptions{Output: filepath.Join(dir, "x"), RotateSize: 4096})
	w, err := record.NewWriter(o, record.Header{})
	must(t, err)
	_, err = w.AddPoint(trail.Point{Interface: "eth0", Link: 1}, record.PointOptions{})
	must(t, err)
	for i, n := range []int{9000, 60, 60, 70_000, 60} {
		must(t, w.WriteFrame(&trail.Frame{Time: int64(i + 1), Len: n, Data: make([]byte, n)}))
	}
	must(t, w.Flush())
	must(t, o.Close())
	var all []string
	for _, name := range o.names {
		times, _ := contents(t, name)
		all = append(all, fmt.Sprint(times))
	}
	if got := strings.Join(all, " "); got != "[1] [2 3] [4] [5]" {
		t.Errorf("frames in files: %s", got)
	}
}

// What is no stream is not rotated into something else.
func TestRotateGarbage(t *testing.T) {
	o := newFiles(&CaptureOptions{Output: filepath.Join(t.TempDir(), "x"), RotateSize: 4096})
	if n, err := o.Write([]byte("this is not a block of pcapng")); err == nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	must(t, o.Close())
}

// When the disk takes only a part of a write, the file is cut back to its last
// whole block, and the error is the disk's.
func TestShortWrite(t *testing.T) {
	for limit := 1000; limit < 1400; limit += 57 {
		for _, flush := range []int{1, 1000} {
			name := filepath.Join(t.TempDir(), "x")
			said := inChild(t, "write", name, limit, flush)
			times, points := contents(t, name)
			info, err := os.Stat(name)
			must(t, err)
			if len(times) < 2 || points != 1 || info.Size() > int64(limit) || info.Size() < int64(limit-200) {
				t.Errorf("%d frames, %d points in %d bytes of %d", len(times), points, info.Size(), limit)
			}
			if want := fmt.Sprintf("%d packets; file too large: true\n", len(times)); said != want {
				t.Errorf("the child says %q, want %q", said, want)
			}
		}
	}
}

func TestShortWriteClassic(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	inChild(t, "classic", name, 1000, 1)
	if info, err := os.Stat(name); err != nil || (info.Size()-24)%(16+frameLen) != 0 || info.Size() < 500 {
		t.Errorf("%v, %v", info.Size(), err)
	}
}

// inChild runs this program again, as child, in which the size of files is
// limited: the limit is the process's.
func inChild(t *testing.T, do, name string, limit, flush int) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), "ACTION_TEST_CHILD="+strings.Join([]string{do, name, strconv.Itoa(limit), strconv.Itoa(flush)}, " "))
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	must(t, err)
	return string(b)
}

// child writes a stream into a file that cannot hold it.
func child(task string) error {
	var do, name string
	var limit uint64
	var flush int
	if _, err := fmt.Sscan(task, &do, &name, &limit, &flush); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	o := newFiles(&CaptureOptions{Output: name, Pcap: do == "classic"})
	books := &booked{w: o, ledger: &record.Ledger{}}
	if do == "classic" {
		books.w = record.NewClassicWriter(o)
	}
	err := write(books, 39, flush)
	fmt.Printf("%d packets; file too large: %v\n", books.ledger.Sum().Packets, errors.Is(err, syscall.EFBIG))
	return o.Close()
}

// Devices and pipes cannot be cut, and need not.
func TestDevices(t *testing.T) {
	o := newFiles(&CaptureOptions{Output: "/dev/full"})
	if err := write(o, 3, 1); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("/dev/full: %v", err)
	}
	must(t, o.Close())
	o = newFiles(&CaptureOptions{Output: "/dev/null"})
	must(t, write(o, 3, 1))
	must(t, o.Close())

	fifo := filepath.Join(t.TempDir(), "fifo")
	must(t, syscall.Mkfifo(fifo, 0o600))
	read := make(chan int64, 1)
	go func() {
		f, err := os.Open(fifo)
		if err != nil {
			read <- -1
			return
		}
		n, _ := io.CopyN(io.Discard, f, 500)
		_ = f.Close()
		read <- n
	}()
	o = newFiles(&CaptureOptions{Output: fifo})
	var err error
	for err == nil { // until the reader has closed it
		err = write(o, 100, 1)
	}
	if !errors.Is(err, syscall.EPIPE) || !isPipe(err) {
		t.Errorf("%v", err)
	}
	if n := <-read; n != 500 {
		t.Errorf("%d bytes were read", n)
	}
	must(t, o.Close())
}

func TestCreatePrivate(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := t.TempDir()
	mode := func(name string) (os.FileMode, int) {
		info, err := os.Stat(name)
		must(t, err)
		return info.Mode().Perm(), int(info.Sys().(*syscall.Stat_t).Uid)
	}
	create := func(name string) error {
		f, err := createPrivate(filepath.Join(dir, name))
		if err == nil {
			must(t, f.Close())
		}
		return err
	}
	must(t, create("mine"))
	if m, uid := mode(filepath.Join(dir, "mine")); m != 0o600 || uid != os.Getuid() {
		t.Errorf("mode %o, owner %d", m, uid)
	}
	// What is there keeps its owner and mode, and loses its content.
	there := filepath.Join(dir, "there")
	must(t, os.WriteFile(there, []byte("something"), 0o644))
	t.Setenv("SUDO_UID", "12345")
	t.Setenv("SUDO_GID", "54321")
	must(t, create("there"))
	if m, uid := mode(there); m != 0o644 || uid != os.Getuid() {
		t.Errorf("mode %o, owner %d", m, uid)
	}
	if b, err := os.ReadFile(there); err != nil || len(b) != 0 {
		t.Errorf("%q, %v", b, err)
	}
	// Under sudo it belongs to the person; without the right, to us.
	must(t, create("sudo"))
	want := 12345
	if os.Geteuid() != 0 {
		want = os.Getuid()
	}
	if m, uid := mode(filepath.Join(dir, "sudo")); m != 0o600 || uid != want {
		t.Errorf("mode %o, owner %d, want %d", m, uid, want)
	}
	t.Setenv("SUDO_UID", "nobody")
	must(t, create("odd"))
	err := create("nodir/x")
	if e, ok := errors.AsType[*Error](err); !ok || e.Hint == "" || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestBooked(t *testing.T) {
	var stream bytes.Buffer
	must(t, write(&stream, 10, 100))
	all := stream.Bytes()
	half := 0
	must(t, record.Walk(all, func(_ pcapng.BlockType, b []byte) bool { half += len(b); return half < len(all)/2 }))
	full := errors.New("full")
	b := &booked{ledger: &record.Ledger{}, w: writerFunc(func([]byte) (int, error) { return half + 5, full })}
	if n, err := b.Write(all); n != half+5 || !errors.Is(err, full) {
		t.Errorf("%d, %v", n, err)
	}
	if got := b.ledger.Sum().Packets; got < 3 || got > 7 {
		t.Errorf("%d of 10 packets in the books", got)
	}
}
