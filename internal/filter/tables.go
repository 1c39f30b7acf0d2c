package filter

import "strings"

func words(s string) []string { return strings.Fields(s) }

func set(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words(s) {
		m[w] = true
	}
	return m
}

// spelled reads "word" and "word=spelling,spelling" into a map from spelling
// to word.
func spelled(s string) map[string]string {
	m := map[string]string{}
	for _, w := range words(s) {
		usual, all, ok := strings.Cut(w, "=")
		if !ok {
			all = usual
		}
		for spelling := range strings.SplitSeq(all, ",") {
			m[spelling] = usual
		}
	}
	return m
}
