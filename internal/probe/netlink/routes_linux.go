package netlink

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// routes reads all tables of all families, in the kernel's order. What it has
// only noted for a destination (RTM_F_CLONED) is no part of a table: kernels
// that know no strict questions list that too.
func (t *taker) routes() error {
	const cloned = 0x200
	var all []netstate.Route
	err := t.dumpRoute(unix.RTM_GETROUTE, make([]byte, unix.SizeofRtMsg), func(m nlsock.Message) error {
		r, err := rtnl.Route(m.Body)
		if err == nil && r.Flags&cloned == 0 {
			if len(all) == cap(all) {
				all = slices.Grow(all, max(len(all), 16)) // twice as long: routes are many and large
			}
			all = append(all, r)
		}
		return err
	})
	t.out.Routes = all
	return err
}

// rules reads the routing policy rules of all families.
func (t *taker) rules() error {
	const size = 12 // struct fib_rule_hdr
	var all []netstate.Rule
	err := t.dumpRoute(unix.RTM_GETRULE, make([]byte, size), func(m nlsock.Message) error {
		r, err := rtnl.Rule(m.Body)
		if err == nil {
			all = append(all, r)
		}
		return err
	})
	t.out.Rules = all
	return err
}

// nexthops reads the nexthop objects. Kernels before 5.3 have none.
func (t *taker) nexthops() error {
	const size = 8 // struct nhmsg
	var all []netstate.Nexthop
	err := t.dumpRoute(unix.RTM_GETNEXTHOP, make([]byte, size), func(m nlsock.Message) error {
		n, err := rtnl.Nexthop(m.Body)
		if err == nil {
			all = append(all, n)
		}
		return err
	})
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	t.out.Nexthops = all
	return err
}
