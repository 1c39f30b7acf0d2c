package chains

import (
	"bufio"
	"io"

	"github.com/pktrail/pktrail/internal/netstate/nft"
)

// output collects a list. What goes wrong is said by Flush.
type output struct{ *bufio.Writer }

func newOutput(w io.Writer) output {
	const size = 64 << 10
	return output{bufio.NewWriterSize(w, size)}
}

func (o output) text(s string) { _, _ = o.WriteString(s) }

// WriteText writes the tables of nf_tables as `nft list ruleset` does. Matches
// and targets of xtables, of which nft prints a translation, stand in brackets
// in the words of iptables: WriteSave is the list for them.
func (x *Rulesets) WriteText(w io.Writer) error {
	b := newOutput(w)
	for _, t := range x.Tables {
		if !t.Legacy {
			t.writeText(b)
		}
	}
	return b.Flush()
}

func (t *Table) writeText(b output) {
	if t.Saved != "" {
		t.writeSavedText(b)
		return
	}
	names := t.nftNames()
	b.text("table " + t.Family + " " + t.Name + " {\n")
	head, apart := t.nft.Head()
	b.text(head)
	first := !apart
	say := func(text string) {
		if !first {
			b.text("\n")
		}
		first = false
		b.text(text)
	}
	for i := range t.objects {
		say(t.objects[i].Listing(names))
	}
	for _, name := range t.order {
		if s := t.sets[name]; s.Flags&nft.SetAnonymous == 0 {
			say(s.whole().Listing(names))
		}
	}
	for i := range t.flowtables {
		say(t.flowtables[i].Listing())
	}
	for _, c := range t.Chains {
		say("\tchain " + c.Name + " {\n")
		b.text(c.nft.Head())
		for _, msg := range c.messages {
			if r, ok := nft.DecodeRule(msg); ok {
				b.text("\t\t")
				b.text(r.Text(names))
				b.text("\n")
			}
		}
		b.text("\t}\n")
	}
	b.text("}\n")
}

// WriteJSON writes the tables of nf_tables as `nft -j list ruleset` does.
// Version is said in its metainfo.
func (x *Rulesets) WriteJSON(w io.Writer, version string) error {
	b := newOutput(w)
	b.text(`{"nftables": [{"metainfo": {"version": ` + nft.Quote(version) + `, "release_name": "pktrail", "json_schema_version": 1}}`)
	for _, t := range x.Tables {
		if !t.Legacy {
			t.writeJSON(b)
		}
	}
	b.text("]}\n")
	return b.Flush()
}

func (t *Table) writeJSON(b output) {
	if t.Saved != "" {
		t.writeSavedJSON(b)
		return
	}
	names := t.nftNames()
	say := func(text string) {
		b.text(", ")
		b.text(text)
	}
	say(t.nft.JSON())
	for i := range t.objects {
		say(t.objects[i].JSON(names))
	}
	for _, name := range t.order {
		if s := t.sets[name]; s.Flags&nft.SetAnonymous == 0 {
			say(s.whole().JSON(names))
		}
	}
	for i := range t.flowtables {
		say(t.flowtables[i].JSON())
	}
	for _, c := range t.Chains {
		say(c.nft.JSON())
	}
	for _, c := range t.Chains {
		for _, msg := range c.messages {
			if r, ok := nft.DecodeRule(msg); ok {
				say(r.RuleJSON(names))
			}
		}
	}
}
