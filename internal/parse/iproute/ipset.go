package iproute

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// setReader reads `ipset list` and `ipset save`.
type setReader struct {
	x *space
	// set is the one of `ipset list` that is open; members is true below
	// "Members:".
	set     *netstate.IPSet
	members bool
}

// open reports whether a set is being read.
func (r *setReader) open() bool { return r.set != nil }

// line reads a line of `ipset list`. An empty one ends the set.
func (r *setReader) line(line string) error {
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch {
	case strings.TrimSpace(line) == "":
		r.set = nil
	case name == "Name":
		r.begin(netstate.IPSet{Name: value, Index: netstate.NoIPSetIndex})
	case r.set == nil:
		return errors.New("no line of ipset list")
	case r.members:
		r.set.Entries = append(r.set.Entries, strings.TrimSpace(line))
	case name == "Type":
		r.set.Type = value
	case name == "Revision":
		return number(&r.set.Revision)(value)
	case name == "Header":
		r.header(value)
	case name == "References":
		return number(&r.set.Refs)(value)
	case name == "Members":
		r.members = true
	case name == "Size in memory", name == "Number of entries":
	default:
		return errors.New("no line of ipset list")
	}
	return nil
}

func (r *setReader) begin(s netstate.IPSet) {
	r.x.covers.part(netstate.PartSets)
	r.x.ns.IPSets = append(r.x.ns.IPSets, s)
	r.set, r.members = &r.x.ns.IPSets[len(r.x.ns.IPSets)-1], false
}

func (r *setReader) header(words string) {
	r.set.Header = words
	if rest, ok := strings.CutPrefix(words, "family "); ok {
		r.set.Family, _, _ = strings.Cut(rest, " ")
	}
}

// save reads a line of `ipset save`: "create NAME TYPE ..." or "add NAME ...".
func (r *setReader) save(line string) error {
	words := strings.SplitN(line, " ", 4)
	const least = 3
	if len(words) < least {
		return errors.New("no line of ipset save")
	}
	if words[0] == "create" {
		r.begin(netstate.IPSet{Name: words[1], Type: words[2], Index: netstate.NoIPSetIndex})
		if len(words) > least {
			r.header(words[3])
		}
		r.set = nil
		return nil
	}
	for i := len(r.x.ns.IPSets) - 1; i >= 0; i-- {
		if s := &r.x.ns.IPSets[i]; s.Name == words[1] {
			s.Entries = append(s.Entries, strings.Join(words[2:], " "))
			return nil
		}
	}
	return errors.New("no set " + strconv.Quote(cut(words[1])))
}
