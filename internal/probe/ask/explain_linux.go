//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

// Rules lists the policy rules of a family in the order in which they are
// asked.
func (a *Asker) Rules(ipv6 bool) ([]Rule, error) {
	c, err := a.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	var rules []Rule
	head := make([]byte, ruleHeaderLen)
	head[0] = familyOf(ipv6)
	err = c.dump(unix.RTM_GETRULE, head, func() { rules = nil }, func(b []byte) error {
		r, err := decodeRule(b)
		rules = append(rules, r)
		return err
	})
	return rules, wrap("list rules", err)
}

// Explain goes through the policy rules for a packet as the kernel does, and
// says of each rule that matches what its table holds. The last step decides;
// if none does, there is no route (ENETUNREACH). The steps say where the walk
// is not exact. Unlike Route it does not ask whether the addresses may be (see
// ReversePath), and so it answers for packets from anybody to anywhere.
//
// It reads whole tables: for one of a million routes it takes a second or two.
func (a *Asker) Explain(q Question) ([]RuleStep, error) {
	q = q.plain()
	steps, err := a.explain(q)
	return steps, wrap("explain "+q.String(), err)
}

func (a *Asker) explain(q Question) ([]RuleStep, error) {
	if !q.Dst.IsValid() {
		return nil, errors.New("no destination")
	}
	rules, err := a.Rules(q.Dst.Is6())
	if err != nil {
		return nil, err
	}
	links, err := a.Links()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{q.In, q.Out} {
		if _, ok := byName(links, name); name != "" && !ok {
			return nil, fmt.Errorf("find device %s: %w", name, unix.ENODEV)
		}
	}
	t := &tables{a: a, links: links, found: map[uint32]search{}}
	m := matcher{q: q}
	m.enter(links)
	out, _ := byName(links, q.Out)
	t.search = search{q: q, out: out.Index, skipDown: t.skipDown}
	if m.vrf == q.Out {
		t.search.out = 0 // the VRF itself is no next hop
	}
	return walk(rules, m, t.find, t.group)
}

// tables are looked into for one question.
type tables struct {
	a      *Asker
	links  []Link
	search search
	found  map[uint32]search
}

func (t *tables) group(index int) int {
	l, _ := byIndex(t.links, index)
	return int(l.Group)
}

// skipDown reports whether routes by a device without carrier are not used.
func (t *tables) skipDown(index int) bool {
	l, ok := byIndex(t.links, index)
	if !ok {
		return false
	}
	family := "ipv4"
	if t.search.q.Dst.Is6() {
		family = "ipv6"
	}
	set, _, err := t.a.Settings(ConfName(family, "all", "ignore_routes_with_linkdown"),
		ConfName(family, l.Name, "ignore_routes_with_linkdown"))
	if err != nil {
		return false
	}
	for _, s := range set {
		if s.Value != "0" {
			return true
		}
	}
	return false
}

// find looks into one table, once.
func (t *tables) find(table uint32) (Entry, bool, error) {
	if s, ok := t.found[table]; ok {
		return s.best, s.found, nil
	}
	c, err := t.a.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return Entry{}, false, err
	}
	head := make([]byte, rtmsgLen)
	head[0] = familyOf(t.search.q.Dst.Is6())
	s := t.search
	err = c.dump(unix.RTM_GETROUTE, append32(head, unix.RTA_TABLE, table),
		func() { s = t.search },
		func(b []byte) error {
			e, err := decodeEntry(b)
			if err == nil && e.Table == table {
				s.add(e)
			}
			return err
		})
	// ENOENT: there is no table of this number.
	if err != nil && refusal(err) != unix.ENOENT {
		return Entry{}, false, fmt.Errorf("list table %s: %w", trail.TableName(table), err)
	}
	for i, h := range s.best.Hops {
		l, _ := byIndex(t.links, h.Index)
		s.best.Hops[i].Device = l.Name
	}
	t.found[table] = s
	return s.best, s.found, nil
}
