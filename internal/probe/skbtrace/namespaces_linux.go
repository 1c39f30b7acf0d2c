//go:build !pktrail_lite

package skbtrace

import (
	"fmt"
	"os"
)

// Only lets flights start, from now on, in these namespaces alone and those that
// Options.Netns and Allow have named. They are inodes, at most MaxNetns of them
// in all.
func (t *Tracer) Only(inodes []uint32) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return os.ErrClosed
	}
	for _, inode := range inodes {
		if err := t.allow(inode); err != nil {
			return err
		}
	}
	return t.set("by_netns", uint32(1))
}

// Allow adds a namespace, by its inode, to those that Options.Netns or Only
// have named. Without them all are seen, and it changes nothing.
func (t *Tracer) Allow(inode uint32) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return os.ErrClosed
	}
	return t.allow(inode)
}

func (t *Tracer) allow(inode uint32) error {
	if err := t.maps.Maps["pkt_netns"].Put(inode, uint8(1)); err != nil {
		return fmt.Errorf("choose namespace: %w", err)
	}
	return nil
}
