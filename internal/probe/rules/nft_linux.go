//go:build !pktrail_lite

package rules

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
	"github.com/pktrail/pktrail/internal/trail"
)

// mostElements of a rule's own set are written: the text is for a line on a
// screen.
const mostElements = 100

// chainRules are the rules of one chain, undecoded.
type chainRules struct {
	age
	generation uint32
	// data are the messages one behind the other, ends where each ends.
	data []byte
	ends []int
	// at maps a handle to its place in the chain, from 0.
	at map[uint64]int
	// missing are the handles that were asked for in vain.
	missing map[uint64]bool
}

// request asks nf_tables one thing, again where the ruleset changed under a
// dump. What each has collected so far is void when restart is called.
func (s *Source) request(kind uint16, family string, dump bool, attrs []attribute, restart func(), each func(msg []byte)) error {
	fam, ok := nft.ParseFamily(family)
	if !ok && family != "" {
		return fmt.Errorf("family %q: %w", family, ErrNotFound)
	}
	const attempts = 5
	var err error
	for range attempts {
		restart()
		err = s.nf.ask(kind, byte(fam), dump, attrs, each)
		if !errors.Is(err, nlsock.ErrChanged) {
			break
		}
	}
	if errors.Is(err, unix.ENOENT) {
		return ErrNotFound
	}
	return err
}

