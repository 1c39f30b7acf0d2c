package compare

import (
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Diff is two trails side by side.
type Diff struct {
	// Rows are the steps of both in order.
	Rows []Row `json:"rows"`
	// Differences in the order of the way; none if the two went the same way.
	Differences []Difference `json:"differences"`
	// LeftOut names what only one of the two recordings holds at all, and what
	// is therefore not compared: "netfilter rules (only in good)".
	LeftOut []string `json:"leftOut,omitempty"`
}

// Row is a step that both have, or one of them alone.
type Row struct {
	Good *Step `json:"good,omitempty"`
	Bad  *Step `json:"bad,omitempty"`
	// Differs is true if they are not the same, or one is missing.
	Differs bool `json:"differs,omitempty"`
}

// Difference is one thing that is not the same in both.
type Difference struct {
	// Row is the index of its (first) row.
	Row  int  `json:"row"`
	Kind Kind `json:"what"`
	// Node, Namespace and Place say where, in the trail that was there; in the
	// bad one where both were.
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Place     string `json:"place"`
	// Good and Bad are what each has; empty for nothing.
	Good string `json:"good,omitempty"`
	Bad  string `json:"bad,omitempty"`
	// Steps is how many steps in a row only one of them has; valid iff Kind is
	// KindPlace.
	Steps int `json:"steps,omitempty"`
}

// Trails compares a trail that went well with one that did not. Either may be
// empty.
func Trails(good, bad *trail.Trail) Diff {
	skip, left := onlyOne(good, bad)
	a, b := steps(good, skip), steps(bad, skip)
	d := Diff{LeftOut: left, Differences: []Difference{}}
	exact := lastDst(good) == lastDst(bad)
	for _, p := range rejoin(align(a, b), a, b) {
		if p.b < 0 && a[p.a].soft || p.a < 0 && b[p.b].soft {
			continue
		}
		row := Row{}
		switch {
		case p.b < 0:
			row.Good, row.Differs = &a[p.a], true
		case p.a < 0:
			row.Bad, row.Differs = &b[p.b], true
		default:
			row.Good, row.Bad = &a[p.a], &b[p.b]
			found := facts(row.Good, row.Bad, exact)
			for i := range found {
				found[i].Row = len(d.Rows)
			}
			d.Differences, row.Differs = append(d.Differences, found...), len(found) > 0
		}
		if (row.Good == nil) != (row.Bad == nil) {
			d.alone(&row)
		}
		d.Rows = append(d.Rows, row)
	}
	return d
}

// alone notes a step that one of both has; steps in a row are one difference.
func (d *Diff) alone(row *Row) {
	s, isGood := row.Bad, false
	if s == nil {
		s, isGood = row.Good, true
	}
	if n := len(d.Differences); n > 0 {
		last := &d.Differences[n-1]
		if last.Kind == KindPlace && last.Row+last.Steps == len(d.Rows) && (last.Good != "") == isGood {
			last.Steps++
			return
		}
	}
	f := Difference{Row: len(d.Rows), Kind: KindPlace, Node: s.Node, Namespace: s.Namespace, Place: s.Place, Steps: 1}
	text := s.Place
	for _, fact := range s.Facts {
		if fact.Kind == KindOutcome || fact.Kind == KindRule {
			text = fact.Value
		}
	}
	if isGood {
		f.Good = text
	} else {
		f.Bad = text
	}
	d.Differences = append(d.Differences, f)
}

// facts compares what two sightings of one place say, kind by kind.
func facts(good, bad *Step, exact bool) []Difference {
	var out []Difference
	exact = exact && good.dst == bad.dst
	done := map[Kind]bool{}
	for _, list := range [2][]Fact{bad.Facts, good.Facts} {
		for _, f := range list {
			if done[f.Kind] {
				continue
			}
			done[f.Kind] = true
			g, b := of(good.Facts, f.Kind, exact), of(bad.Facts, f.Kind, exact)
			if g.same == b.same || follows(good, bad, f.Kind, g, b) {
				continue
			}
			out = append(out, Difference{
				Kind: f.Kind, Node: bad.Node, Namespace: bad.Namespace, Place: bad.Place,
				Good: g.value, Bad: b.value,
			})
		}
	}
	return out
}

// follows says whether a difference is none of its own: without a route there
// is no device and no gateway, and a prefix is known only where the kernel was
// asked once more.
func follows(good, bad *Step, k Kind, g, b joined) bool {
	switch k {
	case KindDevice, KindGateway:
		return good.failed != bad.failed
	case KindRoute:
		return !good.failed && !bad.failed && (g.same == "" && b.prefixOnly || b.same == "" && g.prefixOnly)
	}
	return false
}

type joined struct {
	value, same string
	prefixOnly  bool // nothing but what is compared exactly
}

// of joins the facts of one kind.
func of(list []Fact, k Kind, exact bool) joined {
	var values, same []string
	prefixOnly := true
	for _, f := range list {
		if f.Kind != k {
			continue
		}
		values, same = append(values, f.Value), append(same, f.same)
		prefixOnly = prefixOnly && f.same == ""
		if exact && f.exact != "" {
			same = append(same, f.exact)
		}
	}
	return joined{strings.Join(values, ", "), strings.Join(same, ", "), prefixOnly}
}

// lastDst is where a packet went in the end; two that go to one address must
// take the same gateways.
func lastDst(t *trail.Trail) netip.Addr {
	dst := t.Flow.Dst
	for i := range t.Observations {
		if d := t.Observations[i].Seen.Flow.Dst; d.IsValid() {
			dst = d
		}
	}
	return dst
}
