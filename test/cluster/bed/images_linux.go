package bed

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pktrail/pktrail/test/cluster/image"
)

// Images that are on both nodes; no registry knows them.
const (
	// PauseImage holds the pods' namespaces.
	PauseImage = "pktrail.test/pause:1"
	// WebImage has a web server on port 8080 (../web) and nothing else; it runs
	// as user 65534, as "distroless" images do.
	WebImage = "pktrail.test/web:1"
	// ShellImage has busybox, a shell that is, and the same server as /bin/web;
	// it runs as root and sleeps.
	ShellImage = "pktrail.test/shell:1"
)

// ShellTar builds the images and returns the path of ShellImage's tarball, for
// engines beside a cluster.
func ShellTar(ctx context.Context) (string, error) {
	d, err := DefaultDirs()
	if err != nil {
		return "", err
	}
	l, err := lock(d)
	if err != nil {
		return "", err
	}
	defer l.Close()
	if _, err := buildImages(ctx, d, io.Discard); err != nil {
		return "", err
	}
	return filepath.Join(d.images(), "shell.tar"), nil
}

// buildImages makes the images' tarballs and returns their paths.
func buildImages(ctx context.Context, d Dirs, log io.Writer) ([]string, error) {
	temp, err := d.tempDir()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	source, err := sourceDir(ctx)
	if err != nil {
		return nil, err
	}
	built := map[string][]byte{}
	for _, name := range []string{"pause", "web"} {
		path := filepath.Join(temp, name)
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, "./"+name)
		cmd.Dir = source
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if err := run(cmd); err != nil {
			return nil, fmt.Errorf("build %s: %w", name, err)
		}
		if built[name], err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("build %s: %w", name, err)
		}
	}
	shell, err := busybox(ctx)
	if err != nil {
		return nil, err
	}
	shell = append(shell, image.File{Name: "bin/web", Mode: 0o755, Data: built["web"]})
	var paths []string
	for _, i := range []image.Image{
		{Ref: PauseImage, Entrypoint: []string{"/pause"}, Files: []image.File{{Name: "pause", Mode: 0o755, Data: built["pause"]}}},
		{Ref: WebImage, Entrypoint: []string{"/web"}, User: "65534", Files: []image.File{{Name: "web", Mode: 0o755, Data: built["web"]}}},
		{Ref: ShellImage, Entrypoint: []string{"/bin/sleep", "infinity"}, Files: shell},
	} {
		path, err := writeImage(d, temp, i)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	fmt.Fprintf(log, "images are in %s\n", d.images())
	return paths, nil
}

// writeImage puts a whole tarball in place of an older one.
func writeImage(d Dirs, temp string, i image.Image) (string, error) {
	i.Architecture = runtime.GOARCH
	name, _, _ := strings.Cut(filepath.Base(i.Ref), ":")
	f, err := os.Create(filepath.Join(temp, name+".tar"))
	if err != nil {
		return "", fmt.Errorf("write image: %w", err)
	}
	if err := errors.Join(i.Write(f), f.Close()); err != nil {
		return "", fmt.Errorf("write image: %w", err)
	}
	path := filepath.Join(d.images(), name+".tar")
	if err := os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("write image: %w", err)
	}
	return path, nil
}

// busybox is the machine's own, with a link for each of its commands.
func busybox(ctx context.Context) ([]image.File, error) {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return nil, fmt.Errorf("find busybox: %w", err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read busybox: %w", err)
	}
	if dynamic(path) {
		return nil, fmt.Errorf("use %s: it needs libraries that the image does not have (on Debian: busybox-static)", path)
	}
	list, err := exec.CommandContext(ctx, path, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("list commands of busybox: %w", explained(err))
	}
	files := []image.File{
		{Name: "tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777},
		{Name: "etc", Mode: fs.ModeDir | 0o755},
		{Name: "bin/busybox", Mode: 0o755, Data: b},
	}
	for name := range strings.FieldsSeq(string(list)) {
		if name != "busybox" {
			files = append(files, image.File{Name: "bin/" + name, Link: "busybox"})
		}
	}
	return files, nil
}

// dynamic says whether a program asks for an interpreter (elf(5), PT_INTERP).
func dynamic(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false // the program will say what is wrong with it
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return true
		}
	}
	return false
}
