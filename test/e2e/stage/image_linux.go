package stage

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/test/cluster/image"
)

// Tools makes an image with these programs and nothing else, and puts it on both
// nodes. They are busybox's, which knows each by the name it is run by, but for
// the shell: busybox's would find all of busybox in itself. It runs as root and
// sleeps.
func (s *Stage) Tools(tb testing.TB, ref string, names ...string) {
	tb.Helper()
	const box = "lib/box" // no name that anybody would run
	files := []image.File{
		{Name: "tmp", Mode: os.ModeDir | os.ModeSticky | 0o777},
		program(tb, box, "busybox"),
		{Name: "bin/sleep", Link: "../" + box},
	}
	for _, name := range names {
		if name == "sh" {
			files = append(files, shellAlone(tb)...)
			continue
		}
		files = append(files, image.File{Name: "bin/" + name, Link: "../" + box})
	}
	tar, err := os.Create(filepath.Join(tb.TempDir(), "image.tar"))
	if err != nil {
		tb.Fatal(err)
	}
	defer tar.Close()
	i := image.Image{Ref: ref, Architecture: runtime.GOARCH, Entrypoint: []string{"/bin/sleep", "infinity"}, Files: files}
	if err := i.Write(tar); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := bounded(tb)
	defer cancel()
	if err := s.Cluster.Load(ctx, tar.Name()); err != nil {
		tb.Fatal(err)
	}
}

// shellAlone is the machine's dash, with the libraries that it needs.
func shellAlone(tb testing.TB) []image.File {
	tb.Helper()
	files := []image.File{program(tb, "bin/sh", "dash")}
	out, err := exec.CommandContext(tb.Context(), "ldd", path(tb, "dash")).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "not a dynamic executable") {
		tb.Fatalf("ldd dash: %v: %s", err, out)
	}
	for word := range strings.FieldsSeq(string(out)) { // libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)
		if filepath.IsAbs(word) {
			files = append(files, program(tb, strings.TrimPrefix(word, "/"), word))
		}
	}
	return files
}

// program is one of the machine's, as a file of an image.
func program(tb testing.TB, name, from string) image.File {
	tb.Helper()
	b, err := os.ReadFile(path(tb, from))
	if err != nil {
		tb.Fatal(err)
	}
	return image.File{Name: name, Mode: 0o755, Data: b}
}

func path(tb testing.TB, name string) string {
	tb.Helper()
	if filepath.IsAbs(name) {
		return name
	}
	p, err := exec.LookPath(name)
	if err != nil {
		tb.Fatal(fmt.Errorf("find %s: %w", name, err))
	}
	return p
}
