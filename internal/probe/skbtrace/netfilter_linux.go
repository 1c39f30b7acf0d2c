//go:build !pktrail_lite

package skbtrace

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// priorities at which the brackets stand: before and behind raw, mangle,
// dnat, filter and snat (linux/netfilter_ipv4.h).
func priorities() []int32 { return []int32{-301, -151, -99, 1, 101} }

// errNoBrackets is returned without Options.Full, and before Linux 6.4.
var errNoBrackets = errors.New("the netfilter programs are not loaded")

// Netfilter sets the brackets around netfilter's tables in one more namespace:
// five programs in each hook of IPv4 and IPv6. It needs Options.Full.
func (t *Tracer) Netfilter(ns *os.File) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return os.ErrClosed
	}
	var brackets []*ebpf.Program
	for i := range priorities() {
		p := t.maps.Programs[fmt.Sprintf("pkt_hook%d", i)]
		if p == nil {
			return fmt.Errorf("set netfilter brackets: %w", errNoBrackets)
		}
		brackets = append(brackets, p)
	}
	links, err := attachIn(ns, brackets)
	if err != nil {
		return fmt.Errorf("set netfilter brackets: %w", err)
	}
	t.links = append(t.links, links...)
	return nil
}

// attachIn does so on a thread that goes there and comes back.
func attachIn(ns *os.File, brackets []*ebpf.Program) (links []link.Link, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		home, openErr := os.Open("/proc/thread-self/ns/net")
		if openErr != nil {
			err = fmt.Errorf("find the way back: %w", openErr)
			return
		}
		defer home.Close()
		if setErr := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); setErr != nil {
			runtime.UnlockOSThread()
			err = fmt.Errorf("enter network namespace: %w", setErr)
			return
		}
		links, err = attachHooks(brackets)
		// A thread that cannot go back ends with its locked goroutine.
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return links, err
}

func attachHooks(brackets []*ebpf.Program) ([]link.Link, error) {
	var links []link.Link
	for _, family := range []link.NetfilterProtocolFamily{link.NetfilterProtoIPv4, link.NetfilterProtoIPv6} {
		for hook := link.NetfilterInetPreRouting; hook <= link.NetfilterInetPostRouting; hook++ {
			for i, priority := range priorities() {
				k, err := link.AttachNetfilter(link.NetfilterOptions{Program: brackets[i], ProtocolFamily: family, Hook: hook, Priority: priority})
				if err != nil {
					for _, k := range links {
						_ = k.Close()
					}
					return nil, err
				}
				links = append(links, k)
			}
		}
	}
	return links, nil
}
