package find

import (
	"cmp"
	"slices"
	"strings"
)

// near gives those of names that somebody who typed name may have meant, the
// likeliest first: one typing error for every three letters, or a name that
// goes on where name ends (the pods of a deployment).
func near(name string, names []string) []string {
	type guess struct {
		name string
		far  int
	}
	var out []guess
	for _, n := range names {
		far := distance(name, n)
		switch {
		case n == name:
			continue
		case far <= max(1, min(3, len(name)/3)):
		case strings.HasPrefix(n, name+"-"), len(name) > 2 && strings.HasPrefix(n, name):
			far = 4
		case len(name) > 3 && strings.Contains(n, name):
			far = 5
		default:
			continue
		}
		out = append(out, guess{n, far})
	}
	slices.SortFunc(out, func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.name, b.name))
	})
	list := make([]string, len(out))
	for i, g := range out {
		list[i] = g.name
	}
	return slices.Compact(list)
}

// distance counts the letters that must be put in, taken out, changed, or
// swapped with their neighbour, to make b of a (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// several writes "a", "a or b", "a, b, c and 4 more".
func several(names []string, word string) string {
	const most = 3
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n <= most:
		return strings.Join(names[:n-1], ", ") + " " + word + " " + names[n-1]
	default:
		return strings.Join(names[:most], ", ") + " and " + more(n-most)
	}
}
