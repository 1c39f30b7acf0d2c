package netlink

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// chains reads the ruleset of nf_tables, by one list of each kind of thing and
// one of the elements of each set, and keeps it as the kernel gives it. It has a
// number that every change raises: where that is another one afterwards, the
// ruleset changed meanwhile.
func (t *taker) chains() error {
	t.out.Ruleset = netstate.Ruleset{Legacy: t.out.Ruleset.Legacy}
	c, err := t.conn(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	r := &rulesetReader{conn: c, out: &t.out.Ruleset}
	err = r.read()
	if noSubsystem(err) && t.out.Ruleset.Generation == 0 {
		return nil // a kernel without nf_tables: even the first question is unknown
	}
	if err != nil && !errors.Is(err, nlsock.ErrChanged) {
		t.out.Ruleset = netstate.Ruleset{Legacy: t.out.Ruleset.Legacy} // half of one would mislead
	}
	return err
}

// noSubsystem says that the kernel knows no such part of nfnetlink.
func noSubsystem(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)
}

// rulesetReader reads the ruleset of nf_tables.
type rulesetReader struct {
	conn *nlsock.Conn
	out  *netstate.Ruleset
	// room is what is left of the memory that messages are put into: one piece
	// for many of them.
	room []byte
}

func (r *rulesetReader) read() error {
	generation, err := r.generation()
	if err != nil {
		return err
	}
	r.out.Generation = generation
	changed := false
	for _, list := range [...]struct {
		kind uint16
		to   *[][]byte
		name string
	}{
		{unix.NFT_MSG_GETTABLE, &r.out.Tables, "tables"},
		{unix.NFT_MSG_GETCHAIN, &r.out.Chains, "chains"},
		{unix.NFT_MSG_GETSET, &r.out.Sets, "sets"},
		{unix.NFT_MSG_GETOBJ, &r.out.Objects, "objects"},
		{unix.NFT_MSG_GETFLOWTABLE, &r.out.Flowtables, "flowtables"},
		{unix.NFT_MSG_GETRULE, &r.out.Rules, "rules"},
	} {
		err := r.dump(list.kind, genmsg(0), list.to)
		switch {
		case errors.Is(err, nlsock.ErrChanged):
			changed = true
		case list.kind == unix.NFT_MSG_GETFLOWTABLE && noSubsystem(err):
			// a kernel without flowtables, before Linux 4.16
		case err != nil:
			return fmt.Errorf("list %s: %w", list.name, err)
		}
	}
	switch err := r.elements(); {
	case errors.Is(err, nlsock.ErrChanged):
		changed = true
	case err != nil:
		return fmt.Errorf("list elements: %w", err)
	}
	after, err := r.generation()
	if err != nil {
		return err
	}
	if changed || after != generation {
		return nlsock.ErrChanged
	}
	return nil
}

// genmsg is a struct nfgenmsg (linux/netfilter/nfnetlink.h).
func genmsg(family uint8) []byte { return []byte{family, unix.NFNETLINK_V0, 0, 0} }

func nftType(kind uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | kind }

func (r *rulesetReader) dump(kind uint16, body []byte, to *[][]byte) error {
	return r.conn.Dump(nftType(kind), body, func(m nlsock.Message) error {
		*to = append(*to, r.keep(m.Body))
		return nil
	})
}

// keep copies a message.
func (r *rulesetReader) keep(b []byte) []byte {
	const piece = 64 << 10
	if len(r.room) < len(b) {
		r.room = make([]byte, max(piece, len(b)))
	}
	kept := r.room[:copy(r.room, b):len(b)]
	r.room = r.room[len(b):]
	return kept
}

// elements lists the elements of each set. A set that is gone
// meanwhile is a change.
func (r *rulesetReader) elements() error {
	changed := false
	for _, msg := range r.out.Sets {
		s, ok := nft.DecodeSet(msg)
		if !ok {
			continue
		}
		body := nlattr.Append(genmsg(uint8(s.Family)), unix.NFTA_SET_ELEM_LIST_TABLE, append([]byte(s.Table), 0)...)
		body = nlattr.Append(body, unix.NFTA_SET_ELEM_LIST_SET, append([]byte(s.Name), 0)...)
		switch err := r.dump(unix.NFT_MSG_GETSETELEM, body, &r.out.Elements); {
		case errors.Is(err, nlsock.ErrChanged), errors.Is(err, unix.ENOENT):
			changed = true
		case err != nil:
			return fmt.Errorf("of set %s %s %s: %w", s.Family, s.Table, s.Name, err)
		}
	}
	if changed {
		return nlsock.ErrChanged
	}
	return nil
}

func (r *rulesetReader) generation() (uint32, error) {
	var number uint32
	err := r.conn.Ask(nftType(unix.NFT_MSG_GETGEN), 0, genmsg(0), func(m nlsock.Message) error {
		number, _ = nft.DecodeGeneration(m.Body)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("ask for generation of ruleset: %w", err)
	}
	return number, nil
}
