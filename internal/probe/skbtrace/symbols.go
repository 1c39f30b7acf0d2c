package skbtrace

import (
	"bufio"
	"cmp"
	"io"
	"slices"
)

// symbols name the kernel's functions: some 100,000, in a few MB. They are kept
// in pieces, which do not grow: a slice that does leaves its size and more of it
// behind as garbage.
type symbols struct {
	entries []symbol // in the order of addresses
	read    [][]symbol
	names   [][]byte
}

type symbol struct {
	addr uint64
	at   uint32 // of the name: the piece, and 16 bits within it
	len  uint16
}

const (
	entriesPiece = 4 << 10
	namesPiece   = 64 << 10
)

// readSymbols reads what /proc/kallsyms has: "ffffffff81000000 T _stext", and
// the module in brackets behind a tab. Where the process may not see addresses
// all are 0, and it returns nil.
func readSymbols(r io.Reader) (*symbols, error) {
	s := &symbols{}
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), 1<<20)
	for in.Scan() {
		s.add(in.Bytes())
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(s.read) == 0 {
		return nil, nil
	}
	s.entries, s.read = slices.Concat(s.read...), nil
	slices.SortStableFunc(s.entries, func(a, b symbol) int { return cmp.Compare(a.addr, b.addr) })
	return s, nil
}

// add takes a line, if it is of a function.
func (s *symbols) add(line []byte) {
	var addr uint64
	i := 0
	for ; i < len(line) && line[i] != ' '; i++ {
		switch c := line[i]; {
		case c >= '0' && c <= '9':
			addr = addr<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			addr = addr<<4 | uint64(c-'a'+10)
		default:
			return
		}
	}
	if addr == 0 || i > 16 || i+3 >= len(line) || line[i+2] != ' ' {
		return
	}
	if t := line[i+1]; t != 't' && t != 'T' && t != 'w' && t != 'W' {
		return
	}
	name := line[i+3:]
	if n := slices.Index(name, '\t'); n >= 0 {
		name = name[:n]
	}
	if len(name) == 0 || len(name) > 512 || len(s.names) > 1<<14 {
		return
	}
	if n := len(s.names); n == 0 || len(s.names[n-1])+len(name) > namesPiece {
		s.names = append(s.names, make([]byte, 0, namesPiece))
	}
	if n := len(s.read); n == 0 || len(s.read[n-1]) == entriesPiece {
		s.read = append(s.read, make([]symbol, 0, entriesPiece))
	}
	names, entries := &s.names[len(s.names)-1], &s.read[len(s.read)-1]
	*entries = append(*entries, symbol{addr, uint32((len(s.names)-1)<<16 | len(*names)), uint16(len(name))})
	*names = append(*names, name...)
}

// name is an entry's.
func (s *symbols) name(e symbol) string {
	piece := s.names[e.at>>16]
	return string(piece[e.at&0xffff:][:e.len])
}

// find names the function that an address is in, and how far in it is.
func (s *symbols) find(addr uint64) (string, uint64) {
	n, ok := slices.BinarySearchFunc(s.entries, addr, func(e symbol, a uint64) int { return cmp.Compare(e.addr, a) })
	if !ok {
		n--
	}
	if n < 0 {
		return "", 0
	}
	for n > 0 && s.entries[n-1].addr == s.entries[n].addr {
		n-- // of several names the first
	}
	e := s.entries[n]
	if addr-e.addr > 1<<20 {
		return "", 0 // between functions
	}
	return s.name(e), addr - e.addr
}
