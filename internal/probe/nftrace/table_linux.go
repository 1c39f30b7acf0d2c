//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ownerFlag is NFT_TABLE_F_OWNER (linux/netfilter/nf_tables.h).
const ownerFlag = 2

// tracePriority is before all others: -300 is raw, and where packets are put
// together again (-400) no rule can be.
const tracePriority = -350

// maxTables is how many tables one process id may have in one namespace;
// processes in containers share ids.
const maxTables = 1000

// makeTable makes our table and returns its name.
func makeTable(s *socket, l limits) (string, error) {
	for n := range maxTables {
		name := fmt.Sprintf("%s%d-%d", tablePrefix, os.Getpid(), n)
		at, err := s.transact(newTable(name, l))
		switch {
		case err == nil:
			return name, nil
		case at == 0 && (errors.Is(err, unix.EEXIST) || errors.Is(err, unix.EPERM)):
			continue // EPERM: it is there and has an owner; a right that we lack is refused at -1
		}
		return "", tableError(at, err)
	}
	return "", fmt.Errorf("make nft table: all %d names of process %d are taken", maxTables, os.Getpid())
}

// tableError explains why the kernel refused the change with this index.
func tableError(at int, err error) error {
	const since = "Linux 5.12"
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return &PermissionError{Op: "make nft table", Capability: "CAP_NET_ADMIN", Err: err}
	case at < 0 && (errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPROTONOSUPPORT)):
		return &UnsupportedError{What: "nf_tables", Since: "CONFIG_NF_TABLES", Err: err}
	case at == 0 && errors.Is(err, unix.EAFNOSUPPORT):
		return &UnsupportedError{What: "nft tables of family inet", Since: "CONFIG_NF_TABLES_INET", Err: err}
	case at == 0 && (errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL)):
		return &UnsupportedError{What: "nft tables with an owner", Since: since, Err: err}
	case at > 0 && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP)):
		return &UnsupportedError{What: "expression that marking packets takes", Since: "CONFIG_NFT_LIMIT", Err: err}
	}
	return fmt.Errorf("make nft table: %w", err)
}

// newTable are the changes that make the table.
func newTable(name string, l limits) []change {
	const (
		nftaTable = 1 // NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and NFTA_RULE_TABLE
		flags     = 2 // NFTA_TABLE_FLAGS
		chainName = 3 // NFTA_CHAIN_NAME
		chainHook = 4 // NFTA_CHAIN_HOOK
		policy    = 5 // NFTA_CHAIN_POLICY
		chainType = 7 // NFTA_CHAIN_TYPE
	)
	all := []change{{nftNewTable, nlCreate | nlExcl, attrs(nil).text(nftaTable, name).u32(flags, ownerFlag)}}
	chain := func(chain string) attrs { return attrs(nil).text(nftaTable, name).text(chainName, chain) }
	for _, c := range plainChains() {
		all = append(all, change{nftNewChain, nlCreate, chain(c)})
	}
	for _, c := range []struct {
		name string
		hook uint32 // NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT
	}{{preroutingChain, 0}, {outputChain, 3}} {
		priority := int32(tracePriority)
		hook := attrs(nil).u32(1, c.hook).u32(2, uint32(priority)) // NFTA_HOOK_HOOKNUM, PRIORITY
		all = append(all, change{nftNewChain, nlCreate, chain(c.name).nest(chainHook, hook).u32(policy, verdictAccept).text(chainType, "filter")})
	}
	return append(all, newRules(name, nlAppend, skeleton(l))...)
}

// newRules are the changes that add rules: at the end of their chains if place
// is nlAppend, at their beginning if it is 0.
func newRules(table string, place uint16, rules []rule) []change {
	all := make([]change, 0, len(rules))
	for _, r := range rules {
		// NFTA_RULE_TABLE, CHAIN, EXPRESSIONS
		a := attrs(nil).text(1, table).text(2, r.chain).nest(4, attrs(r.exprs))
		all = append(all, change{nftNewRule, nlCreate | place, a})
	}
	return all
}

// addMatches adds rules for matches to the table.
func addMatches(s *socket, table string, matches []Match) error {
	var rules []rule
	for _, m := range matches {
		if err := m.check(); err != nil {
			return err
		}
		rules = append(rules, m.rules()...)
	}
	// A transaction is one datagram; a few hundred rules fit into a socket's
	// buffer.
	const most = 100
	for len(rules) > 0 {
		n := min(most, len(rules))
		if at, err := s.transact(newRules(table, 0, rules[:n])); err != nil {
			if errors.Is(err, unix.ENOENT) && at >= 0 {
				err = fmt.Errorf("the table or an expression is missing: %w", err)
			}
			return fmt.Errorf("add rules to nft table %s: %w", table, err)
		}
		rules = rules[n:]
	}
	return nil
}

// dropTable removes the table before its socket is closed.
func dropTable(s *socket, table string) error {
	_, err := s.transact([]change{{nftDelTable, 0, attrs(nil).text(1, table)}})
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove nft table %s: %w", table, err)
	}
	return nil
}
