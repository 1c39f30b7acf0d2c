package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/record"
)

// files writes a record stream into one file, or into a row of files of
// bounded size. It is handed whole blocks (record.Writer's promise), so every
// file ends with a whole block, even on a full disk.
type files struct {
	path  string // as the user gave it
	limit int64  // bytes per file; 0 = one file
	keep  int    // newest files kept; 0 = all
	// classic says that the bytes are pcap, of which each Write is whole
	// records.
	classic bool

	ctx  context.Context // ends the wait for a pipe's reader; lives as long as the capture
	note func(string)

	f       *os.File
	size    int64    // bytes in f, whole blocks only
	number  int      // of the file in the row, from 1
	names   []string // files that exist, oldest first
	head    []byte   // section header and interfaces, repeated in each file
	removed int      // files that made room for newer ones
	rows    rows
}

// newFiles opens nothing yet: what is there under that name is only lost once
// there is something to write.
func newFiles(o *CaptureOptions) *files {
	return &files{ctx: context.Background(), note: func(string) {}, path: o.Output, limit: o.RotateSize, keep: o.RotateFiles, classic: o.Pcap}
}

// Write implements io.Writer for whole blocks.
func (o *files) Write(b []byte) (int, error) {
	if o.f == nil {
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	if o.limit <= 0 {
		return o.put(b)
	}
	done := 0
	for rest := b; len(rest) > 0; {
		n, err := o.portion(rest)
		if err != nil {
			return done, err
		}
		if n > 0 {
			if _, err := o.put(rest[:n]); err != nil {
				return done, err
			}
			done += n
			rest = rest[n:]
		}
		if len(rest) > 0 {
			if err := o.next(); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// portion is how many bytes of whole blocks still go into the current file.
// A file takes at least one block beyond its head, or a block larger than the
// limit would never find its place.
func (o *files) portion(b []byte) (int, error) {
	n, empty := 0, o.size == int64(len(o.head))
	limit := max(o.limit, int64(2*len(o.head))) // or many points would make a file of each packet
	err := record.Walk(b, func(kind pcapng.BlockType, block []byte) bool {
		if kind == pcapng.TypeSection {
			o.head = o.head[:0]
		}
		if record.IsHead(kind) {
			o.head = append(o.head, block...)
		} else {
			if !empty && o.size+int64(n+len(block)) > limit {
				return false
			}
			empty = false
		}
		n += len(block)
		return true
	})
	if err != nil {
		return n, fmt.Errorf("rotate %s: %w", o.path, err)
	}
	return n, nil
}

// put writes whole blocks and, where the disk takes only a part, cuts the
// file back to its last whole one.
func (o *files) put(b []byte) (int, error) {
	n, err := o.f.Write(b)
	if err == nil {
		o.size += int64(n)
		return n, nil
	}
	return o.cutBack(b[:n], err)
}

// next opens the next file of the row, with the head of the one before.
func (o *files) next() error {
	if err := o.Close(); err != nil {
		return err
	}
	o.number++
	name := o.path
	if o.limit > 0 {
		before, ext := splitName(o.path)
		name = fmt.Sprintf("%s_%05d%s", before, o.number, ext)
	}
	f, err := o.create(name)
	if err != nil {
		return err
	}
	o.f, o.size = f, 0
	o.names = append(o.names, name)
	if o.keep > 0 && len(o.names) > o.keep {
		// Somebody else may have cleared it away.
		if err := os.Remove(o.names[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("rotate: %w", err)
		}
		o.names = o.names[1:]
		o.removed++
	}
	_, err = o.put(o.head)
	return err
}

// Close closes the current file.
func (o *files) Close() error {
	if o.f == nil {
		return nil
	}
	f := o.f
	o.f = nil
	return f.Close()
}

// splitName parts a name before its extension; ".pcapng" is all extension, and
// none.
func splitName(path string) (before, ext string) {
	ext = filepath.Ext(path)
	if ext == filepath.Base(path) {
		ext = ""
	}
	return strings.TrimSuffix(path, ext), ext
}

// create opens an output: a pipe as soon as somebody reads it.
func (o *files) create(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return createPrivate(name)
	}
	said := false
	for {
		f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		if !said {
			said = true
			o.note("waiting for a reader of " + name)
		}
		select {
		case <-o.ctx.Done():
			return nil, fmt.Errorf("wait for a reader of %s: %w", name, context.Cause(o.ctx))
		case <-time.After(pipePatience):
		}
	}
}

// pipePatience is how often a pipe is tried that has no reader: the kernel
// tells nobody when one comes (fifo(7)).
const pipePatience = 50 * time.Millisecond

// createPrivate makes a file that only its owner reads, since packets may
// hold secrets. Under sudo the owner is the person, not root, so that their
// Wireshark can open it. A file that is there keeps its owner and mode, and is
// refused while another capture writes it.
func createPrivate(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	isNew := err == nil
	if errors.Is(err, fs.ErrExist) {
		f, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	}
	if err != nil {
		return nil, &Error{Err: fmt.Errorf("create output: %w", err), Hint: "-o FILE needs a folder that exists and may be written"}
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f, nil //nolint:nilerr // a device, which is what it is
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(&Error{Err: fmt.Errorf("%s is being written by another capture", name), Hint: "-o NAME that is free"}, f.Close())
	}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(fmt.Errorf("create output: %w", err), f.Close())
	}
	if isNew {
		giveBack(f)
	}
	return f, nil
}

// giveBack makes a new file the person's who called sudo. On a disk without
// owners, or with sudo to somebody else than root, it stays as it is: what is
// in it is worth more than its owner.
func giveBack(f *os.File) {
	uid, e1 := strconv.Atoi(os.Getenv("SUDO_UID"))
	gid, e2 := strconv.Atoi(os.Getenv("SUDO_GID"))
	if e1 == nil && e2 == nil {
		_ = f.Chown(uid, gid)
	}
}

var _ io.WriteCloser = (*files)(nil)
