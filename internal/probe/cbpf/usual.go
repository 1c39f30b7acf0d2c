package cbpf

import (
	"errors"
	"fmt"
)

// Usual is what most packets have in common. Those that have it take a way of
// their own through the function, from which everything is left out that
// follows from it: an offset that is known is no longer computed.
type Usual struct {
	// Bytes is how many there are at least; 0 if nothing is usual.
	Bytes uint32
	// Facts are about those bytes.
	Facts []Fact
}

// Fact is what stands at an offset.
type Fact struct {
	Offset uint32
	// Size in bytes: 1, 2 or 4.
	Size uint32
	// Mask has the bits that are known, Value what they are; both are numbers
	// in network byte order.
	Mask, Value uint32
}

func (u *Usual) valid() error {
	for _, f := range u.Facts {
		if f.Size != 1 && f.Size != 2 && f.Size != 4 || uint64(f.Offset)+uint64(f.Size) > uint64(u.Bytes) {
			return fmt.Errorf("a usual word of %d bytes at %d of %d", f.Size, f.Offset, u.Bytes)
		}
		if f.Mask == 0 || f.Value&^f.Mask != 0 || uint64(f.Mask)>>(8*f.Size) != 0 {
			return fmt.Errorf("a usual value of %#x with the mask %#x", f.Value, f.Mask)
		}
	}
	if u.Bytes > 1<<15 {
		return errors.New("too many bytes are usual")
	}
	return nil
}

// at is what is known of size bytes at an offset.
func (u *Usual) at(offset, size uint32) partial {
	b := partial{mask: ^uint32(1<<(8*uint64(size)) - 1)}
	for i := range size {
		one := u.byteAt(offset + i)
		shift := 8 * (size - 1 - i)
		b.mask |= one.mask << shift
		b.value |= one.value << shift
	}
	return b
}

func (u *Usual) byteAt(offset uint32) (b partial) {
	for _, f := range u.Facts {
		if offset < f.Offset || offset >= f.Offset+f.Size {
			continue
		}
		shift := 8 * (f.Offset + f.Size - 1 - offset)
		b.mask |= f.Mask >> shift & 0xff
		b.value |= f.Value >> shift & 0xff
	}
	return b
}

// Where steps of withUsual go on as long as it is not known how many there are.
const (
	toGeneral = -1 - iota
	toMatch
	toNoMatch
)

// withUsual puts the usual packets' way before the steps. Where that would
// become too long the steps stay as they are.
func withUsual(steps []step, u *Usual) []step {
	if u.Bytes == 0 {
		return steps
	}
	own, ok := specialise(steps, u)
	if !ok {
		return steps
	}
	out := appendPart(u.tests(), own)
	start := len(out)
	out = appendPart(out, steps)
	for i := range out {
		for _, to := range [...]*int{&out[i].yes, &out[i].no} {
			switch *to {
			case toGeneral:
				*to = start
			case toMatch:
				*to = len(out)
			case toNoMatch:
				*to = len(out) + 1
			}
		}
	}
	for pc := len(out) - 1; pc >= 0; pc-- {
		out[pc].yes, out[pc].no = target(out, out[pc].yes), target(out, out[pc].no)
	}
	return out
}

// tests are the steps that find out whether a packet is usual.
func (u *Usual) tests() []step {
	out := []step{{kind: enough, k: u.Bytes, yes: 1, no: toGeneral}}
	add := func(s step) { out = append(out, s) }
	for _, f := range u.Facts {
		add(step{kind: loadAbsolute, k: f.Offset, size: f.Size, yes: len(out) + 1, no: len(out) + 1})
		if f.Value == 0 {
			add(step{kind: test, op: jmpJSET, k: f.Mask, yes: toGeneral, no: len(out) + 1})
			continue
		}
		if f.Mask != 1<<(8*f.Size)-1 {
			add(step{kind: compute, op: aluAND, k: f.Mask, yes: len(out) + 1, no: len(out) + 1})
		}
		add(step{kind: test, op: jmpJEQ, k: f.Value, yes: len(out) + 1, no: toGeneral})
	}
	return out
}

// appendPart appends steps that count from their own start and end.
func appendPart(out, part []step) []step {
	at := len(out)
	// A starts as 0, and has what the tests loaded.
	if live, _ := liveness(part); live[0]&liveInA != 0 {
		at++
		out = append(out, step{kind: loadConst, yes: at, no: at})
	}
	move := func(to int) int {
		if to >= len(part) {
			return toMatch - (to - len(part))
		}
		return at + to
	}
	for _, s := range part {
		s.yes, s.no = move(s.yes), move(s.no)
		out = append(out, s)
	}
	return out
}
