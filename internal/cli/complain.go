package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

// exitError ends the program with a code and without a word: everything that
// is to be said was said. `lab exec` passes on a program's own code this way.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// complain prints what was wrong and what to do, once, and gives the exit
// code.
func complain(w io.Writer, cmd *cobra.Command, err error) int {
	if code, ok := errors.AsType[exitError](err); ok {
		return int(code)
	}
	if action.IsClosed(err) {
		return exitDone // the reader of the output had enough
	}
	hint, detail, code := "", "", exitFailed
	if e, ok := errors.AsType[*action.Error](err); ok {
		hint, detail = e.Hint, e.Detail
		if e.Usage {
			code = exitUsage
		}
	} else if cmd == nil || cmd.RunE == nil || strings.HasPrefix(err.Error(), "unknown command") {
		code = exitUsage
		hint = "pktrail --help lists the commands"
	}
	fmt.Fprintf(w, "pktrail: error: %s\n", oneLine(err.Error()))
	if detail != "" {
		fmt.Fprintln(w, strings.TrimRight(detail, "\n"))
	}
	if hint != "" {
		fmt.Fprintf(w, "pktrail: hint: %s\n", oneLine(hint))
	}
	return code
}

// oneLine keeps a text to one line, and a terminal safe from what somebody has
// put into a name.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return '?'
		}
		return r
	}, s)), " ")
}
