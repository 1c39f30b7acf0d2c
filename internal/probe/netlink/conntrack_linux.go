package netlink

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// conntrack reads how many connections there are, and those that the options
// ask for. A kernel that tracks none is not asked: that alone might make it
// load a module.
func (t *taker) conntrack() error {
	t.out.Conntrack = netstate.Conntrack{Count: -1, Max: -1}
	ct := &t.out.Conntrack
	var err error
	if ct.Count, err = sysctlNumber("netfilter/nf_conntrack_count"); errors.Is(err, unix.ENOENT) {
		return nil
	} else if err != nil {
		return err
	}
	if ct.Max, err = sysctlNumber("netfilter/nf_conntrack_max"); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	if t.o.Connections == nil {
		return nil
	}
	return t.connections(ct)
}

// sysctlNumber reads a setting that is a number; -1 if it is not there.
func sysctlNumber(path string) (int, error) {
	var buf [32]byte
	b, err := readSetting(unix.AT_FDCWD, sysctlRoot+path, buf[:])
	if err != nil {
		return -1, err
	}
	v, err := strconv.Atoi(string(b))
	if err != nil {
		return -1, fmt.Errorf("read %s: %w", path, err)
	}
	return v, nil
}

// connections reads the entries that the filter wants.
func (t *taker) connections(ct *netstate.Conntrack) error {
	const get = 1<<8 | 1 // NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET
	c, err := t.conn(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	f := t.o.Connections
	return c.Dump(get, make([]byte, nfgenmsgLen), func(m nlsock.Message) error {
		if f.Limit > 0 && len(ct.Entries) >= f.Limit {
			return nil
		}
		e, err := decodeConnection(m.Body)
		if err == nil && f.wants(&e) {
			ct.Entries = append(ct.Entries, e)
		}
		return err
	})
}
