//go:build !linux || pktrail_lite

package ask

import (
	"errors"
	"net/netip"
	"os"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Asker is for Linux only.
type Asker struct{}

// Open returns errors.ErrUnsupported.
func Open(*os.File) (*Asker, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (a *Asker) Close() error { return nil }

// Do returns errors.ErrUnsupported.
func (a *Asker) Do(func() error) error { return errors.ErrUnsupported }

// Route returns errors.ErrUnsupported.
func (a *Asker) Route(Question) (trail.Answer, error) { return trail.Answer{}, errors.ErrUnsupported }

// Lookup returns errors.ErrUnsupported.
func (a *Asker) Lookup(Question) (Reply, error) { return Reply{}, errors.ErrUnsupported }

// Rules returns errors.ErrUnsupported.
func (a *Asker) Rules(bool) ([]Rule, error) { return nil, errors.ErrUnsupported }

// Explain returns errors.ErrUnsupported.
func (a *Asker) Explain(Question) ([]RuleStep, error) { return nil, errors.ErrUnsupported }

// ReversePath returns errors.ErrUnsupported.
func (a *Asker) ReversePath(netip.Addr, netip.Addr, string, uint32) (ReversePath, error) {
	return ReversePath{}, errors.ErrUnsupported
}

// Settings returns errors.ErrUnsupported.
func (a *Asker) Settings(...string) ([]trail.Setting, []string, error) {
	return nil, nil, errors.ErrUnsupported
}

// Neighbour returns errors.ErrUnsupported.
func (a *Asker) Neighbour(netip.Addr, string) (trail.Neighbour, bool, error) {
	return trail.Neighbour{}, false, errors.ErrUnsupported
}

// FDB returns errors.ErrUnsupported.
func (a *Asker) FDB(string, string) ([]FDBEntry, error) { return nil, errors.ErrUnsupported }

// Socket returns errors.ErrUnsupported.
func (a *Asker) Socket(packet.Proto, netip.AddrPort, netip.AddrPort) (trail.Socket, bool, error) {
	return trail.Socket{}, false, errors.ErrUnsupported
}

// Listening returns errors.ErrUnsupported.
func (a *Asker) Listening(packet.Proto) ([]Listener, error) { return nil, errors.ErrUnsupported }

// Conntrack returns errors.ErrUnsupported.
func (a *Asker) Conntrack(packet.Flow, uint16) (Connection, bool, error) {
	return Connection{}, false, errors.ErrUnsupported
}

// ConntrackCount returns errors.ErrUnsupported.
func (a *Asker) ConntrackCount() (int, int, bool, error) {
	return 0, 0, false, errors.ErrUnsupported
}

// Links returns errors.ErrUnsupported.
func (a *Asker) Links() ([]Link, error) { return nil, errors.ErrUnsupported }

// Log is for Linux only.
type Log struct{}

// OpenLog returns errors.ErrUnsupported.
func OpenLog() (*Log, error) { return nil, errors.ErrUnsupported }

// Read returns errors.ErrUnsupported.
func (l *Log) Read() (Complaint, error) { return Complaint{}, errors.ErrUnsupported }

// Close does nothing.
func (l *Log) Close() error { return nil }
