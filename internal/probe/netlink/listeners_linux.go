package netlink

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// procNet shows the reading thread's namespace.
const procNet = "/proc/thread-self/net/"

// listeners reads the sockets that wait for packets. A protocol that cannot be
// listed is noted by its name.
func (t *taker) listeners() error {
	const byFamily = 20 // SOCK_DIAG_BY_FAMILY of linux/sock_diag.h
	c, err := t.conn(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return err
	}
	var all []netstate.Listener
	changed := false
	for _, p := range diagProtocols() {
		if p.needs != "" && unix.Access(procNet+p.needs, unix.F_OK) != nil {
			continue
		}
		for _, family := range []uint8{familyIPv4, familyIPv6} {
			err := c.Dump(byFamily, p.diagRequest(family), func(m nlsock.Message) error {
				l, ok, err := p.decodeListener(m.Body)
				if ok {
					all = append(all, l)
				}
				return err
			})
			switch {
			case errors.Is(err, nlsock.ErrChanged):
				changed = true
			case err != nil:
				t.unreadable(netstate.PartListeners, p.name, err)
			}
		}
	}
	for _, name := range []string{"raw", "raw6"} {
		b, err := os.ReadFile(procNet + name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // no IPv6
			t.unreadable(netstate.PartListeners, name, err)
		}
		all = append(all, rawListeners(b)...)
	}
	t.out.Listeners = all
	if changed {
		return nlsock.ErrChanged
	}
	return nil
}
