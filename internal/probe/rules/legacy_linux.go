//go:build !pktrail_lite

package rules

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/xt"
	"github.com/pktrail/pktrail/internal/trail"
)

// Options of getsockopt, linux/netfilter_ipv4/ip_tables.h and
// linux/netfilter_ipv6/ip6_tables.h (the same numbers), and
// linux/netfilter/ipset/ip_set.h.
const (
	optInfo    = 64 // IPT_SO_GET_INFO
	optEntries = 65 // IPT_SO_GET_ENTRIES
	optIPSet   = 83 // SO_IP_SET

	tableNameLen = 32 // XT_TABLE_MAXNAMELEN
)

// legacyTable is one table of iptables-legacy as it was read.
type legacyTable struct {
	age
	info  xt.Info
	table *xt.Table
}

// getsockopt fills b, whose beginning is the question.
func (s *Source) getsockopt(level, option int, b []byte) error {
	n, fd := uint32(len(b)), s.sock
	if level == unix.SOL_IPV6 {
		fd = s.sock6
	}
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// legacyNames lists the tables of a family that are in use. A table that is
// not must not be asked for: the kernel would make it.
func (s *Source) legacyNames(family string) ([]string, error) {
	f := s.inUse[family]
	if f == nil {
		return nil, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(b)), nil
}

func (s *Source) findLegacy(r *trail.Rule) error {
	t, err := s.legacyTable(tableKey{r.Family, r.Table})
	if err != nil {
		return fmt.Errorf("read legacy table %s %s: %w", r.Family, r.Table, err)
	}
	c, ok := t.table.Chain(r.Chain)
	if !ok {
		return fmt.Errorf("find legacy chain %s: %w", r.Chain, ErrNotFound)
	}
	if r.Kind != trail.RuleMatched {
		if r.Number == 0 || r.Number > c.Rules() {
			s.endOfLegacy(r, c)
			return nil
		}
		// The kernel says "policy" or "return" of every rule that has no
		// condition and one of its own verdicts (net/ipv4/netfilter/ip_tables.c,
		// get_chainname_rulenum).
		r.Kind, r.Verdict = trail.RuleMatched, ""
	}
	rule, ok := t.table.Rule(c, r.Number)
	if !ok {
		return fmt.Errorf("find rule %d of legacy chain %s: %w", r.Number, r.Chain, ErrNotFound)
	}
	fillLegacy(r, &rule)
	return nil
}

// endOfLegacy describes the end of a chain.
func (s *Source) endOfLegacy(r *trail.Rule, c *xt.Chain) {
	if r.Kind == trail.RulePolicy {
		chain := legacyChainOf(r.Family, r.Table, c)
		fillPolicy(r, &chain, true)
	} else if r.Verdict == "" {
		r.Verdict = "return"
	}
}

// legacyTable reads a table, unless it is as it was read last. Its
// information does not show a rule that was replaced by one of the same
// length: that is found when it has become old.
func (s *Source) legacyTable(key tableKey) (*legacyTable, error) {
	names, err := s.legacyNames(key.family)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, key.table) || len(key.table) >= tableNameLen {
		return nil, ErrNotFound
	}
	level := unix.SOL_IP
	if key.family == "ip6" {
		level = unix.SOL_IPV6
	}
	const attempts = 5
	for range attempts {
		b := make([]byte, xt.InfoSize)
		copy(b, key.table)
		if err := s.getsockopt(level, optInfo, b); err != nil {
			return nil, err
		}
		info, err := xt.DecodeInfo(b)
		if err != nil {
			return nil, err
		}
		if t := s.legacy[key]; t != nil && t.info == info && t.young() {
			return t, nil
		}
		t, err := s.readLegacy(key, level, info)
		if errors.Is(err, unix.EAGAIN) {
			continue // its size changed in between
		}
		if err != nil {
			return nil, err
		}
		s.legacy[key] = t
		return t, nil
	}
	return nil, errors.New("the table changed too often while it was read")
}

func (s *Source) readLegacy(key tableKey, level int, info xt.Info) (*legacyTable, error) {
	start := time.Now()
	b, err := s.entries(key, level, info)
	if err != nil {
		return nil, err
	}
	table, err := xt.DecodeTable(key.family == "ip6", info, b, s.xtNames())
	if err != nil {
		return nil, err
	}
	return &legacyTable{age{time.Now(), time.Since(start)}, info, table}, nil
}

// entries asks for struct ipt_get_entries, and returns what follows it.
func (s *Source) entries(key tableKey, level int, info xt.Info) ([]byte, error) {
	b := make([]byte, xt.EntriesHeader+int(info.Size))
	copy(b, key.table)
	binary.NativeEndian.PutUint32(b[tableNameLen:], info.Size)
	if err := s.getsockopt(level, optEntries, b); err != nil {
		return nil, err
	}
	return b[xt.EntriesHeader:], nil
}

// ipset gives the name of an ipset by its index, "" if it is not known.
func (s *Source) ipset(index uint16) string {
	if name, ok := s.ipsets[index]; ok {
		return name
	}
	// struct ip_set_req_version, struct ip_set_req_get_set
	const opVersion, opByIndex, request = 0x100, 7, 8 + tableNameLen
	v := make([]byte, 8)
	binary.NativeEndian.PutUint32(v, opVersion)
	if err := s.getsockopt(unix.SOL_IP, optIPSet, v); err != nil {
		return ""
	}
	b := make([]byte, request)
	binary.NativeEndian.PutUint32(b, opByIndex)
	copy(b[4:8], v[4:8])
	binary.NativeEndian.PutUint16(b[8:], index)
	if err := s.getsockopt(unix.SOL_IP, optIPSet, b); err != nil {
		return ""
	}
	name, _, _ := bytes.Cut(b[8:], []byte{0})
	s.ipsets[index] = string(name)
	return string(name)
}

// interfaceName asks for the name of an interface of the namespace.
func (s *Source) interfaceName(index uint32) string {
	// struct ifreq of linux/if.h: name, then the index
	var req [40]byte
	binary.NativeEndian.PutUint32(req[unix.IFNAMSIZ:], index)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s.sock), unix.SIOCGIFNAME, uintptr(unsafe.Pointer(&req[0])))
	if errno != 0 {
		return ""
	}
	name, _, _ := bytes.Cut(req[:unix.IFNAMSIZ], []byte{0})
	return string(name)
}
