package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pktrail/pktrail/internal/action"
)

// exitCodes ends every help text.
const exitCodes = `
Exit codes: 0 done (Ctrl-C is a capture's normal end), 1 failed, 2 usage,
3 the packet did not arrive, 4 nothing matched or unknown, 130 killed by a
second Ctrl-C.
`

const (
	groupMain = "main"
	groupMore = "more"
)

func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "pktrail",
		Short: "Shows where a packet goes, and why it did not arrive",
		Long: `pktrail shows where a packet goes, and why it did not arrive.

It captures packets at every point on their way between two pods: in the pod,
at its interface on the node, on bridge, overlay and uplink.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return action.Usage("pktrail --help lists the commands", fmt.Errorf("unknown command %q", args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(foreignFlag)
	root.SetVersionTemplate("pktrail {{.Version}}\n")
	// Flags keep to the width that all output keeps to.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 100 "))
	root.SetHelpTemplate(root.HelpTemplate() + exitCodes)
	root.AddGroup(&cobra.Group{ID: groupMain, Title: "Commands:"}, &cobra.Group{ID: groupMore, Title: "More:"})
	root.SetHelpCommandGroupID(groupMore)
	root.SetCompletionCommandGroupID(groupMore)
	root.AddCommand(
		newCapture(s), newTrace(s), newMap(s), newDiff(s), newDoctor(s),
		newSnapshot(s), newLab(s), newDemo(s), newImage(s), newClean(s), newVersion(s),
		newFilter(s), newExtcap(s), newAgent(s),
	)
	return root
}

// foreignFlag answers a flag that does not exist with what the person may have
// meant: these come out of the hands of users of tcpdump and kubectl.
func foreignFlag(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())
	if missing, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := missing.GetSpecifiedName()
		if shorts := missing.GetSpecifiedShortnames(); shorts != "" {
			name = shorts[:1]
		}
		if h, ok := habit(cmd.Name(), name); ok {
			hint = h
		}
		dashes := "--"
		if len(name) == 1 {
			dashes = "-"
		}
		err = fmt.Errorf("no flag %s%s", dashes, name)
	} else if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if cause, ok := errors.AsType[*action.Error](invalid.Unwrap()); ok && cause.Hint != "" {
			hint = cause.Hint
		}
		cause := invalid.Unwrap()
		if _, ok := errors.AsType[*strconv.NumError](cause); ok {
			cause, hint = errors.New("not a number, or too large a one"), "--"+invalid.GetFlag().Name+" takes a whole number"
		}
		err = fmt.Errorf("flag --%s %q: %w", invalid.GetFlag().Name, invalid.GetValue(), cause)
	}
	return action.Usage(hint, err)
}

// habit knows flags of tcpdump, tshark and kubectl that mean something else
// here, or nothing.
func habit(command, flag string) (hint string, ok bool) {
	if command == "trace" {
		hints := map[string]string{
			"n": "addresses are never looked up by DNS: leave -n out",
			"p": "--probe tcp|udp|icmp sends a packet; --port N is the destination's port",
			"c": "--count N ends after N packets",
			"w": "-o FILE writes packets and decisions to a file",
			"i": "a trace follows packets wherever they go; -f FILTER narrows it",
		}
		hint, ok = hints[flag]
		return hint, ok
	}
	if command != "capture" {
		return "", false
	}
	hints := map[string]string{
		"c": "--count N ends after N packets",
		"n": "addresses are never looked up by DNS: leave -n out",
		"w": "-o FILE writes the packets to a file",
		"r": "tcpdump -r or Wireshark read the files that pktrail writes",
		"A": "payload is never shown on screen: -o FILE, then tshark -x -r FILE",
		"X": "payload is never shown on screen: -o FILE, then tshark -x -r FILE",
		"x": "payload is never shown on screen: -o FILE, then tshark -x -r FILE",
		"e": "link headers are in the file: -o FILE, then tshark -V -r FILE",
		"C": "--rotate-size SIZE and --rotate-files N",
		"W": "--rotate-size SIZE and --rotate-files N",
		"G": "--duration ends the capture; --rotate-size and --rotate-files keep it small",
		"B": "--buffer SIZE, as in --buffer 32M",
		"l": "lines are written as they come: leave -l out",
		"U": "the file is written within a second: leave -U out",
		"q": "lines are as tcpdump prints them: leave -q out",
		"t": "each line begins with its time: leave -t out; --json has the date",
		"S": "sequence numbers are relative: --json or -o FILE for more",
		"K": "checksums are not judged: leave -K out",
		"Q": "the filter knows inbound and outbound, as in -- inbound and icmp",
		"D": "pktrail capture netns:NAME captures on all interfaces; ip -n NAME link lists them",
		"F": "-f FILTER, or the filter's words after --",
		"Y": "that is Wireshark's display filter: --tshark='-Y FILTER'; -f takes the language of tcpdump",
		"p": "promiscuous mode is off unless --promisc asks for it",
		"a": "--duration, --count and --max-bytes end a capture",
		"b": "--rotate-size SIZE and --rotate-files N",

		"output-file":          "-o FILE",
		"local-tcpdump-path":   "no tcpdump is needed: leave it out",
		"remote-tcpdump-path":  "no tcpdump is needed: leave it out",
		"tcpdump-image":        "there is one image, --image, and no tcpdump in it",
		"pod-creation-timeout": "an image that cannot be pulled is noticed within seconds: leave it out",
	}
	hint, ok = hints[flag]
	return hint, ok
}

// onlyArgs refuses arguments where a command takes none.
func onlyArgs(limit int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > limit {
			return action.Usage(cmd.UseLine(), fmt.Errorf("unexpected argument %q", strings.Join(args[limit:], " ")))
		}
		return nil
	}
}
