//go:build !pktrail_lite

package skbtrace

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

// inMemory is an IPv4 address as a program loads it from a packet.
func inMemory(a netip.Addr) uint32 {
	b := a.As4()
	return binary.NativeEndian.Uint32(b[:])
}

// clockOffset is what makes Unix time of the monotonic clock, in nanoseconds:
// the best of a few readings of both.
func clockOffset() (int64, error) {
	best, offset := int64(1<<62), int64(0)
	for range 8 {
		var a, r, b unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &a); err != nil {
			return 0, fmt.Errorf("read clock: %w", err)
		}
		if err := unix.ClockGettime(unix.CLOCK_REALTIME, &r); err != nil {
			return 0, fmt.Errorf("read clock: %w", err)
		}
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &b); err != nil {
			return 0, fmt.Errorf("read clock: %w", err)
		}
		if d := b.Nano() - a.Nano(); d < best {
			best, offset = d, r.Nano()-a.Nano()-d/2
		}
	}
	return offset, nil
}

// readReasons takes the names of reasons from the kernel's BTF.
func readReasons(l *loader) reasons {
	r := reasons{hasDrops: l.arguments("kfree_skb") >= 3}
	r.drops = enumNames(l.kernel, "skb_drop_reason", "SKB_DROP_REASON_")
	r.resets = enumNames(l.kernel, "sk_rst_reason", "SK_RST_REASON_")
	return r
}

func enumNames(spec *btf.Spec, enum, prefix string) map[uint32]string {
	var e *btf.Enum
	if err := spec.TypeByName(enum, &e); err != nil {
		return nil
	}
	names := make(map[uint32]string, len(e.Values))
	for _, v := range e.Values {
		names[uint32(v.Value)] = strings.TrimPrefix(v.Name, prefix)
	}
	return names
}

// loadSymbols reads the kernel's symbols in the background; the first drop
// waits for them.
func (t *Tracer) loadSymbols() {
	read := sync.OnceValue(func() *symbols {
		s, why := kernelSymbols()
		if s == nil {
			t.mu.Lock()
			t.blind = append(t.blind, trail.Blind{What: "the kernel function, and the netfilter hook, that dropped a packet", Why: why})
			t.mu.Unlock()
		}
		return s
	})
	t.decoder.symbols = read
	go read()
}

func kernelSymbols() (*symbols, string) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return nil, err.Error()
	}
	defer f.Close()
	s, err := readSymbols(f)
	switch {
	case err != nil:
		return nil, err.Error()
	case s == nil:
		return nil, "/proc/kallsyms hides addresses (kernel.kptr_restrict, or no CAP_SYSLOG)"
	}
	return s, ""
}
