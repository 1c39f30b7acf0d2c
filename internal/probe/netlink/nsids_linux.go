package netlink

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// Attributes of RTM_GETNSID (NETNSA_* of linux/net_namespace.h).
const (
	nsidID = 1
	nsidFD = 3
	// genHeader is the size of struct rtgenmsg, padded.
	genHeader = 4
)

// nsids finds out which namespaces the ids mean that this one has given. The
// kernel lists the ids alone; whose one is has to be asked for each namespace
// that may be meant.
func (t *taker) nsids() error {
	t.out.Peers = nil
	left := map[int32]bool{}
	err := t.dumpRoute(unix.RTM_GETNSID, make([]byte, genHeader), func(m nlsock.Message) error {
		if id, ok := nsidOf(m.Body); ok {
			left[id] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	peers := map[int32]uint64{}
	for _, f := range t.o.Others {
		if len(left) == 0 {
			break
		}
		id, inode, err := t.nsid(f)
		if err != nil {
			return fmt.Errorf("ask for the id of %s: %w", f.Name(), err)
		}
		if left[id] {
			peers[id] = inode
			delete(left, id)
		}
	}
	if len(peers) > 0 {
		t.out.Peers = peers
	}
	return nil
}

// nsid asks for the id that another namespace has here; -1 for none.
func (t *taker) nsid(ns *os.File) (id int32, inode uint64, err error) {
	info, err := ns.Stat()
	if err != nil {
		return 0, 0, err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	raw, err := ns.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	c, err := t.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return 0, 0, err
	}
	id = -1
	var asked error
	err = raw.Control(func(fd uintptr) {
		body := append32(make([]byte, genHeader), nsidFD, uint32(fd))
		asked = c.Ask(unix.RTM_GETNSID, 0, body, func(m nlsock.Message) error {
			if got, ok := nsidOf(m.Body); ok {
				id = got
			}
			return nil
		})
	})
	if err == nil {
		err = asked
	}
	return id, inode, err
}

func nsidOf(body []byte) (int32, bool) {
	if len(body) < genHeader {
		return 0, false
	}
	for typ, v := range nlattr.All(body[genHeader:]) {
		if typ == nsidID && len(v) >= 4 {
			return int32(binary.NativeEndian.Uint32(v)), true
		}
	}
	return 0, false
}
