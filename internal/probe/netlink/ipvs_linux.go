package netlink

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// ipvs reads the virtual services with their real servers. A kernel without
// IPVS is not asked: that would make it load the module.
func (t *taker) ipvs() error {
	t.out.IPVS = nil
	if err := unix.Access(procNet+"ip_vs", unix.F_OK); errors.Is(err, unix.ENOENT) {
		return nil
	} else if err != nil {
		return fmt.Errorf("look at %sip_vs: %w", procNet, err)
	}
	c, err := t.conn(unix.NETLINK_GENERIC)
	if err != nil {
		return err
	}
	family, err := genlFamily(c, "IPVS")
	if err != nil {
		return err
	}
	var all []netstate.IPVS
	err = c.Dump(family, genlRequest(ipvsGetService, 1, nil), func(m nlsock.Message) error {
		s, err := decodeIPVS(m.Body)
		if err == nil {
			all = append(all, s)
		}
		return err
	})
	changed := errors.Is(err, nlsock.ErrChanged)
	if err != nil && !changed {
		return err
	}
	for i := range all {
		err := c.Dump(family, ipvsRequest(&all[i]), func(m nlsock.Message) error {
			r, err := decodeIPVSReal(m.Body, all[i].IP6)
			if err == nil {
				all[i].Reals = append(all[i].Reals, r)
			}
			return err
		})
		switch {
		case errors.Is(err, nlsock.ErrChanged), errors.Is(err, unix.ESRCH): // ESRCH: the service is gone
			changed = true
		case err != nil:
			return err
		}
	}
	t.out.IPVS = all
	if changed {
		return nlsock.ErrChanged
	}
	return nil
}

// genlFamily asks for the number that a family has in generic netlink.
func genlFamily(c *nlsock.Conn, name string) (uint16, error) {
	body := genlRequest(genlGetFamily, 1, nlattr.Append(nil, genlName, append([]byte(name), 0)...))
	var id uint16
	err := c.Ask(genlCtrl, 0, body, func(m nlsock.Message) error {
		id = familyID(m.Body)
		return nil
	})
	if err == nil && id == 0 {
		err = errCut
	}
	if err != nil {
		return 0, fmt.Errorf("look for generic netlink family %s: %w", name, err)
	}
	return id, nil
}
