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
func makeTable(s *socket, r ruleset) (string, error) {
	for n := range maxTables {
		name := fmt.Sprintf("%s%d-%d", tablePrefix, os.Getpid(), n)
		at, err := s.transact(newTable(name, r))
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
func newTable(name string, r ruleset) []change {
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
	for _, c := range r.chains {
		all = append(all, change{nftNewChain, nlCreate, chain(c)})
	}
	for i := range r.sets {
		all = append(all, newSet(name, r.sets[i], uint32(i+1))...)
	}
	for _, c := range []struct {
		name string
		hook uint32 // NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT
	}{{preroutingChain, 0}, {outputChain, 3}} {
		priority := int32(tracePriority)
		hook := attrs(nil).u32(1, c.hook).u32(2, uint32(priority)) // NFTA_HOOK_HOOKNUM, PRIORITY
		all = append(all, change{nftNewChain, nlCreate, chain(c.name).nest(chainHook, hook).u32(policy, verdictAccept).text(chainType, "filter")})
	}
	for _, r := range r.rules {
		// NFTA_RULE_TABLE, CHAIN, EXPRESSIONS
		a := attrs(nil).text(1, name).text(2, r.chain).nest(4, attrs(r.exprs))
		all = append(all, change{nftNewRule, nlCreate | nlAppend, a})
	}
	return all
}

// newSet are the changes that make a set that stays as it is: the kernel
// chooses its fastest for that many values.
func newSet(table string, s valueSet, id uint32) []change {
	const (
		constant    = 1 | 2      // NFT_SET_ANONYMOUS, CONSTANT
		isMap       = 8          // NFT_SET_MAP
		verdictType = 0xffffff00 // NFT_DATA_VERDICT
	)
	// NFTA_SET_TABLE, NAME, KEY_TYPE, KEY_LEN, DESC with NFTA_SET_DESC_SIZE, ID
	a := attrs(nil).text(1, table).text(2, setName(s.isMap())).u32(4, s.typ).u32(5, s.len).
		nest(9, attrs(nil).u32(1, uint32(len(s.values)))).u32(10, id)
	if s.isMap() {
		a = a.u32(3, constant|isMap).u32(6, verdictType) // NFTA_SET_FLAGS, DATA_TYPE
	} else {
		a = a.u32(3, constant)
	}
	var list attrs
	for _, v := range s.values {
		// NFTA_SET_ELEM_KEY, DATA
		e := attrs(nil).nest(1, attrs(nil).bytes(nftaDataValue, v.key))
		if v.to != "" {
			e = e.nest(2, attrs(nil).nest(nftaDataVerdict, verdict(v.code, v.to)))
		}
		list = list.nest(nftaListElem, e)
	}
	// NFTA_SET_ELEM_LIST_TABLE, SET, ELEMENTS, SET_ID
	return []change{
		{nftNewSet, nlCreate, a},
		{nftNewElement, nlCreate, attrs(nil).text(1, table).text(2, setName(s.isMap())).nest(3, list).u32(4, id)},
	}
}

// dropTable removes the table before its socket is closed.
func dropTable(s *socket, table string) error {
	_, err := s.transact([]change{{nftDelTable, 0, attrs(nil).text(1, table)}})
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove nft table %s: %w", table, err)
	}
	return nil
}
