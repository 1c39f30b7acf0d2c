package filter

import (
	"slices"

	"golang.org/x/net/bpf"
)

// layout places the nodes one after another and adds the jumps. It works from
// the end, where all distances are known.
func layout(list []*node, bodies [][]bpf.RawInstruction, size int) (Program, bool) {
	w := &writer{
		reversed: make(Program, 0, 4*len(list)),
		place:    make([]int, size),
		same:     make(map[stepKey]int, len(list)),
	}
	for i, n := range slices.Backward(list) {
		w.node(n, bodies[i])
		if len(w.reversed) > 2*MaxInstructions {
			return nil, false
		}
	}
	slices.Reverse(w.reversed)
	return w.reversed, true
}

// writer writes a program from its end.
type writer struct {
	reversed Program
	// place is how far from the end a node starts, by its id.
	place []int
	// same finds steps that read alike, whatever values they work on.
	same map[stepKey]int
}

// stepKey is what a short test step reads like.
type stepKey struct {
	cmp  compare
	x    bool
	k    uint32
	t, f int
	n    int
	body [3]bpf.RawInstruction
}

func (w *writer) add(i bpf.RawInstruction) { w.reversed = append(w.reversed, i) }

func (w *writer) node(n *node, body []bpf.RawInstruction) {
	key := stepKey{n: len(body)}
	short := n.kind == nodeTest && len(body) <= len(key.body)
	if short {
		key.cmp, key.x, key.k, key.t, key.f = n.cmp, n.b.op != opImm, n.b.k, w.place[n.t.id], w.place[n.f.id]
		copy(key.body[:], body)
		if at, ok := w.same[key]; ok {
			w.place[n.id] = at
			return
		}
	}
	switch n.kind {
	case nodeEnd:
		w.add(instruction(codeRET, n.slot))
	case nodeAssign:
		if d := len(w.reversed) - w.place[n.t.id]; d > 0 {
			w.add(far(n.t, d))
		}
	case nodeTest:
		w.jump(n)
	}
	for _, i := range slices.Backward(body) {
		w.add(i)
	}
	w.place[n.id] = len(w.reversed)
	if short {
		w.same[key] = len(w.reversed)
	}
}

// jump writes a conditional jump. It reaches 255 instructions; where that is
// not enough, another one behind it goes on.
func (w *writer) jump(n *node) {
	t, f := len(w.reversed)-w.place[n.t.id], len(w.reversed)-w.place[n.f.id]
	switch {
	case t <= 255 && f <= 255:
	case f > 255 && t+1 <= 255:
		w.add(far(n.f, f))
		t, f = t+1, 0
	case t > 255 && f+1 <= 255:
		w.add(far(n.t, t))
		t, f = 0, f+1
	default:
		w.add(far(n.f, f))
		w.add(far(n.t, t+1))
		t, f = 0, 1
	}
	code := uint16(codeJMP) | [...]uint16{isEqual: jmpJEQ, isGreater: jmpJGT, isAtLeast: jmpJGE, hasBits: jmpJSET}[n.cmp]
	k := n.b.k
	if n.b.op != opImm {
		code, k = code|sourceX, 0
	}
	w.add(bpf.RawInstruction{Op: code, Jt: uint8(t), Jf: uint8(f), K: k})
}

// far goes on at n, which is that many instructions away.
func far(n *node, distance int) bpf.RawInstruction {
	if n.kind == nodeEnd {
		return instruction(codeRET, n.slot)
	}
	return instruction(codeJMP|jmpJA, uint32(distance))
}
