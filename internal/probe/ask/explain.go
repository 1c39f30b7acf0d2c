package ask

import (
	"fmt"
	"syscall"

	"github.com/pktrail/pktrail/internal/trail"
)

// RuleStep is a policy rule that a packet meets, and what came of it.
type RuleStep struct {
	Rule Rule
	// Table is where it looked; valid iff not 0.
	Table uint32
	// Entry is the route found there; valid iff HasEntry.
	Entry    Entry
	HasEntry bool
	// Decides is true for the last step: this is the way the packet takes, or
	// why it takes none.
	Decides bool
	// Errno is the kernel's error of a step that decides against the packet, 0
	// for a route.
	Errno syscall.Errno
	// Text is the step in one line: "rule 100: from 10.1.2.3 lookup 100 ->
	// table 100: default via 10.0.0.1 dev eth1".
	Text string
	// Doubt says what pktrail could not know exactly; empty if all is as in
	// the kernel.
	Doubt string
}

// walk goes through the rules as fib_rules_lookup does (net/core/fib_rules.c).
// find looks a packet up in one table. Rules that do not match are left out.
func walk(rules []Rule, m matcher, find func(table uint32) (Entry, bool, error), group func(index int) int) ([]RuleStep, error) {
	var steps []RuleStep
	for i := 0; i < len(rules); i++ {
		r := rules[i]
		is, doubt := m.matches(r)
		if !is {
			continue
		}
		s := RuleStep{Rule: r, Doubt: doubt}
		if r.Action == ActionGoto {
			to := after(rules, i, r.Goto)
			if to < 0 {
				s.Text = s.head() + " -> nowhere to go on"
			} else {
				s.Text = s.head()
				i = to - 1
			}
			steps = append(steps, s)
			continue
		}
		if err := s.act(m, find, group); err != nil {
			return steps, err
		}
		steps = append(steps, s)
		if s.Decides {
			break
		}
	}
	return steps, nil
}

// after is the first rule of a priority behind rule i; -1 is none. The kernel
// lets rules point forwards only.
func after(rules []Rule, i int, priority uint32) int {
	for j := i + 1; j < len(rules); j++ {
		if rules[j].Priority == priority {
			return j
		}
	}
	return -1
}

func (s *RuleStep) head() string {
	return fmt.Sprintf("rule %d: %s", s.Rule.Priority, s.Rule)
}

// act does what the rule says.
func (s *RuleStep) act(m matcher, find func(uint32) (Entry, bool, error), group func(int) int) error {
	switch s.Rule.Action {
	case ActionTable:
		return s.look(m, find, group)
	case ActionNop:
		s.Text = s.head()
		return nil
	case ActionBlackhole:
		s.Errno = syscall.EINVAL
	case ActionUnreachable:
		s.Errno = syscall.ENETUNREACH
	case ActionProhibit:
		s.Errno = syscall.EACCES
	default:
		s.Errno = syscall.EINVAL
		s.Doubt = "the rule's action is one that pktrail does not know"
	}
	s.Decides = true
	s.Text = s.head() + " -> " + errorWords(s.Errno)
	return nil
}

// look asks the rule's table.
func (s *RuleStep) look(m matcher, find func(uint32) (Entry, bool, error), group func(int) int) (err error) {
	if s.Table = s.Rule.Table; s.Rule.L3mdev {
		s.Table = m.vrfTable
	}
	head := fmt.Sprintf("%s -> table %s: ", s.head(), trail.TableName(s.Table))
	s.Entry, s.HasEntry, err = find(s.Table)
	switch {
	case err != nil:
		return err
	case !s.HasEntry:
		s.Text = head + "no route"
		return nil
	}
	text := s.Entry
	text.Table = 0 // it was said
	head += text.String()
	switch {
	case s.Entry.Type == typeThrow:
		s.Text = head + ", so the next rule is asked"
		return nil
	case s.Rule.SuppressPrefix >= 0 && s.Entry.Type != typeBlackhole && s.Entry.Type != typeUnreachable &&
		s.Entry.Type != typeProhibit && s.Entry.Dst.Bits() <= s.Rule.SuppressPrefix:
		s.Text = fmt.Sprintf("%s, suppressed: its prefix is not longer than %d", head, s.Rule.SuppressPrefix)
		return nil
	case s.suppressed(group):
		s.Text = fmt.Sprintf("%s, suppressed: its device is in group %d", head, s.Rule.SuppressGroup)
		return nil
	}
	s.Decides, s.Text = true, head
	switch s.Entry.Type {
	case typeBlackhole:
		s.Errno = syscall.EINVAL
	case typeUnreachable:
		s.Errno = syscall.EHOSTUNREACH
	case typeProhibit:
		s.Errno = syscall.EACCES
	}
	return nil
}

func (s *RuleStep) suppressed(group func(int) int) bool {
	return s.Rule.SuppressGroup >= 0 && len(s.Entry.Hops) > 0 && group != nil &&
		group(s.Entry.Hops[0].Index) == s.Rule.SuppressGroup
}
