package agentbin

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

//go:embed bin
var packed embed.FS

// ending of a packed agent's file; before it stands the architecture as Go
// names it, and liteMark for the small build.
const (
	ending   = ".zst"
	liteMark = "-lite"
)

// MissingError is an agent that this program does not carry.
type MissingError struct {
	// Arch is the architecture as Go names it.
	Arch string
	// Have are those that there are.
	Have []string
	// Why is more about it, where something is known.
	Why error
}

// Error implements error.
func (e *MissingError) Error() string {
	text := "this program carries no agent for linux/" + e.Arch
	if e.Why != nil {
		text += ": " + e.Why.Error()
	}
	return text
}

// Unwrap gives Why.
func (e *MissingError) Unwrap() error { return e.Why }

// Hint says how to come by one.
func (e *MissingError) Hint() string {
	const how = "`make build` puts agents into it; --image REF uses a registry's"
	if len(e.Have) > 0 {
		return "it has those for " + strings.Join(e.Have, ", ") + "; " + how
	}
	return how
}

// Arches lists the architectures of Linux for which there is an agent, as Go
// names them: "amd64", "arm", "arm64".
func Arches() []string {
	entries, err := fs.ReadDir(packed, "bin")
	if err != nil {
		return nil // cannot be: it is embedded
	}
	var all []string
	for _, e := range entries {
		if arch, ok := strings.CutSuffix(e.Name(), ending); ok && !strings.HasSuffix(arch, liteMark) {
			all = append(all, arch)
		}
	}
	if own := ownArch(); own != "" && !slices.Contains(all, own) {
		if _, err := self(); err == nil {
			all = append(all, own)
		}
	}
	slices.Sort(all)
	return all
}

// Open gives the agent for an architecture: an ELF program that needs nothing
// but a kernel. What is not there is a *MissingError.
func Open(arch string) ([]byte, error) {
	b, err := unpack(arch + ending)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	missing := &MissingError{Arch: arch, Have: Arches()}
	if arch == ownArch() {
		if b, missing.Why = self(); missing.Why == nil {
			return b, nil
		}
	}
	return nil, missing
}

// OpenLite gives the small agent, which captures and does not trace, for where
// it goes over the network each time. Without one it is Open.
func OpenLite(arch string) ([]byte, error) {
	b, err := unpack(arch + liteMark + ending)
	if errors.Is(err, fs.ErrNotExist) {
		return Open(arch)
	}
	return b, err
}

// maxProgram bounds what a packed agent may become, in bytes.
const maxProgram = 64 << 20

func unpack(name string) ([]byte, error) {
	b, err := packed.ReadFile("bin/" + name)
	if err != nil {
		return nil, err
	}
	if b, err = unzstd(b); err != nil {
		return nil, fmt.Errorf("unpack agent %s: %w", name, err)
	}
	return b, nil
}

func unzstd(b []byte) ([]byte, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxProgram))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	return dec.DecodeAll(b, nil)
}
