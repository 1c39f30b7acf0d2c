package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

// viewerFlags are the programs that can show packets while they are caught.
type viewerFlags struct {
	wireshark bool
	tshark    tsharkArgs
}

// bindViewer adds the flags.
func bindViewer(cmd *cobra.Command) *viewerFlags {
	v := &viewerFlags{}
	f := cmd.Flags()
	f.BoolVar(&v.wireshark, "wireshark", false, "show the packets in Wireshark; closing it ends the capture")
	f.Var(&v.tshark, "tshark", "let tshark print the packets; `[=ARGS]` are its own, as in --tshark='-Y http -V'")
	f.Lookup("tshark").NoOptDefVal = "true"
	return v
}

// finish is the viewer that was asked for; nil if none was.
func (v *viewerFlags) finish(s Streams) (*action.ViewerOptions, error) {
	o := &action.ViewerOptions{Program: action.Wireshark, Stdout: s.Out, Stderr: s.Err}
	switch {
	case v.wireshark && v.tshark.on:
		return nil, action.Usage("one of them; pktrail capture -o FILE for both later", errors.New("--wireshark and --tshark"))
	case v.wireshark:
		return o, nil
	case v.tshark.on:
		o.Program, o.Args = action.Tshark, v.tshark.args
		return o, nil
	}
	return nil, nil //nolint:nilnil // none is an answer
}

// tsharkArgs is a flag that needs no value: with one, it is words for tshark.
type tsharkArgs struct {
	on   bool
	text string
	args []string
}

func (a *tsharkArgs) String() string { return a.text }

// Type makes pflag show the flag as one that needs no value.
func (a *tsharkArgs) Type() string { return "bool" }

func (a *tsharkArgs) Set(text string) error {
	*a = tsharkArgs{}
	switch text {
	case "false":
		return nil
	case "true":
		a.on = true
		return nil
	}
	args, err := splitWords(text)
	if err != nil {
		return err
	}
	*a = tsharkArgs{on: true, text: text, args: args}
	return nil
}

// splitWords parts a text as a shell does that knows quotes and backslashes,
// and nothing else. There is no shell.
func splitWords(text string) (words []string, err error) {
	var word strings.Builder
	inWord := false
	var quote rune
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 || escaped {
		return nil, action.Usage(`close the quote, as in --tshark='-Y "tcp.port == 80"'`, errors.New("a quote that does not end"))
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
