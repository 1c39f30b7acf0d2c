//go:build !pktrail_lite

package nftrace

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

// forget is how long an answer of the kernel is believed: chains and devices
// come and go, and names are used again.
const forget = 2 * time.Second

// lookup asks the kernel for what the trace leaves out, and remembers it.
type lookup struct {
	fd      int // any socket of the namespace, for ioctl
	chains  map[chainKey]*trail.Hook
	devices map[uint32]string
	since   time.Time
}

type chainKey struct {
	family       uint8
	table, chain string
}

func newLookup(fd int) *lookup {
	return &lookup{fd: fd, chains: map[chainKey]*trail.Hook{}, devices: map[uint32]string{}}
}

// refresh forgets what is old.
func (l *lookup) refresh(now time.Time) {
	if now.Sub(l.since) > forget {
		clear(l.chains)
		clear(l.devices)
		l.since = now
	}
}

// hook returns the hook of a base chain. Its name is empty if the chain is
// gone or no base chain.
func (l *lookup) hook(s *socket, key chainKey) *trail.Hook {
	if h, ok := l.chains[key]; ok {
		return h
	}
	h := &trail.Hook{Family: familyName(key.family)}
	// NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME
	ask := attrs(nil).text(1, key.table).text(3, key.chain)
	err := s.request(nftGetChain, 0, key.family, 0, ask, func(m nlMessage) {
		if m.typ == nftNewChain {
			decodeChain(m.body, h)
		}
	})
	if err != nil {
		h = &trail.Hook{Family: h.Family}
	}
	l.chains[key] = h
	return h
}

// device returns a device's name; empty if it is gone.
func (l *lookup) device(index uint32) string {
	if index == 0 {
		return ""
	}
	if name, ok := l.devices[index]; ok {
		return name
	}
	name := ""
	if r, err := unix.NewIfreq("x"); err == nil {
		r.SetUint32(index)
		if unix.IoctlIfreq(l.fd, unix.SIOCGIFNAME, r) == nil {
			name = r.Name()
		}
	}
	l.devices[index] = name
	return name
}

// place fills in hook and point of an event from its base chain and devices.
// At FORWARD the point is the device by which the packet came; it is between
// two, so it has no direction there.
func (l *lookup) place(e *Event, hook *trail.Hook, iif, oif uint32) {
	h := *hook
	e.Hook = &h
	index := iif
	switch h.Name {
	case "OUTPUT", "POSTROUTING", "EGRESS":
		e.Dir, index = trail.Out, oif
	case "PREROUTING", "INPUT", "INGRESS":
		e.Dir = trail.In
	default:
		if index == 0 {
			index = oif
		} else {
			e.Out = l.device(oif)
		}
	}
	e.Point.Index, e.Point.Interface = int(index), l.device(index)
}

// index returns a device's index; 0 if there is none of that name.
func (l *lookup) index(name string) uint32 {
	if name == "" {
		return 0
	}
	r, err := unix.NewIfreq(name)
	if err != nil || unix.IoctlIfreq(l.fd, unix.SIOCGIFINDEX, r) != nil {
		return 0
	}
	return r.Uint32()
}
