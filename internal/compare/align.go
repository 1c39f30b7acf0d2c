package compare

import (
	"slices"
	"strings"
)

// pair is a row: the index of a step in each of both lists, -1 for none.
type pair struct{ a, b int }

// most bounds how many steps of a trail are aligned by search, since that
// takes time and memory by their product. Longer ones are rare (a loop), and
// are aligned one by one behind it.
const most = 1500

// align puts two lists side by side, by the longest row of keys that both
// have.
func align(a, b []Step) []pair {
	var out []pair
	head := 0
	for head < len(a) && head < len(b) && a[head].key == b[head].key {
		out = append(out, pair{head, head})
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail].key == b[len(b)-1-tail].key {
		tail++
	}
	out = append(out, search(a[head:len(a)-tail], b[head:len(b)-tail], head)...)
	for i := range tail {
		out = append(out, pair{len(a) - tail + i, len(b) - tail + i})
	}
	return out
}

// search aligns what is between; off is added to all indices. What only b, the
// bad one, has comes first: it is what happened instead.
func search(a, b []Step, off int) []pair {
	x, y := a[:min(len(a), most)], b[:min(len(b), most)]
	length := make([][]int, len(x)+1) // length[i][j] of the longest row of x[i:], y[j:]
	for i := range length {
		length[i] = make([]int, len(y)+1)
	}
	for i, v := range slices.Backward(x) {
		for j := len(y) - 1; j >= 0; j-- {
			if v.key == y[j].key {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []pair
	i, j := 0, 0
	for i < len(x) && j < len(y) {
		switch {
		case x[i].key == y[j].key:
			out = append(out, pair{off + i, off + j})
			i, j = i+1, j+1
		case length[i+1][j] > length[i][j+1]:
			out = append(out, pair{off + i, -1})
			i++
		default:
			out = append(out, pair{-1, off + j})
			j++
		}
	}
	for ; j < len(b); j++ {
		out = append(out, pair{-1, off + j})
	}
	for ; i < len(a); i++ {
		out = append(out, pair{off + i, -1})
	}
	return out
}

// rejoin makes one row of a step that both have at another time of one stay in
// a namespace: rules are heard of late, and may come before or behind the
// device that a packet was seen at. The row stands where the bad one has it.
func rejoin(rows []pair, a, b []Step) []pair {
	gone := map[int]bool{}
	for i := range rows {
		if rows[i].a >= 0 || rows[i].b < 0 {
			continue
		}
		s := &b[rows[i].b]
		for _, step := range []int{1, -1} {
			for k := i + step; k >= 0 && k < len(rows); k += step {
				other := rowStep(rows[k], a, b)
				if stay(other.key) != stay(s.key) {
					break
				}
				if rows[k].b < 0 && !gone[k] && other.key == s.key && rows[i].a < 0 {
					rows[i].a, gone[k] = rows[k].a, true
				}
			}
		}
	}
	out := rows[:0:0]
	for i, r := range rows {
		if !gone[i] {
			out = append(out, r)
		}
	}
	return out
}

func rowStep(p pair, a, b []Step) *Step {
	if p.b >= 0 {
		return &b[p.b]
	}
	return &a[p.a]
}

// stay is the part of a step's key that names the namespace.
func stay(key string) string {
	node, rest, _ := strings.Cut(key, "/")
	kind, _, _ := strings.Cut(rest, "/")
	return node + "/" + kind
}
