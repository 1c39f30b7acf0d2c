package agentbin

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
)

// ownArch is this program's architecture where it runs on Linux, else "".
func ownArch() string {
	if runtime.GOOS != "linux" {
		return ""
	}
	return runtime.GOARCH
}

// self gives our own program, if it can run where nothing else is.
func self() ([]byte, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find our own program: %w", err)
	}
	return static(path)
}

// static reads a program that needs nothing but a kernel.
func static(path string) ([]byte, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read our own program: %w", err)
	}
	interpreted := slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("read our own program: %w", err)
	}
	if interpreted {
		return nil, errors.New("our own program needs a C library (it was built with CGO_ENABLED=1), which an image or a container may not have")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read our own program: %w", err)
	}
	return b, nil
}
