package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong with an expression, and where.
type Error struct {
	// Column is where the offending word starts, counted in characters from 1.
	// It is one past the end if something is missing there.
	Column int
	// Word is the offending word; empty at the end of the expression.
	Word string
	// Msg says what is wrong, in lower case.
	Msg string
	// Hint says what to write instead; empty if nothing usual is known.
	Hint string

	expr string
}

func (e *Error) Error() string {
	if e.Word == "" {
		return fmt.Sprintf("filter: %s at the end (column %d)", e.Msg, e.Column)
	}
	return fmt.Sprintf("filter: %s at %q (column %d)", e.Msg, shorten(e.Word), e.Column)
}

// Caret returns two lines without a trailing newline: the expression, and
// carets below the offending word. Long expressions are cut around it.
func (e *Error) Caret() string {
	const before, after = 50, 30
	text := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, e.expr))
	start := min(e.Column-1, len(text))
	width := max(1, utf8.RuneCountInString(e.Word))
	left, right := "", ""
	from, to := 0, len(text)
	if start > before {
		from, left = start-before, "..."
	}
	if to > start+width+after {
		to, right = start+width+after, "..."
	}
	line := left + string(text[from:to]) + right
	indent := strings.Repeat(" ", len(left)+start-from)
	return line + "\n" + indent + strings.Repeat("^", min(width, 60))
}

func shorten(word string) string {
	if r := []rune(word); len(r) > 40 {
		return string(r[:37]) + "..."
	}
	return word
}
