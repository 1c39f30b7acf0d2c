//go:build !pktrail_lite

package skbtrace

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/within"
)

// errNoBrackets is returned before Linux 6.4.
var errNoBrackets = errors.New("the kernel does not take the netfilter programs")

// Netfilter sets brackets around the tables of netfilter in one more
// namespace: in each hook that has chains now, before each priority and behind
// the last. Each bracket costs every packet in that hook some 40 ns. The first
// call loads the programs, in some 60 ms.
func (t *Tracer) Netfilter(ns *os.File) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return os.ErrClosed
	}
	programs, err := t.brackets()
	if err != nil {
		return fmt.Errorf("set netfilter brackets: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(ns.Fd()), &st); err != nil {
		return fmt.Errorf("set netfilter brackets: %w", err)
	}
	var places []spot
	var links []link.Link
	err = within.Do(ns, func() error {
		chains, err := findChains()
		if err != nil {
			return err
		}
		places = placeBrackets(uint32(st.Ino), chains)
		links, err = attachBrackets(programs, places)
		return err
	})
	if err != nil {
		return fmt.Errorf("set netfilter brackets: %w", err)
	}
	t.links = append(t.links, links...)
	t.notePriorities(places)
	return nil
}

// brackets gives the netfilter programs, loaded when they are first wanted.
func (t *Tracer) brackets() (programs [maxBrackets]*ebpf.Program, err error) {
	if t.late != nil {
		late := t.late
		t.late = nil
		c, err := ebpf.NewCollectionWithOptions(late, ebpf.CollectionOptions{Cache: btf.NewCache(), MapReplacements: t.maps.Maps})
		if err != nil {
			return programs, fmt.Errorf("%w: %w", errNoBrackets, err)
		}
		for name := range late.Programs {
			t.maps.Programs[name] = c.DetachProgram(name)
		}
		c.Close()
	}
	for i := range programs {
		if programs[i] = t.maps.Programs[fmt.Sprintf("pkt_hook%d", i)]; programs[i] == nil {
			return programs, errNoBrackets
		}
	}
	return programs, nil
}

func (t *Tracer) notePriorities(places []spot) {
	all := map[bracket]int{}
	if old := t.priorities.Load(); old != nil {
		maps.Copy(all, *old)
	}
	for _, p := range places {
		all[p.bracket] = p.priority
	}
	t.priorities.Store(&all)
}

// priority of a bracket; a packet may be seen at it before it is noted.
func (t *Tracer) priority(b bracket) (int, bool) {
	all := t.priorities.Load()
	if all == nil {
		return 0, false
	}
	p, ok := (*all)[b]
	return p, ok
}

// findChains lists what stands in the hooks of the thread's namespace: base
// chains of nft, iptables-nft's among them, and tables of iptables-legacy.
func findChains() ([]chain, error) {
	var all []chain
	c, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("speak to nftables: %w", err)
	}
	chains, err := c.ListChains()
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EINVAL) {
		return nil, fmt.Errorf("list chains: %w", err)
	}
	for _, ch := range chains {
		if ch.Hooknum == nil || ch.Priority == nil || ch.Table == nil || *ch.Hooknum > nftables.ChainHook(unix.NF_INET_POST_ROUTING) {
			continue
		}
		f := ch.Table.Family
		if f == nftables.TableFamilyIPv4 || f == nftables.TableFamilyINet {
			all = append(all, chain{nfprotoIPv4, uint8(*ch.Hooknum), int(*ch.Priority)})
		}
		if f == nftables.TableFamilyIPv6 || f == nftables.TableFamilyINet {
			all = append(all, chain{nfprotoIPv6, uint8(*ch.Hooknum), int(*ch.Priority)})
		}
	}
	for family, file := range map[uint8]string{nfprotoIPv4: "ip_tables_names", nfprotoIPv6: "ip6_tables_names"} {
		b, err := os.ReadFile("/proc/thread-self/net/" + file)
		if err != nil {
			continue // no iptables-legacy here
		}
		for table := range strings.FieldsSeq(string(b)) {
			all = append(all, legacyChains(family, table)...)
		}
	}
	return all, nil
}

func attachBrackets(programs [maxBrackets]*ebpf.Program, places []spot) ([]link.Link, error) {
	var links []link.Link
	for _, p := range places {
		k, err := link.AttachNetfilter(link.NetfilterOptions{
			Program: programs[p.index], ProtocolFamily: link.NetfilterProtocolFamily(p.family),
			Hook: link.NetfilterInetHook(p.hook), Priority: int32(p.priority),
		})
		if err != nil {
			for _, k := range links {
				_ = k.Close()
			}
			return nil, err
		}
		links = append(links, k)
	}
	return links, nil
}
