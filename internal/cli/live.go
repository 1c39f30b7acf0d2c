package cli

import (
	"fmt"
	"io"
)

// liveLine is a line on a terminal that is written over while something comes
// along. Its zero value shows none.
type liveLine struct{ shown bool }

// overLine goes to the line's begin and erases it (ECMA-48, EL).
const overLine = "\r\x1b[K"

func (l *liveLine) show(w io.Writer, text string) {
	l.shown = true
	fmt.Fprint(w, overLine, text)
}

// clear takes the line away, so that others can be written.
func (l *liveLine) clear(w io.Writer) {
	if l.shown {
		l.shown = false
		fmt.Fprint(w, overLine)
	}
}