// one asks for one thing that decode understands.
func one[T any](s *Source, kind uint16, family string, attrs []attribute, decode func([]byte) (T, bool)) (T, error) {
	var got T
	found := false
	err := s.request(kind, family, false, attrs, func() {}, func(msg []byte) {
		if v, ok := decode(msg); ok && !found {
			got, found = v, true
		}
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	return got, err
}

// current asks for the ruleset's generation: a number that every change
// raises.
func (s *Source) current() (uint32, error) {
	gen, err := one(s, unix.NFT_MSG_GETGEN, "", nil, nft.DecodeGeneration)
	if err != nil {
		return 0, fmt.Errorf("read generation: %w", err)
	}
	return gen, nil
}

func (s *Source) findNFT(r *trail.Rule) error {
	gen, err := s.current()
	if err != nil {
		return err
	}
	if gen != s.generation {
		s.generation = gen
		clear(s.bases)
		clear(s.sets)
	}
	key := tableKey{r.Family, r.Table}
	if r.Kind == trail.RulePolicy {
		c, err := s.chain(key, r.Chain)
		if err != nil {
			return fmt.Errorf("read chain %s: %w", r.Chain, err)
		}
		chain := chainOf(&c)
		fillPolicy(r, &chain, s.iptables(key))
		return nil
	}
	if r.Handle == 0 {
		return nil // the end of a chain that is called: no rule
	}
	rule, number, err := s.rule(chainKey{key, r.Chain}, r.Handle)
	if err != nil {
		return fmt.Errorf("read rule %d of %s: %w", r.Handle, r.Chain, err)
	}
	r.Number = number
	names := nft.Names{
		Interface: s.interfaceName, Most: mostElements,
		Set: func(name string) *nft.Set { return s.set(setKey{key, name}) },
	}
	fillNFT(r, &rule, s.iptables(key), names, s.xtNames())
	return nil
}

// rule finds a rule and its number in its chain, from 1.
func (s *Source) rule(key chainKey, handle uint64) (nft.Rule, int, error) {
	c, cached := s.chains[key]
	if cached {
		_, there := c.at[handle]
		switch {
		case c.generation == s.generation && (there || c.missing[handle]):
		case there && c.young():
		default:
			cached = false
		}
	}
	if !cached {
		var err error
		if c, err = s.readChain(key); err != nil {
			return nft.Rule{}, 0, err
		}
		s.chains[key] = c
	}
	i, ok := c.at[handle]
	if !ok {
		c.missing[handle] = true
		return nft.Rule{}, 0, ErrNotFound
	}
	rule, ok := nft.DecodeRule(c.message(i))
	if !ok {
		return nft.Rule{}, 0, errors.New("the kernel's answer names no rule")
	}
	return rule, i + 1, nil
}

func (s *Source) readChain(key chainKey) (*chainRules, error) {
	start := time.Now()
	var c *chainRules
	attrs := []attribute{{unix.NFTA_RULE_TABLE, key.table}, {unix.NFTA_RULE_CHAIN, key.chain}}
	err := s.request(unix.NFT_MSG_GETRULE, key.family, true, attrs, func() {
		c = &chainRules{generation: s.generation, at: map[uint64]int{}, missing: map[uint64]bool{}}
	}, func(msg []byte) {
		c.at[nft.RuleHandle(msg)] = len(c.ends)
		c.data = append(c.data, msg...)
		c.ends = append(c.ends, len(c.data))
	})
	if err != nil {
		return nil, err
	}
	c.age = age{time.Now(), time.Since(start)}
	return c, nil
}

// message is the i-th rule's.
func (c *chainRules) message(i int) []byte {
	start := 0
	if i > 0 {
		start = c.ends[i-1]
	}
	return c.data[start:c.ends[i]]
}

// chain asks for one chain, without its rules.
func (s *Source) chain(key tableKey, name string) (nft.Chain, error) {
	attrs := []attribute{{unix.NFTA_CHAIN_TABLE, key.table}, {unix.NFTA_CHAIN_NAME, name}}
	return one(s, unix.NFT_MSG_GETCHAIN, key.family, attrs, nft.DecodeChain)
}

// iptables says that iptables-nft made a table: it has a name of iptables', and
// a built-in chain with the place that it has there.
func (s *Source) iptables(key tableKey) bool {
	if _, ok := legacyPriorities[key.table]; !ok || (key.family != "ip" && key.family != "ip6") {
		return false
	}
	if made, ok := s.bases[key]; ok {
		return made
	}
	made := false
	for _, hook := range [...]string{"FORWARD", "PREROUTING", "OUTPUT", "POSTROUTING", "INPUT"} {
		c, err := s.chain(key, hook)
		if err == nil && c.Base && hookName(c.Family, c.Hook) == hook && int(c.Priority) == iptablesPriority(key.table, hook) {
			made = true
			break
		}
	}
	s.bases[key] = made
	return made
}

// set reads an anonymous set with its elements; nil if that fails.
func (s *Source) set(key setKey) *nft.Set {
	if set, ok := s.sets[key]; ok {
		return set
	}
	attrs := []attribute{{unix.NFTA_SET_TABLE, key.table}, {unix.NFTA_SET_NAME, key.set}}
	set, err := one(s, unix.NFT_MSG_GETSET, key.family, attrs, nft.DecodeSet)
	if err != nil {
		return nil
	}
	attrs = []attribute{{unix.NFTA_SET_ELEM_LIST_TABLE, key.table}, {unix.NFTA_SET_ELEM_LIST_SET, key.set}}
	err = s.request(unix.NFT_MSG_GETSETELEM, key.family, true, attrs, func() { set.Elements = nil }, func(msg []byte) {
		set.Elements = append(set.Elements, nft.DecodeElements(msg)...)
	})
	if err != nil {
		return nil
	}
	s.sets[key] = &set
	return &set
}

func (s *Source) nftTables() ([]Table, error) {
	var tables []nft.Table
	err := s.request(unix.NFT_MSG_GETTABLE, "", true, nil, func() { tables = nil }, func(msg []byte) {
		if t, ok := nft.DecodeTable(msg); ok {
			tables = append(tables, t)
		}
	})
	if errors.Is(err, ErrNotFound) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) {
		return nil, nil // a kernel without nf_tables
	}
	var all []Table
	for _, t := range tables {
		family := t.Family.String()
		all = append(all, Table{
			Family: family, Name: t.Name, Iptables: s.iptables(tableKey{family, t.Name}),
			Dormant: t.Flags&1 != 0, Owned: t.Flags&2 != 0, // NFT_TABLE_F_*
		})
	}
	return all, err
}
