package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/ipset"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// From linux/netfilter/ipset/ip_set.h.
const (
	ipsetProtocol = 1 // IPSET_ATTR_PROTOCOL
	ipsetNew      = 7 // IPSET_PROTOCOL, of Linux 4.20
	ipsetOld      = 6
	ipsetCmdList  = 7
)

// ipsets reads the sets of ipset. The kernel is asked only where it has that
// part: a question would load it.
func (t *taker) ipsets() error {
	t.out.IPSets = nil
	if _, err := os.Stat("/sys/module/ip_set"); errors.Is(err, fs.ErrNotExist) && sysfsThere() {
		return nil
	}
	c, err := t.conn(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	sets, err := listIPSets(c, ipsetNew)
	if errors.Is(err, unix.EPROTO) || errors.Is(err, errIPSetProtocol) {
		sets, err = listIPSets(c, ipsetOld)
	}
	if noSubsystem(err) {
		return nil
	}
	t.out.IPSets = sets
	if err == nil || errors.Is(err, nlsock.ErrChanged) {
		t.indexIPSets()
	}
	return err
}

// sysfsThere says that what /sys/module does not show is not loaded.
func sysfsThere() bool {
	entries, err := os.ReadDir("/sys/module")
	return err == nil && len(entries) > 0
}

// errIPSetProtocol is what the kernel answers to a version of ipset's protocol
// that it does not speak (IPSET_ERR_PROTOCOL).
const errIPSetProtocol = unix.Errno(4097)

func listIPSets(c *nlsock.Conn, protocol byte) ([]netstate.IPSet, error) {
	var d ipset.Decoder
	body := nlattr.Append(genmsg(unix.AF_INET), ipsetProtocol, protocol)
	err := c.Dump(unix.NFNL_SUBSYS_IPSET<<8|ipsetCmdList, body, func(m nlsock.Message) error { return d.Add(m.Body) })
	if err != nil && !errors.Is(err, nlsock.ErrChanged) {
		return nil, fmt.Errorf("list ipsets: %w", err)
	}
	return d.Sets(), err
}

// indexIPSets asks for the numbers of sets by which rules refer to them, where
// the list did not say them (before Linux 4.20).
func (t *taker) indexIPSets() {
	fd := -1
	for i := range t.out.IPSets {
		s := &t.out.IPSets[i]
		if s.Index != netstate.NoIPSetIndex {
			continue
		}
		if fd < 0 {
			var err error
			if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW); err != nil {
				return
			}
			defer func() { _ = unix.Close(fd) }()
		}
		if index, ok := ipsetIndex(fd, s.Name); ok {
			s.Index = index
		}
	}
}

// ipsetIndex asks by getsockopt: struct ip_set_req_get_set.
func ipsetIndex(fd int, name string) (uint16, bool) {
	const optIPSet, opByName, size = 83, 6, 8 + tableNameLen // SO_IP_SET, IP_SET_OP_GET_BYNAME
	b := make([]byte, size)
	binary.NativeEndian.PutUint32(b, opByName)
	binary.NativeEndian.PutUint32(b[4:], ipsetOld)
	copy(b[8:size-1], name)
	if err := getsockopt(fd, unix.SOL_IP, optIPSet, b); err != nil {
		return 0, false
	}
	index := binary.NativeEndian.Uint16(b[8:])
	return index, index != netstate.NoIPSetIndex
}
