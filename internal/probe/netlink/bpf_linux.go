package netlink

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Where programs of tcx and netkit hang (enum bpf_attach_type of linux/bpf.h).
const (
	tcxIngress    = 46
	tcxEgress     = 47
	netkitPrimary = 54
	netkitPeer    = 55
)

// progQuery is what BPF_PROG_QUERY of union bpf_attr asks, and where the
// answer goes.
type progQuery struct {
	target      uint32
	attachType  uint32
	queryFlags  uint32
	attachFlags uint32
	progIDs     uint64
	count       uint32
	_           uint32
	progFlags   uint64
	linkIDs     uint64
	linkFlags   uint64
	revision    uint64
}

// attached are the programs at one place of an interface, in the order in
// which they run.
type attached struct {
	programs, links [maxAttached]uint32
	n               int
}

// maxAttached is BPF_MPROG_MAX: more cannot hang at one place.
const maxAttached = 64

// query asks what hangs at a place of the interface, in the thread's
// namespace.
func query(index int, where uint32, a *attached) error {
	q := progQuery{
		target: uint32(index), attachType: where, count: maxAttached,
		progIDs: uint64(uintptr(unsafe.Pointer(&a.programs))), linkIDs: uint64(uintptr(unsafe.Pointer(&a.links))),
	}
	var pin runtime.Pinner
	pin.Pin(a)
	defer pin.Unpin()
	if _, err := bpf(unix.BPF_PROG_QUERY, unsafe.Pointer(&q), unsafe.Sizeof(q)); err != nil {
		return err
	}
	a.n = int(min(q.count, maxAttached))
	return nil
}

func bpf(cmd int, attr unsafe.Pointer, size uintptr) (int, error) {
	for {
		r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)
		switch errno {
		case 0:
			return int(r), nil
		case unix.EINTR, unix.EAGAIN:
			continue
		}
		return -1, os.NewSyscallError("bpf", errno)
	}
}

// describe finds out what a BPF program is. It needs CAP_SYS_ADMIN.
func describe(id uint32, p *netstate.Program) error {
	get := struct{ id, next, flags uint32 }{id: id}
	fd, err := bpf(unix.BPF_PROG_GET_FD_BY_ID, unsafe.Pointer(&get), unsafe.Sizeof(get))
	if err != nil {
		return fmt.Errorf("open program %d: %w", id, err)
	}
	defer func() { _ = unix.Close(fd) }()
	// struct bpf_prog_info as far as it is of interest; the kernel fills what
	// it has of that.
	var info [200]byte
	ask := struct {
		fd, size uint32
		info     uint64
	}{fd: uint32(fd), size: uint32(len(info)), info: uint64(uintptr(unsafe.Pointer(&info)))}
	var pin runtime.Pinner
	pin.Pin(&info)
	defer pin.Unpin()
	if _, err := bpf(unix.BPF_OBJ_GET_INFO_BY_FD, unsafe.Pointer(&ask), unsafe.Sizeof(ask)); err != nil {
		return fmt.Errorf("describe program %d: %w", id, err)
	}
	order := binary.NativeEndian
	p.Tag = hex.EncodeToString(info[8:16])
	p.Jited = order.Uint32(info[16:]) != 0
	p.Loaded = order.Uint64(info[40:])
	p.UID = order.Uint32(info[48:])
	p.Name = nlattr.Text(info[64:80])
	p.BTF = order.Uint32(info[128:])
	return nil
}
