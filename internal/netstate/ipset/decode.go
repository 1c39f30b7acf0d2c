package ipset

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes of a message (enum of IPSET_ATTR_* at command level).
const (
	attrSetName  = 2
	attrTypeName = 3
	attrRevision = 4
	attrFamily   = 5
	attrData     = 7
	attrADT      = 8
	attrIndex    = 11
)

// genmsg is the length of struct nfgenmsg.
const genmsg = 4

var (
	errShort  = errors.New("the message is cut short")
	errNoName = errors.New("the message names no set")
)

// Decoder puts the messages of one list together. The zero value is ready.
type Decoder struct{ sets []netstate.IPSet }

// Add reads one message: the head of a set with its first members, or more
// members of the set before. It keeps no part of msg.
func (d *Decoder) Add(msg []byte) error {
	if len(msg) < genmsg {
		return fmt.Errorf("decode ipset: %w", errShort)
	}
	head := netstate.IPSet{Index: netstate.NoIPSetIndex}
	var data, members []byte
	whole := nlattr.Each(msg[genmsg:], func(k uint16, v []byte) {
		switch k {
		case attrSetName:
			head.Name = nlattr.Text(v)
		case attrTypeName:
			head.Type = nlattr.Text(v)
		case attrRevision:
			head.Revision = first(v)
		case attrFamily:
			head.Family = family(first(v))
		case attrIndex:
			if len(v) == 2 {
				head.Index = nlattr.BE16(v)
			}
		case attrData:
			data = v
		case attrADT:
			members = v
		}
	})
	switch {
	case !whole:
		return fmt.Errorf("decode ipset: %w", errShort)
	case head.Name == "":
		return fmt.Errorf("decode ipset: %w", errNoName)
	case head.Type != "":
		setHeader(&head, data)
		d.sets = append(d.sets, head)
	case len(d.sets) == 0 || d.sets[len(d.sets)-1].Name != head.Name:
		return fmt.Errorf("decode ipset %s: members without a set", head.Name)
	}
	s := &d.sets[len(d.sets)-1]
	m := member{parts: partsOf(s.Type)}
	if !nlattr.Each(members, func(_ uint16, v []byte) { s.Entries = append(s.Entries, m.write(v)) }) {
		return fmt.Errorf("decode ipset %s: %w", s.Name, errShort)
	}
	return nil
}

// Sets are those that were added, in the kernel's order.
func (d *Decoder) Sets() []netstate.IPSet { return d.sets }

func first(v []byte) uint8 {
	if len(v) == 0 {
		return 0
	}
	return v[0]
}

// family is the word for a number of enum nfproto.
func family(n uint8) string {
	switch n {
	case 2:
		return "inet"
	case 10:
		return "inet6"
	}
	return ""
}

// unknown writes an attribute that is not understood.
func unknown(k uint16, v []byte) string {
	return fmt.Sprintf("[ attr %d 0x%s ]", k, hex.EncodeToString(v))
}

// rawAttr keeps one.
func rawAttr(k uint16, v []byte) netstate.Attr {
	return netstate.Attr{Type: k, Data: slices.Clone(v)}
}
