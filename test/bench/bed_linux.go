package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// The two ends of the wire.
const (
	txName = "bench0"
	rxName = "bench1"
)

// bed is two namespaces with a wire between them. They have no name, and
// vanish with the process.
type bed struct {
	tx, rx       netns.NsHandle
	txIndex      int
	txMAC, rxMAC net.HardwareAddr
}

func newBed() (*bed, error) {
	b := &bed{tx: netns.None(), rx: netns.None()}
	var err error
	if b.tx, err = newSpace(); err == nil {
		b.rx, err = newSpace()
	}
	if err == nil {
		err = b.wire()
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("make test bed: %w", err)
	}
	return b, nil
}

func (b *bed) close() {
	for _, ns := range []*netns.NsHandle{&b.tx, &b.rx} {
		if ns.IsOpen() {
			_ = ns.Close()
		}
	}
}

// newSpace makes a namespace on a thread of its own, which then dies.
func newSpace() (netns.NsHandle, error) {
	type result struct {
		ns  netns.NsHandle
		err error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread()
		ns, err := netns.New()
		if err == nil {
			for _, which := range []string{"all", "default"} { // no packets of the kernel's own
				_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0)
			}
		}
		made <- result{ns, err}
	}()
	r := <-made
	return r.ns, r.err
}

func (b *bed) wire() error {
	tx, err := netlink.NewHandleAt(b.tx)
	if err != nil {
		return err
	}
	defer tx.Close()
	rx, err := netlink.NewHandleAt(b.rx)
	if err != nil {
		return err
	}
	defer rx.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = txName
	if err := tx.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: rxName, PeerNamespace: netlink.NsFd(b.rx)}); err != nil {
		return fmt.Errorf("make veth pair: %w", err)
	}
	for _, end := range []struct {
		h    *netlink.Handle
		name string
		mac  *net.HardwareAddr
	}{{tx, txName, &b.txMAC}, {rx, rxName, &b.rxMAC}} {
		l, err := end.h.LinkByName(end.name)
		if err != nil {
			return err
		}
		if err := errors.Join(end.h.LinkSetARPOff(l), end.h.LinkSetUp(l)); err != nil {
			return fmt.Errorf("set %s up: %w", end.name, err)
		}
		*end.mac = l.Attrs().HardwareAddr
		if end.name == txName {
			b.txIndex = l.Attrs().Index
		}
	}
	return nil
}

// inside calls f on a thread in the namespace, which dies afterwards.
func (b *bed) inside(ns netns.NsHandle, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(ns), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter network namespace: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

// armed tells if a packet socket listens in the receiving namespace
// (/proc/net/packet: protocol 3 is ETH_P_ALL, running is 1).
func (b *bed) armed() (yes bool, err error) {
	err = b.inside(b.rx, func() error {
		f, err := os.Open("/proc/thread-self/net/packet")
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		for s := bufio.NewScanner(f); s.Scan(); {
			w := strings.Fields(s.Text())
			yes = yes || len(w) > 5 && w[3] == "0003" && w[5] == "1"
		}
		return nil
	})
	return yes, err
}

// arrived is how many frames the receiving end has taken in so far.
func (b *bed) arrived() (n int, err error) {
	err = b.inside(b.rx, func() error {
		f, err := os.Open("/proc/thread-self/net/dev")
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		for s := bufio.NewScanner(f); s.Scan(); {
			if name, rest, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == rxName {
				n, err = strconv.Atoi(strings.Fields(rest)[1]) // receive packets
				return err
			}
		}
		return fmt.Errorf("no %s in the receiving namespace", rxName)
	})
	return n, err
}
