//go:build !linux

package netns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/trail"
)

type env struct{}

// Open is for Linux only.
func Open(_ context.Context, t Target, _ Options) (*Namespace, error) {
	return nil, fmt.Errorf("open %s: network namespaces are Linux only: %w", t, errors.ErrUnsupported)
}

// Do is for Linux only.
func (n *Namespace) Do(func() error) error { return errors.ErrUnsupported }

// Devices is for Linux only.
func (n *Namespace) Devices(context.Context) ([]Device, error) { return nil, errors.ErrUnsupported }

// Points is for Linux only.
func (n *Namespace) Points(context.Context) ([]trail.Point, error) {
	return nil, errors.ErrUnsupported
}

// Peer is for Linux only.
func (n *Namespace) Peer(context.Context, int, []*Namespace) (peer *Namespace, why string) {
	return nil, errors.ErrUnsupported.Error()
}

// File is for Linux only.
func (n *Namespace) File() *os.File { return n.file }

// Close does nothing.
func (n *Namespace) Close() error { return nil }

// CRISockets is empty: container runtimes are looked for on Linux only.
func CRISockets() []string { return nil }

// CRIVersion is for Linux only.
func CRIVersion(context.Context, string) (string, error) { return "", errors.ErrUnsupported }

// Names is empty: there are no namespaces but on Linux.
func Names(Options) []string { return nil }

// All is empty: there are no namespaces but on Linux.
func All(context.Context, Options, int) []*Namespace { return nil }

// Workloads is empty: containers are looked for on Linux only.
func Workloads(context.Context, Options) ([]netstate.Workload, []netstate.Unreadable) {
	return nil, nil
}

// HostInode is 0: there are no namespaces but on Linux.
func HostInode(Options) uint64 { return 0 }

// Paths is empty: there are no namespaces but on Linux.
func Paths(Options) map[uint64][]string { return nil }

// Find is for Linux only.
func Find(context.Context, uint64, Options) (*Namespace, error) { return nil, errors.ErrUnsupported }

// Addresses is for Linux only.
func (n *Namespace) Addresses() ([]netip.Addr, error) { return nil, errors.ErrUnsupported }

// Place is for Linux only.
func (n *Namespace) Place(context.Context) (node, target string, near []*Namespace, err error) {
	return "", "", nil, errors.ErrUnsupported
}

// Connected is empty: there are no namespaces but on Linux.
func Connected(context.Context, []*Namespace, []*Namespace) map[uint64]bool { return nil }
