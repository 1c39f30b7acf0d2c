package filter

import (
	"slices"

	"golang.org/x/net/bpf"
)

// emit writes the graph as instructions; false if it needs more scratch words
// than there are, or grows beyond what a jump can reach.
//
// The first round keeps every value that might be wanted again in a scratch
// word; the second leaves out those that were not.
func emit(root *node) (Program, bool) {
	list := order(root, maxID(root)+1)
	r := newRegisters(list, nil)
	bodies, ok := r.bodies(list)
	if ok && r.unread() {
		r = newRegisters(list, r.read)
		bodies, ok = r.bodies(list)
	}
	if !ok {
		return nil, false
	}
	return layout(list, bodies)
}

func maxID(root *node) int {
	seen := map[*node]bool{}
	most := 0
	var visit func(n *node)
	visit = func(n *node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		most = max(most, int(n.id))
		visit(n.t)
		visit(n.f)
	}
	visit(root)
	return most
}

// far goes on at n, which is that many instructions away.
func far(n *node, distance int) bpf.RawInstruction {
	if n.kind == nodeEnd {
		return instruction(codeRET, n.slot)
	}
	return instruction(codeJMP|jmpJA, uint32(distance))
}

// layout places the nodes one after another and adds the jumps. It works from
// the end, where all distances are known. A conditional jump reaches 255
// instructions; where that is not enough a "ja" behind it goes on.
func layout(list []*node, bodies [][]bpf.RawInstruction) (Program, bool) {
	reversed := make(Program, 0, 4*len(list))
	// place is how far from the end a node starts.
	place := make(map[*node]int, len(list))
	add := func(i bpf.RawInstruction) { reversed = append(reversed, i) }
	for i, n := range slices.Backward(list) {
		switch n.kind {
		case nodeEnd:
			add(instruction(codeRET, n.slot))
		case nodeAssign:
			if d := len(reversed) - place[n.t]; d > 0 {
				add(far(n.t, d))
			}
		case nodeTest:
			t, f := len(reversed)-place[n.t], len(reversed)-place[n.f]
			switch {
			case t <= 255 && f <= 255:
			case f > 255 && t+1 <= 255:
				add(far(n.f, f))
				t, f = t+1, 0
			case t > 255 && f+1 <= 255:
				add(far(n.t, t))
				t, f = 0, f+1
			default:
				add(far(n.f, f))
				add(far(n.t, t+1))
				t, f = 0, 1
			}
			code := uint16(codeJMP) | [...]uint16{isEqual: jmpJEQ, isGreater: jmpJGT, isAtLeast: jmpJGE, hasBits: jmpJSET}[n.cmp]
			k := n.b.k
			if n.b.op != opImm {
				code, k = code|sourceX, 0
			}
			add(bpf.RawInstruction{Op: code, Jt: uint8(t), Jf: uint8(f), K: k})
		}
		for _, in := range slices.Backward(bodies[i]) {
			add(in)
		}
		place[n] = len(reversed)
		if len(reversed) > 2*MaxInstructions {
			return nil, false
		}
	}
	slices.Reverse(reversed)
	return reversed, true
}
