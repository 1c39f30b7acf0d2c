package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// Options of getsockopt: linux/netfilter_ipv4/ip_tables.h and
// linux/netfilter_ipv6/ip6_tables.h, which have the same numbers.
const (
	optInfo    = 64 // IPT_SO_GET_INFO
	optEntries = 65 // IPT_SO_GET_ENTRIES

	tableNameLen = 32 // XT_TABLE_MAXNAMELEN
)

// legacy reads the tables of iptables-legacy and ip6tables-legacy that are in
// use. Others must not be asked for: the kernel would make them, and every
// packet would go through them from then on.
func (t *taker) legacy() error {
	t.out.Ruleset.Legacy = nil
	var errs []error
	for _, f := range [...]struct {
		names  string
		domain int
		level  int
	}{{"ip_tables_names", unix.AF_INET, unix.SOL_IP}, {"ip6_tables_names", unix.AF_INET6, unix.SOL_IPV6}} {
		names, err := tablesInUse(f.names)
		if err != nil {
			errs = append(errs, fmt.Errorf("list legacy tables: %w", err))
		}
		if len(names) == 0 {
			continue
		}
		fd, err := unix.Socket(f.domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			errs = append(errs, fmt.Errorf("read legacy tables: %w", os.NewSyscallError("socket", err)))
			continue
		}
		for _, name := range names {
			table, err := legacyTable(fd, f.level, name)
			if err != nil {
				errs = append(errs, fmt.Errorf("read legacy table %s: %w", name, err))
				continue
			}
			table.IP6 = f.domain == unix.AF_INET6
			t.out.Ruleset.Legacy = append(t.out.Ruleset.Legacy, table)
		}
		errs = append(errs, os.NewSyscallError("close", unix.Close(fd)))
	}
	if names, err := tablesInUse("arp_tables_names"); err == nil && len(names) > 0 {
		t.unreadable(netstate.PartChains, "arptables-legacy", errors.New("these tables are not read: "+strings.Join(names, ", ")))
	}
	return errors.Join(errs...)
}

// tablesInUse reads a list of tables of the thread's namespace. The kernel has
// no such file without its part of xtables, and then no such tables.
func tablesInUse(file string) ([]string, error) {
	b, err := os.ReadFile("/proc/thread-self/net/" + file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.Fields(string(b)), err
}

// legacyTable asks for a table. The kernel gives its entries at once, or EAGAIN
// where there are more or less of them than was said before.
func legacyTable(fd, level int, name string) (netstate.LegacyTable, error) {
	if len(name) >= tableNameLen {
		return netstate.LegacyTable{}, errors.New("the name is too long")
	}
	const attempts = 5
	for range attempts {
		info := make([]byte, xt.InfoSize)
		copy(info, name)
		if err := getsockopt(fd, level, optInfo, info); err != nil {
			return netstate.LegacyTable{}, err
		}
		decoded, err := xt.DecodeInfo(info)
		if err != nil {
			return netstate.LegacyTable{}, err
		}
		b := make([]byte, xt.EntriesHeader+int(decoded.Size))
		copy(b, name)
		binary.NativeEndian.PutUint32(b[tableNameLen:], decoded.Size)
		err = getsockopt(fd, level, optEntries, b)
		if errors.Is(err, unix.EAGAIN) {
			continue
		}
		if err != nil {
			return netstate.LegacyTable{}, err
		}
		return netstate.LegacyTable{Name: name, Info: info, Entries: b[xt.EntriesHeader:]}, nil
	}
	return netstate.LegacyTable{}, errors.New("it changed each time it was read")
}

// getsockopt fills b, whose beginning is the question.
func getsockopt(fd, level, option int, b []byte) error {
	n := uint32(len(b))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0)
	if errno != 0 {
		return os.NewSyscallError("getsockopt", errno)
	}
	return nil
}
