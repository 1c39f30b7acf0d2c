package text

import (
	"slices"
	"strings"
	"unicode"
)

// facts are the words that a verdict was told in so far, and the lines of
// evidence that were shown as they are.
type facts map[string]bool

// say notes a line that is on the screen.
func (f facts) say(text string) {
	for _, w := range telling(text) {
		f[w] = true
	}
}

// news says whether a line of evidence tells anything that the lines above do
// not: the rule once more, its comment, the kernel's reason. Each is news once.
func (f facts) news(text string) bool {
	words := telling(text)
	if line := "line " + text; f[line] {
		return false
	} else if f[line] = true; len(words) == 0 {
		return true
	}
	return slices.ContainsFunc(words, func(w string) bool { return !f[w] })
}

// telling are the words of a line that carry what it says; offsets in kernel
// functions are left out, since the lines above have none.
func telling(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"(),;`, r) }) {
		w, _, _ = strings.Cut(strings.Trim(w, ":."), "+0x")
		switch w {
		case "", "a", "at", "by", "comment", "for", "from", "in", "is", "it", "its", "lookup", "of", "rule", "sender", "the", "then", "to", "told":
			continue
		}
		out = append(out, w)
	}
	return out
}
