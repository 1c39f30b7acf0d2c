//go:build !pktrail_lite

package rules

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/trail"
)

// chainRules are the rules of one chain, undecoded.
type chainRules struct {
	age
	generation uint32
	messages   []netlink.Message
	// at maps a handle to its place in messages.
	at map[uint64]int
	// missing are the handles that were asked for in vain.
	missing map[uint64]bool
}

// request asks nf_tables one thing. Attributes are strings and 64-bit handles.
func (s *Source) request(kind uint16, family string, dump bool, attrs ...netlink.Attribute) ([]netlink.Message, error) {
	fam, ok := nft.ParseFamily(family)
	if !ok && family != "" {
		return nil, fmt.Errorf("family %q: %w", family, ErrNotFound)
	}
	body, err := netlink.MarshalAttributes(attrs)
	if err != nil {
		return nil, err
	}
	flags := netlink.Request
	if dump {
		flags |= netlink.Dump
	}
	m := netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | kind), Flags: flags},
		Data:   append([]byte{byte(fam), unix.NFNETLINK_V0, 0, 0}, body...),
	}
	const attempts = 5
	for range attempts {
		reply, err := s.nf.Execute(m)
		if errors.Is(err, unix.ENOENT) {
			return nil, ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		if !interrupted(reply) {
			return reply, nil
		}
	}
	return nil, errors.New("the ruleset changed too often while it was read")
}

// interrupted says that the ruleset changed during a dump.
func interrupted(reply []netlink.Message) bool {
	for _, m := range reply {
		if m.Header.Flags&netlink.DumpInterrupted != 0 {
			return true
		}
	}
	return false
}

func str(kind uint16, s string) netlink.Attribute {
	return netlink.Attribute{Type: kind, Data: append([]byte(s), 0)}
}

// current asks for the ruleset's generation: a number that every change
// raises.
func (s *Source) current() (uint32, error) {
	reply, err := s.request(unix.NFT_MSG_GETGEN, "", false)
	if err != nil {
		return 0, fmt.Errorf("read generation: %w", err)
	}
	for _, m := range reply {
		if len(m.Data) < 4 {
			continue
		}
		attrs, err := netlink.UnmarshalAttributes(m.Data[4:])
		if err != nil {
			return 0, fmt.Errorf("read generation: %w", err)
		}
		for _, a := range attrs {
			if a.Type == unix.NFTA_GEN_ID && len(a.Data) == 4 {
				return binary.BigEndian.Uint32(a.Data), nil
			}
		}
	}
	return 0, errors.New("read generation: no answer")
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
		chain := chainOf(c)
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
	names := nft.Names{Interface: s.interfaceName, Set: func(name string) *nft.Set { return s.set(setKey{key, name}) }}
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
	rule, ok := nft.DecodeRule(c.messages[i].Data)
	if !ok {
		return nft.Rule{}, 0, errors.New("the kernel's answer names no rule")
	}
	return rule, i + 1, nil
}

func (s *Source) readChain(key chainKey) (*chainRules, error) {
	start := time.Now()
	reply, err := s.request(unix.NFT_MSG_GETRULE, key.family, true, str(unix.NFTA_RULE_TABLE, key.table), str(unix.NFTA_RULE_CHAIN, key.chain))
	if err != nil {
		return nil, err
	}
	c := &chainRules{generation: s.generation, messages: reply, at: make(map[uint64]int, len(reply)), missing: map[uint64]bool{}}
	for i, m := range reply {
		c.at[nft.RuleHandle(m.Data)] = i
	}
	c.age = age{time.Now(), time.Since(start)}
	return c, nil
}

// chain asks for one chain, without its rules.
func (s *Source) chain(key tableKey, name string) (*nft.Chain, error) {
	reply, err := s.request(unix.NFT_MSG_GETCHAIN, key.family, false, str(unix.NFTA_CHAIN_TABLE, key.table), str(unix.NFTA_CHAIN_NAME, name))
	if err != nil {
		return nil, err
	}
	for _, m := range reply {
		if c, ok := nft.DecodeChain(m.Data); ok {
			return &c, nil
		}
	}
	return nil, ErrNotFound
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
	reply, err := s.request(unix.NFT_MSG_GETSET, key.family, false, str(unix.NFTA_SET_TABLE, key.table), str(unix.NFTA_SET_NAME, key.set))
	if err != nil || len(reply) == 0 {
		return nil
	}
	set, ok := nft.DecodeSet(reply[0].Data)
	if !ok {
		return nil
	}
	reply, err = s.request(unix.NFT_MSG_GETSETELEM, key.family, true,
		str(unix.NFTA_SET_ELEM_LIST_TABLE, key.table), str(unix.NFTA_SET_ELEM_LIST_SET, key.set))
	if err != nil {
		return nil
	}
	for _, m := range reply {
		set.Elements = append(set.Elements, nft.DecodeElements(m.Data)...)
	}
	s.sets[key] = &set
	return &set
}

func (s *Source) nftTables() ([]Table, error) {
	reply, err := s.request(unix.NFT_MSG_GETTABLE, "", true)
	if errors.Is(err, ErrNotFound) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) {
		return nil, nil // a kernel without nf_tables
	}
	if err != nil {
		return nil, err
	}
	var all []Table
	for _, m := range reply {
		t, ok := nft.DecodeTable(m.Data)
		if !ok {
			continue
		}
		family := t.Family.String()
		all = append(all, Table{
			Family: family, Name: t.Name, Iptables: s.iptables(tableKey{family, t.Name}),
			Dormant: t.Flags&1 != 0, Owned: t.Flags&2 != 0, // NFT_TABLE_F_*
		})
	}
	return all, nil
}
