package action

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replacement is a file that takes another one's place when it is whole: who
// reads the name sees the old one or the new one. Pipes and devices are
// written as they are.
type replacement struct {
	io.Writer
	path string
	mode fs.FileMode
	temp *os.File // nil where there is nothing to replace
	size int64
}

// newReplacement begins a file of this mode; "-" is stdout.
func newReplacement(path string, mode fs.FileMode, stdout io.Writer) (*replacement, error) {
	if path == "-" {
		return &replacement{Writer: stdout}, nil
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("open output: %w", err)
		}
		return &replacement{Writer: f, temp: f}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("make output: %w", err)
	}
	r := &replacement{path: path, mode: mode, temp: f}
	r.Writer = counting{r}
	return r, nil
}

type counting struct{ r *replacement }

func (c counting) Write(b []byte) (int, error) {
	n, err := c.r.temp.Write(b)
	c.r.size += int64(n)
	return n, err
}

// Keep puts the file in its place, and gives its size.
func (r *replacement) Keep() (int64, error) {
	if r.temp == nil {
		return 0, nil
	}
	if r.path == "" {
		return 0, r.temp.Close()
	}
	giveBack(r.temp)
	err := errors.Join(r.temp.Chmod(r.mode), r.temp.Close())
	if err == nil {
		err = os.Rename(r.temp.Name(), r.path)
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("write %s: %w", r.path, err), r.remove())
	}
	return r.size, nil
}

// Discard leaves what is there under the name.
func (r *replacement) Discard() error {
	if r.temp == nil {
		return nil
	}
	err := r.temp.Close()
	if r.path == "" {
		return err
	}
	return errors.Join(err, r.remove())
}

func (r *replacement) remove() error {
	if err := os.Remove(r.temp.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// openRegular opens a file for reading, and says what helps where it is not
// there.
func openRegular(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Err: fmt.Errorf("there is no file %s", path), Hint: "pktrail snapshot -o " + path + " makes one"}
	}
	if err != nil {
		return nil, err
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, errors.Join(&Error{Err: fmt.Errorf("%s is a folder", path), Hint: "pktrail snapshot -o FILE makes a file"}, f.Close())
	}
	return f, nil
}

// WriteFile writes a page or a picture into a file, which takes its name when
// it is whole; "-" is stdout.
func WriteFile(path string, b []byte, stdout io.Writer) error {
	f, err := newReplacement(path, 0o644, stdout)
	if err != nil {
		return explain(err)
	}
	if _, err := f.Write(b); err != nil {
		return explain(errors.Join(fmt.Errorf("write %s: %w", path, err), f.Discard()))
	}
	_, err = f.Keep()
	return explain(err)
}
