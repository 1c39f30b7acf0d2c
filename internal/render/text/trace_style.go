package text

import (
	"strings"
	"unicode"

	"github.com/pktrail/pktrail/internal/trail"
)

// Style says how words may stand out and how wide lines are. Its zero value is
// plain text of 100 columns.
type Style struct {
	// Colour allows ANSI colours: on a terminal, never in a pipe.
	Colour bool
	// Width is how many columns a line may take: from 60 to 100, what is
	// outside is moved to the nearer end; 0 is 100.
	Width int
}

const minWidth = 60

// columns is Width within its bounds.
func (s Style) columns() int {
	if s.Width == 0 {
		return lineWidth
	}
	return min(max(s.Width, minWidth), lineWidth)
}

// tone is how a piece of text stands out.
type tone uint8

const (
	plain  tone = iota
	dim         // times, bases
	good        // delivered
	bad         // dropped, lost
	warn        // rejected, parked, unknown
	strong      // names of nodes
)

// codes are the SGR parameters of ECMA-48, section 8.3.117.
func (t tone) codes() string {
	switch t {
	case dim:
		return "2"
	case good:
		return "32"
	case bad:
		return "31"
	case warn:
		return "33"
	case strong:
		return "1"
	}
	return ""
}

// toneOf colours an outcome.
func toneOf(o trail.Outcome) tone {
	switch o {
	case trail.Delivered:
		return good
	case trail.Dropped, trail.Lost:
		return bad
	}
	return warn
}

// span is a piece of a line in one tone.
type span struct {
	text string
	tone tone
}

type spans []span

// width is how many columns a line takes.
func (l spans) width() int {
	n := 0
	for _, s := range l {
		n += width(s.text)
	}
	return n
}

// joined makes one span of neighbours in one tone, fit for a screen.
func (l spans) joined() spans {
	var out spans
	for _, s := range l {
		s.text = clean(s.text)
		if n := len(out); n > 0 && out[n-1].tone == s.tone {
			out[n-1].text += s.text
			continue
		}
		out = append(out, s)
	}
	return out
}

// width is how many columns a text takes on a screen.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += columns(r)
	}
	return n
}

// columns is 2 for the wide characters of East Asia and for emoji (Unicode
// TR 11, by blocks).
func columns(r rune) int {
	if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff ||
		r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300) {
		return 2
	}
	return 1
}

// clean makes text of others fit for a screen: a rule's comment or a name may
// hold characters that would steer the terminal.
func clean(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return '?'
	}, s)
}
