package filter

// cost is about the number of instructions that compute v.
func cost(v *value) int {
	switch {
	case v.op == opLoad && v.a == nil, v.op <= opExt, v.op == opSlot:
		return 1
	case isHeaderLength(v):
		return 1
	case v.op == opLoad:
		return 1 + cost(v.a)
	case v.op == opNeg:
		return 1 + cost(v.a)
	case v.b.op == opImm:
		return 1 + cost(v.a)
	}
	return 1 + cost(v.a) + cost(v.b)
}

// isHeaderLength recognises what one instruction can put into X:
// 4*([k]&0xf).
func isHeaderLength(v *value) bool {
	return v.op == opLsh && v.b.isImm(2) && v.a.op == opAnd && v.a.b.isImm(0xf) &&
		v.a.a.op == opLoad && v.a.a.size == 1 && v.a.a.a == nil
}
