package filter

// Expr is a parsed expression. It can be compiled for any link type, any
// number of times, also concurrently.
type Expr struct {
	text string
	root expr // nil for the empty expression, which matches everything
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.text }

// expr is a condition in the tree.
type expr interface {
	// resolve gives it its meaning, moving r's layers where the words do.
	resolve(r *resolver) cond
}

type exprAnd struct{ a, b expr }

type exprOr struct{ a, b expr }

type exprNot struct{ a expr }

// exprIdent is an address, port, name or number with its qualifiers.
type exprIdent struct {
	q  qualifiers
	id token
	// prefix is the word behind a slash and mask the address behind "mask",
	// each only if its kind is set.
	prefix, mask token
}

// exprWord is a keyword that stands alone or with a number, such as tcp, vlan
// 5, less 64, ip multicast, llc ui.
type exprWord struct {
	word token
	// proto is the protocol in front, if its kind is set.
	proto token
	// arg is the number or name behind, if its kind is set.
	arg token
	// op and arg2 are those of "byte N = N".
	op, arg2 token
}

// exprRelation compares two values; negated for <, <= and !=, which are the
// opposites of >=, > and =.
type exprRelation struct {
	cmp     compare
	negated bool
	a, b    arith
}

// arith is a 32-bit number computed from the packet.
type arith interface {
	number(r *resolver) (*value, cond)
}

type arithNumber struct{ n uint32 }

type arithLength struct{}

type arithNegate struct{ a arith }

type arithBinary struct {
	op   op
	at   token
	a, b arith
}

// arithLoad is proto[index:size].
type arithLoad struct {
	proto token
	index arith
	size  token // kind unset for one byte
}

// qualifiers stand in front of an address, port or name: protocol, direction
// and type, each empty if not written.
type qualifiers struct {
	defined bool
	proto   string
	dir     string
	typ     string
	// The words, for errors; kinds unset if not written.
	protoAt, dirAt, typAt token
}
