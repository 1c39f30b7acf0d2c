package text

import (
	"io"
	"strings"
)

// page gathers lines, none wider than its style says.
type page struct {
	b     strings.Builder
	style Style
}

func (p *page) columns() int { return p.style.columns() }

// rightEdge is where what stands at the end of a line ends: outcomes, bases.
func (p *page) rightEdge() int { return p.columns() - 4 }

// Line writes one line of talk, broken between words where it is wider than the
// style says, with what goes on indented by 2.
func Line(w io.Writer, text string, style Style) error {
	p := page{style: style}
	p.put(spans{{text: text}}, 2)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// put adds a line. What is too long goes on below, indented by hang.
func (p *page) put(l spans, hang int) {
	for i, part := range wrapLine(l, p.columns(), p.columns()-hang) {
		if i > 0 {
			part = append(spans{{text: strings.Repeat(" ", hang)}}, part...)
		}
		p.raw(part)
	}
}

// raw adds a line that is known to fit.
func (p *page) raw(l spans) {
	l = l.joined()
	for n := len(l) - 1; n >= 0; n-- { // no blanks at the end
		if l[n].text = strings.TrimRight(l[n].text, " "); l[n].text != "" {
			break
		}
		l = l[:n]
	}
	for _, s := range l {
		if c := s.tone.codes(); p.style.Colour && c != "" {
			p.b.WriteString("\x1b[" + c + "m" + s.text + "\x1b[0m")
			continue
		}
		p.b.WriteString(s.text)
	}
	p.b.WriteByte('\n')
}

// pair adds a line with something at its end, on the first of its lines. If
// they do not fit side by side, left is wrapped to leave the room.
func (p *page) pair(left spans, right span, hang int) {
	room := p.rightEdge()
	if right.text != "" {
		room -= width(right.text) + 2
	}
	if room <= hang+10 {
		p.put(left, hang)
		p.put(spans{{text: "  "}, right}, 2)
		return
	}
	for i, part := range wrapLine(left, room, room-hang) {
		if i > 0 {
			part = append(spans{{text: strings.Repeat(" ", hang)}}, part...)
		} else if right.text != "" {
			part = append(part, span{text: strings.Repeat(" ", max(2, p.rightEdge()-width(right.text)-part.width()))}, right)
		}
		p.raw(part)
	}
}

// wrapLine breaks a line between words, or in a word that is longer than a
// line. The first line has room for first columns, the others for rest.
func wrapLine(l spans, first, rest int) []spans {
	if l.width() <= first {
		return []spans{l}
	}
	first, rest = max(first, 1), max(rest, 1)
	var out []spans
	var cur spans
	room, used := first, 0
	next := func() {
		out, cur = append(out, cur), nil
		room, used = rest, 0
	}
	for _, s := range l {
		for _, w := range pieces(s.text) {
			n := width(w)
			switch {
			case used+n <= room:
			case strings.TrimSpace(w) == "": // blanks at a break
				if len(cur) > 0 {
					next()
				}
				continue
			case used > indentOf(cur) && n <= rest:
				next()
			default:
				for width(w) > room-used {
					head, tail := cut(w, room-used)
					if head == "" && used == 0 {
						head, tail = cut(w, 2) // a wide character in one column
					}
					cur = append(cur, span{text: head, tone: s.tone})
					next()
					w = tail
				}
				n = width(w)
			}
			if used == 0 && len(out) > 0 && strings.TrimSpace(w) == "" {
				continue
			}
			cur, used = append(cur, span{text: w, tone: s.tone}), used+n
		}
	}
	if len(cur) > 0 {
		out = append(out, cur)
	}
	return out
}

// indentOf is the width of the blanks that a line starts with; a line of
// blanks alone is not broken behind them.
func indentOf(l spans) int {
	n := 0
	for _, s := range l {
		trimmed := strings.TrimLeft(s.text, " ")
		n += len(s.text) - len(trimmed)
		if trimmed != "" {
			break
		}
	}
	return n
}

// pieces splits a text into words and the blanks between them.
func pieces(s string) []string {
	var out []string
	for s != "" {
		blank := s[0] == ' '
		n := strings.IndexFunc(s, func(r rune) bool { return (r == ' ') != blank })
		if n < 0 {
			n = len(s)
		}
		out, s = append(out, s[:n]), s[n:]
	}
	return out
}

// cut splits a text behind as many characters as fit into n columns.
func cut(s string, n int) (head, tail string) {
	used := 0
	for i, r := range s {
		if used += columns(r); used > n {
			return s[:i], s[i:]
		}
	}
	return s, ""
}
