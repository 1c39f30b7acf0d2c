//go:build !pktrail_lite

package skbtrace

import (
	"bytes"
	_ "embed" // the compiled programs
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

//go:embed trace.bpfel.o
var object []byte

// loader puts the programs together for this kernel.
type loader struct {
	options Options
	// noCast reads packets as before Linux 6.2.
	noCast   bool
	cache    *btf.Cache
	kernel   *btf.Spec
	spec     *ebpf.CollectionSpec
	programs []program
	blind    []trail.Blind
	// brackets are the netfilter programs, and later what loads them when they
	// are asked for: that takes the kernel some 60 ms.
	brackets []program
	late     *ebpf.CollectionSpec
}

// load returns maps and programs, not attached yet.
func (l *loader) load() (*ebpf.Collection, error) {
	l.cache = btf.NewCache()
	var err error
	if l.kernel, err = l.cache.Kernel(); err != nil {
		return nil, &UnsupportedError{"BTF of this kernel", err, "it needs CONFIG_DEBUG_INFO_BTF and a readable /sys/kernel/btf/vmlinux"}
	}
	if l.spec, err = ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object)); err != nil {
		return nil, fmt.Errorf("read BPF object: %w", err)
	}
	l.choose()
	if err := l.configure(); err != nil {
		return nil, err
	}
	if err := l.spliceFilter(); err != nil {
		return nil, err
	}
	l.late = l.spec.Copy()
	l.late.Programs = make(map[string]*ebpf.ProgramSpec)
	for _, p := range l.brackets {
		l.late.Programs[p.name] = l.spec.Programs[p.name]
		delete(l.spec.Programs, p.name)
	}
	c, err := ebpf.NewCollectionWithOptions(l.spec, ebpf.CollectionOptions{Cache: l.cache})
	if err == nil {
		return c, nil
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) && os.Geteuid() != 0 {
		return nil, notPermitted(err)
	}
	return l.loadOneByOne(err)
}

// notPermitted says which right is missing.
func notPermitted(err error) error {
	hint := "it needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the first user namespace, no seccomp filter against bpf, and before Linux 5.11 CAP_SYS_RESOURCE"
	if b, readErr := os.ReadFile("/sys/kernel/security/lockdown"); readErr == nil && strings.Contains(string(b), "[confidentiality]") {
		hint = "the kernel is locked down for confidentiality, where BPF may not read its memory"
	}
	return &UnsupportedError{"permission to load BPF programs", err, hint}
}

// choose keeps the programs that were asked for and that this kernel has a
// tracepoint for.
func (l *loader) choose() {
	keep := make(map[string]*ebpf.ProgramSpec)
	for _, p := range programs() {
		s := l.spec.Programs[p.name]
		if s == nil {
			continue
		}
		if p.tracepoint == "" {
			l.brackets = append(l.brackets, p)
			keep[p.name] = s
			continue
		}
		if p.full && !l.options.Full {
			continue
		}
		if n := l.arguments(p.tracepoint); n == 0 || n < p.args {
			l.miss(p, "this kernel has no tracepoint "+p.tracepoint+" that tells")
			continue
		}
		keep[p.name] = s
		l.programs = append(l.programs, p)
	}
	keep[sampleName] = l.spec.Programs[sampleName] // until the filter is in
	l.spec.Programs = keep
}

func (l *loader) miss(p program, why string) {
	l.blind = append(l.blind, trail.Blind{What: p.blind, Why: why})
}

// arguments is how many a tracepoint has, 0 if there is no such tracepoint.
func (l *loader) arguments(tracepoint string) int {
	var t *btf.Typedef
	if err := l.kernel.TypeByName("btf_trace_"+tracepoint, &t); err != nil {
		return 0
	}
	ptr, ok := t.Type.(*btf.Pointer)
	if !ok {
		return 0
	}
	fn, ok := ptr.Target.(*btf.FuncProto)
	if !ok {
		return 0
	}
	return len(fn.Params) - 1 // the first is the probe's own
}

// configure sets the constants and sizes.
func (l *loader) configure() error {
	o := l.options
	l.spec.Maps["pkt_ring"].MaxEntries = uint32(1) << bits.Len(uint(max(o.Ring, os.Getpagesize())-1))
	values := map[string]any{
		"header_len": uint32(o.HeaderLen),
		"use_cast":   flag(l.canCast()),
		"kfree_args": uint8(l.arguments("kfree_skb")),
		"reset_args": uint8(l.arguments("tcp_send_reset")),
		"full":       flag(o.Full),
		"by_netns":   uint32(flag(len(o.Netns) > 0)),
	}
	if o.Limit > 0 {
		values["limited"], values["remaining"] = uint32(1), int64(o.Limit)
	}
	var v4 [8]uint32
	var v6 [8][16]byte
	n4, n6 := 0, 0
	for _, a := range o.Watch {
		switch a = a.Unmap(); {
		case a.Is4() && n4 < MaxWatch:
			v4[n4] = inMemory(a)
			n4++
		case a.Is6() && n6 < MaxWatch:
			v6[n6] = a.As16()
			n6++
		default:
			return fmt.Errorf("watch %s: at most %d addresses of each family", a, MaxWatch)
		}
	}
	values["watched4"], values["watched6"] = uint8(n4), uint8(n6)
	values["watch4"], values["watch6"] = v4, v6
	for name, v := range values {
		s := l.spec.Variables[name]
		if s == nil {
			continue // no program has it
		}
		if err := s.Set(v); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

func flag(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// canCast says whether programs may read memory by bpf_rdonly_cast (Linux 6.2).
func (l *loader) canCast() bool {
	if l.noCast {
		return false
	}
	var f *btf.Func
	var t *btf.Struct
	return l.kernel.TypeByName("bpf_rdonly_cast", &f) == nil && l.kernel.TypeByName("in6_addr", &t) == nil
}

// loadOneByOne leaves out the programs that this kernel refuses.
func (l *loader) loadOneByOne(first error) (*ebpf.Collection, error) {
	all := l.spec.Programs
	l.spec.Programs = nil
	c, err := ebpf.NewCollectionWithOptions(l.spec, ebpf.CollectionOptions{Cache: l.cache})
	if err != nil {
		return nil, fmt.Errorf("make BPF maps: %w", err)
	}
	var loaded []program
	for _, p := range l.programs {
		l.spec.Programs = map[string]*ebpf.ProgramSpec{p.name: all[p.name]}
		one, err := ebpf.NewCollectionWithOptions(l.spec, ebpf.CollectionOptions{Cache: l.cache, MapReplacements: c.Maps})
		if err != nil {
			l.miss(p, "the kernel refuses the program: "+err.Error())
			continue
		}
		c.Programs[p.name] = one.DetachProgram(p.name)
		one.Close()
		loaded = append(loaded, p)
	}
	l.programs = loaded
	if len(loaded) == 0 {
		c.Close()
		return nil, &UnsupportedError{"BPF programs for raw tracepoints with types", first, "it needs Linux 5.8 or later"}
	}
	return c, nil
}
