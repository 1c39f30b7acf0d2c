package compare

import "slices"

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
