package left

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
)

// programMark begins the names of our BPF programs (internal/probe/skbtrace).
const programMark = "pkt_"

// programs lists our BPF programs that a node's process holds, or nobody: the
// kernel has them for all of the machine, and others may trace on it.
func programs(onNodes map[uint32]bool) ([]string, error) {
	var list []string
	held := map[uint32]bool{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			for id := range (process{pid, filepath.Join("/proc", e.Name())}).programs() {
				held[id] = true
			}
		}
	}
	for id := ebpf.ProgramID(0); ; {
		id, err = ebpf.ProgramGetNextID(id)
		if errors.Is(err, fs.ErrNotExist) {
			return list, nil
		}
		if err != nil {
			return list, fmt.Errorf("list BPF programs: %w", err)
		}
		name := programName(id)
		if strings.HasPrefix(name, programMark) && (onNodes[uint32(id)] || !held[uint32(id)]) {
			list = append(list, fmt.Sprintf("BPF program %d %s", id, name))
		}
	}
}

// programName is empty if the program is gone again.
func programName(id ebpf.ProgramID) string {
	p, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return ""
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil {
		return ""
	}
	return info.Name
}

// programs are the BPF programs that a process has open, itself or by a link.
func (p process) programs() map[uint32]bool {
	ids := map[uint32]bool{}
	fds, err := os.ReadDir(filepath.Join(p.dir, "fd"))
	if err != nil {
		return nil // gone
	}
	for _, fd := range fds {
		if !strings.HasPrefix(p.link("fd/"+fd.Name()), "anon_inode:bpf") {
			continue
		}
		for _, line := range p.lines("fdinfo/" + fd.Name()) {
			key, value, _ := strings.Cut(line, ":")
			if key != "prog_id" {
				continue
			}
			if id, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32); err == nil {
				ids[uint32(id)] = true
			}
		}
	}
	return ids
}
