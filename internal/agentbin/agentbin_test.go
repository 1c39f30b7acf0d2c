package agentbin

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What is carried is a program for the architecture that it is called after.
func TestOpen(t *testing.T) {
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM}
	for _, arch := range Arches() {
		full, err := Open(arch)
		if err != nil {
			t.Fatal(err)
		}
		lite, err := OpenLite(arch)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{full, lite} {
			f, err := elf.NewFile(bytes.NewReader(b))
			if err != nil || f.Machine != machines[arch] {
				t.Fatalf("%s: %v, %v", arch, f, err)
			}
			if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
				t.Errorf("%s needs an interpreter", arch)
			}
		}
		if len(lite) > len(full) {
			t.Errorf("%s: the small one has %d bytes, the other %d", arch, len(lite), len(full))
		}
	}
}

func TestMissing(t *testing.T) {
	for _, open := range []func(string) ([]byte, error){Open, OpenLite} {
		b, err := open("s390x")
		var e *MissingError
		if b != nil || !errors.As(err, &e) || e.Arch != "s390x" || !strings.Contains(e.Hint(), "--image") {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
	if _, err := Open("../agentbin.go"); err == nil {
		t.Error("a path was taken for an architecture")
	}
}

// Our own program stands in only where it can run.
func TestStatic(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs programs of Linux")
	}
	dir := t.TempDir()
	own := filepath.Join(dir, "own")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", own, "./pack")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := static(own); err != nil || !bytes.Equal(b, want) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := static("/bin/sh"); err == nil || !strings.Contains(err.Error(), "C library") {
		t.Errorf("/bin/sh: %v", err)
	}
	if _, err := static(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}

	// What pack packs is what unpack unpacks, and always the same.
	var packed [2][]byte
	for i := range packed {
		to := filepath.Join(dir, "x.zst")
		if out, err := exec.CommandContext(t.Context(), own, own, to).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if packed[i], err = os.ReadFile(to); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := unzstd(packed[0]); err != nil || !bytes.Equal(got, want) || !bytes.Equal(packed[0], packed[1]) {
		t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
	}
	if _, err := unzstd([]byte("no zstd")); err == nil {
		t.Error("unpacked words")
	}
}
