package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// settleTime bounds the wait for devices. On an idle machine they take a few
// milliseconds; the kernel may be busy with ending other namespaces.
const settleTime = 20 * time.Second

// Settle waits until every device of a named network namespace that is set up
// can send, and every IPv6 address serves. Whoever sends earlier may lose the
// first ARP request, and a second with it.
func Settle(ctx context.Context, namespace string) error {
	s, err := openSpace(namespace)
	if err != nil {
		return err
	}
	defer s.close()
	return s.settle(ctx)
}

// settle is needed because the kernel does two things late, in workers: a
// veth that was up before its peer drops everything until linkwatch has run
// (net/core/link_watch.c), and even without duplicate address detection an
// IPv6 address is tentative until its work has (net/ipv6/addrconf.c).
func (s *space) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, settleTime, errors.New("the devices do not come up"))
	defer cancel()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		ok, err := s.settled()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", s.name, context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

func (s *space) settled() (bool, error) {
	links, err := s.links()
	if err != nil {
		return false, fmt.Errorf("list devices: %w", err)
	}
	if slices.ContainsFunc(links, waiting) {
		return false, nil
	}
	addrs, err := s.nl.AddrList(nil, netlink.FAMILY_V6)
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return false, fmt.Errorf("list addresses: %w", err)
	}
	tentative := func(a netlink.Addr) bool { return a.Flags&unix.IFA_F_TENTATIVE != 0 }
	return err == nil && !slices.ContainsFunc(addrs, tentative), nil
}

// waiting says whether a device is up and not ready to send (RFC 2863,
// ifOperStatus; devices without a notion of it say unknown).
func waiting(l netlink.Link) bool {
	a := l.Attrs()
	return a.Flags&net.FlagUp != 0 && a.OperState != netlink.OperUp && a.OperState != netlink.OperUnknown
}
