package kernel

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// progAttr is the part of union bpf_attr (linux/bpf.h) for BPF_PROG_LOAD.
type progAttr struct {
	progType uint32
	insnCnt  uint32
	insns    uint64 // pointer
	license  uint64 // pointer
	logLevel uint32
	logSize  uint32
	logBuf   uint64
}

// tpAttr is the part for BPF_RAW_TRACEPOINT_OPEN.
type tpAttr struct {
	name   uint64 // pointer
	progFD uint32
	_      uint32
}

// loadEmpty loads a program that does nothing: r0 = 0; exit.
func loadEmpty(progType uint32) (int, error) {
	// Two instructions of 8 bytes: BPF_ALU64|BPF_MOV|BPF_K, BPF_JMP|BPF_EXIT.
	insns, license := [16]byte{0: 0xb7, 8: 0x95}, [4]byte{'G', 'P', 'L'}
	attr := progAttr{
		progType: progType, insnCnt: 2,
		insns:   uint64(uintptr(unsafe.Pointer(&insns))),
		license: uint64(uintptr(unsafe.Pointer(&license))),
	}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	keep(&insns, &license)
	if errno != 0 {
		return -1, fmt.Errorf("load BPF program: %w", errno)
	}
	return int(fd), nil
}

// bpfLoad loads a socket filter that does nothing, and lets go of it.
func bpfLoad() Check {
	c := Check{Name: "BPF programs", Needs: []Use{Trace}}
	fd, err := loadEmpty(unix.BPF_PROG_TYPE_SOCKET_FILTER)
	if err == nil {
		_ = unix.Close(fd)
		return answer(c, nil, "")
	}
	c = answer(c, err, "this needs CAP_BPF (or CAP_SYS_ADMIN) in the first user namespace, and no seccomp filter against bpf")
	if errors.Is(err, unix.ENOSYS) {
		c.Hint = "the kernel has no bpf system call (CONFIG_BPF_SYSCALL)"
	}
	if b, readErr := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled"); readErr == nil {
		c.Detail += ", kernel.unprivileged_bpf_disabled = " + strings.TrimSpace(string(b))
	}
	return c
}

// rawTracepoint attaches a program that does nothing to the tracepoint of
// dropped packets, and takes it off at once.
func rawTracepoint() Check {
	c := Check{Name: "raw tracepoints", Needs: []Use{Trace}}
	const refused = "this needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN), and lockdown below confidentiality"
	prog, err := loadEmpty(unix.BPF_PROG_TYPE_RAW_TRACEPOINT)
	if err != nil {
		return answer(c, err, refused)
	}
	defer func() { _ = unix.Close(prog) }()
	name := [...]byte{'k', 'f', 'r', 'e', 'e', '_', 's', 'k', 'b', 0}
	attr := tpAttr{name: uint64(uintptr(unsafe.Pointer(&name))), progFD: uint32(prog)}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_RAW_TRACEPOINT_OPEN, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	keep(&name, &attr)
	if errno != 0 {
		return answer(c, fmt.Errorf("attach to kfree_skb: %w", errno), refused)
	}
	_ = unix.Close(int(fd))
	c.Detail = "kfree_skb"
	return answer(c, nil, "")
}

// keep holds what a system call reads by its address alone, and has it on the
// heap, where it does not move.
func keep(a, b any) {
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
}
