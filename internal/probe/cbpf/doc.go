// Package cbpf translates classic BPF to eBPF. In comes a program of package
// filter; out go the instructions of a BPF function that says whether the
// bytes at an address match, for splicing into a larger BPF program.
//
// The function is as strict as the kernel with classic BPF: a load beyond the
// length and a division by zero end it with "no match". It differs in one
// point, as filter.Program.Match does: there are no loads at negative offsets
// (SKF_NET_OFF, SKF_LL_OFF), which no filter of ours has.
//
// The way is: decode.go reads the program and refuses what cannot be done;
// usual.go puts before it a shorter one for packets of the kind that most are
// of, which special.go makes by known.go, what is known of a number;
// need.go finds out how many bytes each place is going to read, so that one
// comparison serves many loads; order.go finds the loads whose bytes need no
// swapping; emit*.go write the instructions, and on the way keep by state.go
// what is known. load.go has ready ways to read memory.
//
// The package must not know where the bytes are, or what the function is
// called for: it opens nothing and loads nothing into the kernel.
package cbpf
