package filter

// kept finds v in the scratch words.
func (r *registers) kept(v *value) (int, bool) {
	if v.op == opSlot {
		return r.slot(v.k), true
	}
	for i, w := range r.scratch {
		if w == v && v.op > opExt {
			return i, true
		}
	}
	return 0, false
}

// toA computes v into A. It may change X and unused scratch words.
func (r *registers) toA(v *value) {
	if r.a == v {
		return
	}
	if i, ok := r.kept(v); ok {
		r.noteRead(v)
		r.add(codeLD|modeMEM, uint32(i))
		r.a = v
		return
	}
	if r.x == v {
		r.add(codeMISC|miscTXA, 0)
		r.a = v
		return
	}
	r.compute(v)
	r.a = v
	if home, ok := r.homes[v]; ok {
		r.add(codeST, uint32(home))
		r.scratch[home] = v
	}
}

var loadSizes = [...]uint16{1: sizeB, 2: sizeH, 4: sizeW}

func (r *registers) compute(v *value) {
	switch v.op {
	case opImm:
		r.add(codeLD|modeIMM, v.k)
	case opLen:
		r.add(codeLD|modeLEN, 0)
	case opExt:
		r.add(codeLD|modeABS|loadSizes[v.size], adOffset+v.k)
	case opLoad:
		if v.a == nil {
			r.add(codeLD|modeABS|loadSizes[v.size], v.k)
			return
		}
		r.toX(v.a)
		r.add(codeLD|modeIND|loadSizes[v.size], v.k)
	case opNeg:
		r.toA(v.a)
		r.add(codeALU|aluNEG, 0)
	default:
		if v.b.op == opImm {
			r.toA(v.a)
			r.add(aluByNumber(v.op, v.b.k))
			return
		}
		r.toBoth(v.a, v.b, commutes(v.op))
		r.add(codeALU|sourceX|aluCodes[v.op], 0)
	}
}

var aluCodes = [...]uint16{
	opAdd: aluADD, opSub: aluSUB, opMul: aluMUL, opDiv: aluDIV, opMod: aluMOD, opAnd: aluAND,
	opOr: aluOR, opXor: aluXOR, opLsh: aluLSH, opRsh: aluRSH,
}

func aluByNumber(o op, k uint32) (uint16, uint32) {
	if o == opAdd && int32(k) < 0 {
		return codeALU | aluSUB, -k
	}
	return codeALU | aluCodes[o], k
}

// toBoth computes a into A and b into X, or the other way round if either
// will do.
func (r *registers) toBoth(a, b *value, either bool) {
	switch {
	case r.x == b && !r.needsX(a):
		r.toA(a)
	case either && r.x == a && !r.needsX(b):
		r.toA(b)
	case r.easyX(b):
		r.toA(a)
		r.toX(b)
	case either && r.easyX(a):
		r.toA(b)
		r.toX(a)
	case r.neverNeedsX(a):
		r.toX(b)
		r.toA(a)
	default:
		r.toA(b)
		r.temps++
		i := scratchWords - r.temps
		if i < r.used {
			r.full = true
			i = scratchWords - 1
		}
		r.add(codeST, uint32(i))
		r.scratch[i] = nil // toA must not take it for a value that stays
		r.toA(a)
		r.add(codeLDX|modeMEM, uint32(i))
		r.x = b
		r.temps--
	}
}

// easyX says that toX(v) leaves A alone, whatever A and X hold by then.
func (r *registers) easyX(v *value) bool {
	if _, ok := r.kept(v); ok {
		return true
	}
	return v.op == opImm || isHeaderLength(v)
}

// needsX says that toA(v) may change X.
func (r *registers) needsX(v *value) bool {
	if r.a == v {
		return false
	}
	if _, ok := r.kept(v); ok {
		return false
	}
	switch {
	case v.op <= opExt:
		return false
	case v.op == opLoad:
		return v.a != nil && v.a != r.x
	case v.op == opNeg || v.b.op == opImm:
		return r.needsX(v.a)
	}
	return true
}

// neverNeedsX says the same whatever A and X hold by then.
func (r *registers) neverNeedsX(v *value) bool {
	now := r.contents
	r.a, r.x = nil, nil
	needs := r.needsX(v)
	r.contents = now
	return !needs
}

// toX computes v into X.
func (r *registers) toX(v *value) {
	if r.x == v {
		return
	}
	i, kept := r.kept(v)
	switch {
	case kept:
		r.noteRead(v)
		r.add(codeLDX|modeMEM, uint32(i))
	case v.op == opImm:
		r.add(codeLDX|modeIMM, v.k)
	case isHeaderLength(v):
		r.add(codeLDX|modeMSH|sizeB, v.a.a.k)
	default:
		r.toA(v)
		r.add(codeMISC|miscTAX, 0)
	}
	r.x = v
}

func (r *registers) noteRead(v *value) {
	if _, ok := r.homes[v]; ok {
		r.read[v] = true
	}
}
