package listing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/chains"
	"github.com/pktrail/pktrail/internal/netstate/ipset"
)

// ruleset is one tool's view of the rules.
type ruleset struct {
	// tool is the command whose output this is.
	tool  string
	holds func(*chains.Table) bool
	// save is how iptables-save writes it; nil for nft.
	save *chains.Save
}

// rulesets are the tools that list rules, in the order in which they are shown.
func rulesets(counters bool) []ruleset {
	save := func(tool string, ip6, legacy bool) ruleset {
		family := "ip"
		if ip6 {
			family = "ip6"
		}
		return ruleset{tool, func(t *chains.Table) bool {
			return t.Family == family && t.Legacy == legacy && (t.Legacy || t.Iptables)
		}, &chains.Save{IP6: ip6, Legacy: legacy, Counters: counters}}
	}
	return []ruleset{
		save("iptables-save", false, false), save("ip6tables-save", true, false),
		save("iptables-legacy-save", false, true), save("ip6tables-legacy-save", true, true),
		{"nft list ruleset", func(t *chains.Table) bool { return !t.Legacy && !t.Iptables }, nil},
	}
}

// rules prints the rules as the tools do that made them: iptables-save for its
// tables, nft for all others. only is "nft" or "iptables" for one of them
// alone; nft then lists iptables' tables too, in its own words.
func (q *Query) rules(w io.Writer, at place, only string) error {
	if !at.node.Readable() {
		return &Error{
			What: fmt.Sprintf("the rules of %s are in the byte order of its machine (%s), and this one has another", at.node.Node, at.node.ByteOrder),
			Tip:  "show them on a machine of that kind",
		}
	}
	x, err := chains.Open(&at.ns.Ruleset, chains.NamesOf(at.ns))
	if err != nil {
		// The rest can be listed all the same.
		if _, e := fmt.Fprintf(w, "# %v\n", err); e != nil || q.JSON {
			return errors.Join(err, e)
		}
	}
	switch {
	case q.JSON:
		return rulesJSON(w, x)
	case only == "nft":
		return x.WriteText(w)
	}
	for _, r := range rulesets(q.Stats) {
		if !q.family(r) || only == "iptables" && r.save == nil || !slices.ContainsFunc(x.Tables, r.holds) {
			continue
		}
		if _, err := fmt.Fprintf(w, "# %s\n", r.tool); err != nil {
			return err
		}
		if r.save != nil {
			err = x.WriteSave(w, *r.save)
		} else {
			rest := *x
			rest.Tables = slices.DeleteFunc(slices.Clone(x.Tables), func(t *chains.Table) bool { return !r.holds(t) })
			err = rest.WriteText(w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// family reports whether a ruleset is of the family that is wanted.
func (q *Query) family(r ruleset) bool {
	return q.Family == "" || r.save == nil || r.save.IP6 == (q.Family == "inet6")
}

// rulesJSON prints what `nft -j list ruleset` does. Legacy tables, which nft
// does not know, are objects "legacy" behind the others.
func rulesJSON(w io.Writer, x *chains.Rulesets) error {
	var legacy []any
	for _, ip6 := range []bool{false, true} {
		var b bytes.Buffer
		if err := x.WriteSave(&b, chains.Save{IP6: ip6, Legacy: true, Counters: true}); err != nil {
			return err
		}
		if b.Len() > 0 {
			family := "ip"
			if ip6 {
				family = "ip6"
			}
			legacy = append(legacy, map[string]any{"legacy": map[string]string{"family": family, "save": b.String()}})
		}
	}
	if legacy == nil {
		return x.WriteJSON(w, nftVersion)
	}
	var b bytes.Buffer
	if err := x.WriteJSON(&b, nftVersion); err != nil {
		return err
	}
	var all struct {
		Nftables []any `json:"nftables"`
	}
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		return err
	}
	all.Nftables = append(all.Nftables, legacy...)
	return encode(w, all)
}

// nftVersion is the nft whose words these are.
const nftVersion = "1.0.6"

// sets prints ipsets as `ipset save` does.
func sets(w io.Writer, ns *netstate.Namespace, asJSON bool) error {
	if asJSON {
		return encode(w, append([]netstate.IPSet{}, ns.IPSets...))
	}
	return ipset.WriteSave(w, ns.IPSets)
}
