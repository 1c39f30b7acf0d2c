package iproute

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/parse"
)

// MaxSize is how many bytes of one input are read: a node with 100 000 rules
// has some 20 MB.
const MaxSize = 256 << 20

// maxErrors is how many lines that are not understood are kept.
const maxErrors = 100

// ErrTooLarge is an input of more than MaxSize bytes.
var ErrTooLarge = fmt.Errorf("more than %d MiB of state in one file", MaxSize>>20)

// Fragment is what one input says of one machine.
type Fragment struct {
	// Host is the machine, as the file's name has it; "" if it has none.
	Host string
	// Kinds are what was found, each once. There are none in an input that is
	// something else.
	Kinds []Kind
	// Wrong is how many lines, or elements of JSON, were not understood wholly
	// though they belong to a listing; Errors are the first 100 of them. What was
	// understood of such a line is kept, if it makes sense.
	Wrong  int
	Errors []*parse.LineError
	// Passed is how many lines are of other origin, or say nothing that is kept.
	Passed int

	spaces []*space
}

// Read reads an input to its end. The name is its file's, for hints alone. An
// error is the reader's own, or ErrTooLarge.
func Read(r io.Reader, name string) (*Fragment, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("read state: %w", ErrTooLarge)
	}
	h := HintOf(name)
	p := &reader{Fragment: Fragment{Host: h.Host}, text: string(data), file: h.hint}
	p.section(h.hint)
	for p.text != "" {
		p.next()
	}
	p.endSection()
	return &p.Fragment, nil
}

// reader is an input while it is read.
type reader struct {
	Fragment
	// text is what is still to come; number is the line's, from 1.
	text   string
	number int
	file   hint
	hint   hint
	x      *space

	save saveReader
	nft  nftReader
	set  setReader
	link *linkForm
	// linkLine and routeLine are where these begin, with their texts.
	linkLine, routeLine place
	route               *routeForm
	// kind is that of the listing at hand; routes and rules are its entries.
	kind   Kind
	routes []*routeForm
	rules  []netstate.Rule
	// unsure are those of rules that no address tells the family of.
	unsure []int
}

// place is a line.
type place struct {
	number int
	text   string
}

// section begins the output of another command.
func (p *reader) section(h hint) {
	p.endSection()
	p.hint = h
	i := slices.IndexFunc(p.spaces, func(x *space) bool { return x.name == h.netns })
	if i < 0 {
		i = len(p.spaces)
		p.spaces = append(p.spaces, newSpace(h.netns))
	}
	p.x = p.spaces[i]
	p.save, p.nft, p.set = saveReader{x: p.x, legacy: h.legacy, nft: h.nft}, nftReader{x: p.x}, setReader{x: p.x}
	if h.kind == KindIPTables && h.family != "" {
		p.save.family = map[string]string{"inet": "ip", "inet6": "ip6"}[h.family]
	}
}

func (p *reader) endSection() {
	if p.x == nil {
		return
	}
	p.endListing()
	if p.save.table != nil {
		if p.kind != kindList {
			p.wrong(place{p.number, ""}, errors.New("the listing of iptables-save is cut off"))
		}
		p.failed(p.save.commit())
	}
	if p.nft.open() {
		p.wrong(place{p.number, ""}, errors.New("the listing of nft is cut off"))
		p.nft.end()
	}
	p.kind = ""
}

// kindList is `iptables -S`, which has no end of its own.
const kindList Kind = "iptables -S"

// next reads a line, or a value of JSON.
func (p *reader) next() {
	line, rest, _ := strings.Cut(p.text, "\n")
	p.number++
	line = plain(line)
	if !p.inside(line) {
		if h, ok := headerOf(line); ok {
			p.text = rest
			p.section(h)
			return
		}
	}
	if !p.hint.foreign && p.idle() && classify(line) == kindJSON {
		p.json()
		return
	}
	p.text = rest
	// `ip -o` has a backslash for a new line.
	if !p.hint.foreign && p.idle() && strings.Contains(line, `\`) {
		switch classify(line) {
		case KindLinks, KindRoutes, kindOneLine:
			for i, part := range strings.Split(line, `\`) {
				if i > 0 {
					part = "    " + strings.TrimSpace(part)
				}
				p.line(part)
			}
			return
		}
	}
	p.line(line)
}

// idle reports whether no listing with a beginning and an end is open.
func (p *reader) idle() bool { return p.save.table == nil && !p.nft.open() }

// inside reports whether a line that looks like a command's is one of the
// listing that is open.
func (p *reader) inside(line string) bool {
	return !p.idle() && p.kind != kindList && !strings.HasPrefix(line, "##") && !strings.HasPrefix(line, "==")
}

// start is called before an entry: what was read before it ends, and the
// listing too if the entry is of another kind.
func (p *reader) start(kind Kind) {
	p.endEntry()
	if kind == kindOneLine {
		kind = KindAddresses
	}
	same := p.kind == kind || p.kind == kindList && kind == KindIPTables
	if !same {
		if p.kind == kindList {
			p.failed(p.save.commit())
		}
		p.endListing()
		p.kind = kind
	}
	if kind != KindLinks && kind != kindJSON { // which may be anything
		p.found(kind)
	}
}

func (p *reader) found(kind Kind) {
	if !slices.Contains(p.Kinds, kind) {
		p.Kinds = append(p.Kinds, kind)
	}
}

// unknown takes a line that is nothing known: an error where a command says
// that it should be.
func (p *reader) unknown(line string) {
	if p.hint.kind == "" && p.kind == "" {
		p.Passed++
		return
	}
	p.wrong(place{p.number, line}, errors.New("it is not understood"))
}

func (p *reader) failedAt(line string, err error) {
	if err != nil {
		p.wrong(place{p.number, line}, err)
	}
}

func (p *reader) failed(err error) { p.failedAt("", err) }

func (p *reader) wrong(at place, err error) {
	p.Wrong++
	if len(p.Errors) < maxErrors {
		const most = 200
		p.Errors = append(p.Errors, &parse.LineError{Line: at.number, Text: at.text[:min(len(at.text), most)], Err: err})
	}
}
