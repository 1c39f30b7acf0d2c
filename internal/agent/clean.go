package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/probe/nftrace"
)

// Leftover is something that an ended pktrail has not put back on this
// machine.
type Leftover struct {
	// What it is, in words.
	What string `json:"what"`
	// Gone is true if the namespace that it is in is there no more: then there
	// is nothing to put back.
	Gone bool `json:"gone,omitempty"`

	of nftrace.Leftover
}

// Leftovers lists what ended processes have left on this machine. That can
// only be what --legacy-trace sets: sockets, BPF programs and nft tables end
// with the process that made them.
func Leftovers(ctx context.Context) ([]Leftover, error) {
	list, err := nftrace.Leftovers("")
	if err != nil {
		return nil, err
	}
	out := make([]Leftover, len(list))
	for i, l := range list {
		out[i] = Leftover{What: l.String(), of: l}
		ns, err := netns.Find(ctx, l.Netns, netns.Options{})
		switch {
		case err == nil:
			out[i].What += " (" + ns.Label + ")"
			if err := ns.Close(); err != nil {
				return nil, err
			}
		case errors.Is(err, fs.ErrNotExist):
			out[i].Gone = true
		default:
			return nil, err
		}
	}
	return out, nil
}

// Restore puts a leftover back.
func (l *Leftover) Restore(ctx context.Context) (err error) {
	if l.Gone {
		return l.of.Forget()
	}
	ns, err := netns.Find(ctx, l.of.Netns, netns.Options{})
	if errors.Is(err, fs.ErrNotExist) {
		return l.of.Forget()
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ns.Close()) }()
	if err := nftrace.Restore(ns.File(), l.of); err != nil {
		return fmt.Errorf("restore in %s: %w", ns.Label, err)
	}
	return nil
}
