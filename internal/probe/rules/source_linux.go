//go:build !pktrail_lite

package rules

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/xt"
	"github.com/pktrail/pktrail/internal/probe/within"
	"github.com/pktrail/pktrail/internal/trail"
)

// ErrNotFound says that there is no such rule, chain or table (any more).
var ErrNotFound = errors.New("not found")

// Source reads the rules of one network namespace. Its methods may be called
// from several goroutines.
type Source struct {
	mu     sync.Mutex
	closed bool
	nf     *conn
	// sock and sock6 are any IP and IPv6 sockets, for getsockopt and ioctl in
	// the namespace; -1 where there is none.
	sock, sock6 int
	// inUse are the files that list the legacy tables in use, by family; nil
	// where the kernel has no such tables.
	inUse map[string]*os.File

	generation uint32
	chains     map[chainKey]*chainRules
	bases      map[tableKey]bool
	sets       map[setKey]*nft.Set
	legacy     map[tableKey]*legacyTable
	ipsets     map[uint16]string
}

type tableKey struct{ family, table string }

type chainKey struct {
	tableKey
	chain string
}

type setKey struct {
	tableKey
	set string
}

// Open prepares to read the rules of a namespace; nil is our own. The file is
// not needed afterwards. Nothing is read yet.
func Open(netns *os.File) (*Source, error) {
	s := &Source{sock: -1, sock6: -1}
	s.forget()
	err := within.Do(netns, func() error {
		var err error
		if s.nf, err = dial(); err != nil {
			return fmt.Errorf("open netfilter socket: %w", err)
		}
		if s.sock, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW); err != nil {
			s.sock = -1
			return fmt.Errorf("open raw socket: %w", err)
		}
		if s.sock6, err = unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW); err != nil {
			s.sock6 = -1 // a kernel without IPv6
		}
		s.inUse = map[string]*os.File{}
		for family, name := range map[string]string{"ip": "ip_tables_names", "ip6": "ip6_tables_names"} {
			// the file names the tables of the namespace of the thread that
			// opened it, and is not there without the kernel's part
			if f, err := os.Open("/proc/thread-self/net/" + name); err == nil {
				s.inUse[family] = f
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open rules: %w", err), s.Close())
	}
	return s, nil
}

func (s *Source) forget() {
	s.chains, s.bases = map[chainKey]*chainRules{}, map[tableKey]bool{}
	s.sets, s.legacy = map[setKey]*nft.Set{}, map[tableKey]*legacyTable{}
	s.ipsets = map[uint16]string{}
}

// Close gives the sockets back. What is asked for afterwards is os.ErrClosed.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	s.closed = true
	var errs []error
	if s.nf != nil {
		errs = append(errs, s.nf.Close())
	}
	for _, fd := range [...]int{s.sock, s.sock6} {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	for _, f := range s.inUse {
		errs = append(errs, f.Close())
	}
	s.forget()
	return errors.Join(errs...)
}

// Describe fills in what can be found out of a step through a ruleset: Text,
// Comment, Owner, Number, and Verdict and To where the trace did not say them.
// What is not found stays as it is.
func (s *Source) Describe(r *trail.Rule) { _ = s.Find(r) }

// Find is Describe, and says why a rule could not be looked up: ErrNotFound
// where it is gone.
func (s *Source) Find(r *trail.Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer own(r)
	if s.closed {
		return os.ErrClosed
	}
	if r.Legacy {
		return s.findLegacy(r)
	}
	return s.findNFT(r)
}

// Chain tells of a chain of nf_tables. Family is as nft writes it.
func (s *Source) Chain(family, table, name string) (Chain, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Chain{}, os.ErrClosed
	}
	c, err := s.chain(tableKey{family, table}, name)
	if err != nil {
		return Chain{}, fmt.Errorf("read chain %s %s %s: %w", family, table, name, err)
	}
	return chainOf(&c), nil
}

// LegacyChain tells of a chain of iptables-legacy (family "ip") or
// ip6tables-legacy ("ip6").
func (s *Source) LegacyChain(family, table, name string) (Chain, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Chain{}, os.ErrClosed
	}
	t, err := s.legacyTable(tableKey{family, table})
	if err == nil {
		if c, ok := t.table.Chain(name); ok {
			return legacyChainOf(family, table, c), nil
		}
		err = ErrNotFound
	}
	return Chain{}, fmt.Errorf("read legacy chain %s %s %s: %w", family, table, name, err)
}

// Tables lists the tables of the namespace: those of nf_tables in the kernel's
// order, then those of iptables-legacy that are in use.
func (s *Source) Tables() ([]Table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	all, err := s.nftTables()
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	for _, family := range [...]string{"ip", "ip6"} {
		names, err := s.legacyNames(family)
		if err != nil {
			return nil, fmt.Errorf("list legacy tables: %w", err)
		}
		for _, name := range names {
			all = append(all, Table{Family: family, Name: name, Legacy: true})
		}
	}
	return all, nil
}

// age says whether what was read may be used again although the ruleset has
// changed: for a second, and for as long that reading takes at most a
// twentieth of the time.
type age struct {
	read time.Time
	took time.Duration
}

func (a age) young() bool {
	const least, share = time.Second, 20
	return time.Since(a.read) < max(least, share*a.took)
}

// xtNames are the names that matches of xtables need.
func (s *Source) xtNames() xt.Names { return xt.Names{Set: s.ipset} }
