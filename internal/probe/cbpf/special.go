package cbpf

import "slices"

// known is what is known at a step of a usual packet's way.
type known struct {
	a, x    partial
	scratch [scratchWords]partial
}

// only keeps what somebody reads.
func (k known) only(live uint32) known {
	if live&liveInA == 0 {
		k.a = partial{}
	}
	if live&liveInX == 0 {
		k.x = partial{}
	}
	for i := range k.scratch {
		if live&(liveInM<<i) == 0 {
			k.scratch[i] = partial{}
		}
	}
	return k
}

// The ends, as long as it is not known how many steps there are.
const (
	toAccept = -1 - iota
	toReject
	toNowhere
)

// walker finds the ways that a usual packet can take: steps with what is known
// there. One step may become several.
type walker struct {
	usual *Usual
	steps []step
	live  []uint32
	// out has each step behind those that follow it.
	out  []step
	seen map[spot]int
	// left is how many more steps may be looked at: ways can double at every
	// test.
	left int
}

type spot struct {
	pc    int
	known known
}

// specialise writes the steps for usual packets only; false if that is no
// shorter way.
func specialise(steps []step, u *Usual) ([]step, bool) {
	w := &walker{usual: u, steps: steps, seen: make(map[spot]int), left: 2*len(steps) + 64}
	w.live, _ = liveness(steps)
	var start known
	start.a, start.x = constant(0), constant(0)
	for i := range start.scratch {
		start.scratch[i] = constant(0)
	}
	first := w.walk(target(steps, 0), start)
	if first == toNowhere {
		return nil, false
	}
	if first < 0 { // all of them match, or none
		return []step{{kind: end, yes: -first, no: -first}}, true
	}
	return w.finish(), true
}

// finish turns the steps round, so that the first is the first, and takes out
// those that do nothing.
func (w *walker) finish() []step {
	n := len(w.out)
	slices.Reverse(w.out)
	for i := range w.out {
		for _, to := range [...]*int{&w.out[i].yes, &w.out[i].no} {
			if *to < 0 {
				*to = n + -1 - *to
			} else {
				*to = n - 1 - *to
			}
		}
	}
	_, idle := liveness(w.out)
	for i := n - 1; i >= 0; i-- {
		s := &w.out[i]
		s.yes, s.no = target(w.out, s.yes), target(w.out, s.no)
		if idle[i] && !w.mayFail(s) || s.kind == test && s.yes == s.no {
			s.kind, s.no = end, s.yes
		}
	}
	return w.out
}

// mayFail says whether a step can end the function by itself.
func (w *walker) mayFail(s *step) bool {
	switch s.kind {
	case loadAbsolute, loadHeader:
		return s.end() > w.usual.Bytes
	case loadIndexed:
		return true
	case compute:
		return s.byX && (s.op == aluDIV || s.op == aluMOD)
	}
	return false
}

// walk goes on at pc and gives the step that it became.
func (w *walker) walk(pc int, k known) int {
	if pc >= len(w.steps) {
		return toAccept - (pc - len(w.steps))
	}
	k = k.only(w.live[pc])
	at := spot{pc, k}
	if i, ok := w.seen[at]; ok {
		return i
	}
	if w.left--; w.left < 0 {
		return toNowhere
	}
	s := w.steps[pc]
	to, sure := w.pass(&s, &k)
	var i int
	switch {
	case sure:
		i = w.walk(to, k)
	default:
		if s.yes = w.walk(s.yes, k); s.kind == test {
			s.no = w.walk(s.no, k)
		} else {
			s.no = s.yes
		}
		if s.kind == endA {
			s.no = toReject
		}
		if s.yes == toNowhere || s.no == toNowhere {
			return toNowhere
		}
		i = len(w.out)
		w.out = append(w.out, s)
	}
	w.seen[at] = i
	return i
}

// pass notes what a step does. It may become a simpler one; if nothing is left
// of it, the way goes on at to.
func (w *walker) pass(s *step, k *known) (to int, sure bool) {
	w.simplify(s, k)
	switch s.kind {
	case end:
		return s.yes, true
	case loadAbsolute:
		k.a = w.usual.at(s.k, s.size)
		become(s, k.a, false, w.mayFail(s))
	case loadIndexed:
		k.a = partial{mask: ^uint32(1<<(8*uint64(s.size)) - 1)}
	case loadHeader:
		k.x = w.usual.at(s.k, 1).compute(aluAND, 0xf).compute(aluLSH, 2)
		become(s, k.x, true, w.mayFail(s))
	case loadConst:
		*k.place(s.isX) = constant(s.k)
	case loadLength:
		*k.place(s.isX) = partial{}
	case loadScratch:
		*k.place(s.isX) = k.scratch[s.k]
		become(s, k.scratch[s.k], s.isX, false)
	case store:
		k.scratch[s.k] = *k.place(s.isX)
	case moveAX:
		k.x = k.a
		become(s, k.x, true, false)
	case moveXA:
		k.a = k.x
		become(s, k.a, false, false)
	case compute:
		if s.byX {
			k.a = partial{}
			break
		}
		k.a = k.a.compute(s.op, s.k)
		become(s, k.a, false, false)
	case test:
		if verdict, sure := k.a.compare(s.op, s.k); sure && !s.byX {
			if verdict {
				return s.yes, true
			}
			return s.no, true
		}
	case endA:
		if k.a.value != 0 {
			return s.yes, true
		}
		if k.a.mask == ^uint32(0) {
			return s.no, true
		}
	}
	return 0, false
}

// simplify puts in X where it is known.
func (w *walker) simplify(s *step, k *known) {
	x, ok := k.x.number()
	if !ok {
		return
	}
	switch {
	case s.kind == loadIndexed && uint64(x)+uint64(s.k) < 1<<16:
		s.kind, s.k = loadAbsolute, s.k+x
	case s.kind == test && s.byX:
		s.byX, s.k = false, x
	case s.kind == compute && s.byX && s.op != aluNEG:
		switch {
		case x == 0 && (s.op == aluDIV || s.op == aluMOD):
			s.kind, s.yes, s.no = end, len(w.steps)+1, len(w.steps)+1
		case x > 31 && (s.op == aluLSH || s.op == aluRSH):
		default:
			s.byX, s.k = false, x
		}
	}
}

func (k *known) place(isX bool) *partial {
	if isX {
		return &k.x
	}
	return &k.a
}

// become makes a step that sets A or X to a known number one that just does
// that.
func become(s *step, b partial, isX, mayFail bool) {
	if n, ok := b.number(); ok && !mayFail {
		s.kind, s.isX, s.k, s.byX = loadConst, isX, n, false
	}
}
