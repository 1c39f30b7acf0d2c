package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/listing"
)

func newSnapshotShow(s Streams) *cobra.Command {
	var q listing.Query
	var four, six bool
	cmd := &cobra.Command{
		Use:   "show FILE [PART...]",
		Short: "Print what is in a snapshot, as ip, bridge, nft, iptables-save and ss do",
		Long: `Prints parts of a snapshot as the tools do that people know; without PART it
says what is in the file. With --json the parts that a tool prints as JSON are
as it does: ip -j, bridge -j, nft -j.

PART is one of
` + partsList() + `.
Chains are printed by the tool that made them; nft prints all of nf_tables,
iptables those of iptables alone. A file's byte order has to be this machine's.
`,
		Example: `  pktrail snapshot show here.pcapng
  pktrail snapshot show here.pcapng routes rules
  pktrail snapshot show cluster.pcapng chains --node a | less
  pktrail snapshot show cluster.pcapng addresses --in shop/web-x2k8l
  pktrail snapshot show here.pcapng links --json --details | jq .`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return action.Usage("pktrail snapshot -o FILE makes one", errors.New("no file"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case four && six:
				return action.Usage("leave both out for both", errors.New("-4 and -6"))
			case four:
				q.Family = "inet"
			case six:
				q.Family = "inet6"
			}
			state, err := action.ReadState(args[0])
			if err != nil {
				return err
			}
			q.Parts = args[1:]
			err = listing.Show(forTerminal(s.Out), state, q)
			if missing, ok := errors.AsType[*listing.Error](err); ok {
				return action.Usage(missing.Hint(), err)
			}
			return err
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return listing.Parts(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&q.Node, "node", "", "this node (default: all in the file)")
	f.StringVar(&q.In, "in", "", "namespace: NAMESPACE/POD, netns:NAME, its inode, or all (default: the node's own)")
	f.BoolVar(&q.JSON, "json", false, "print JSON, as ip -j, bridge -j and nft -j do")
	f.BoolVarP(&q.Details, "details", "d", false, "details of links, as ip -d shows them")
	f.BoolVar(&q.Stats, "stats", false, "counters, as ip -s and iptables-save -c show them")
	f.BoolVarP(&four, "ipv4", "4", false, "IPv4 alone")
	f.BoolVarP(&six, "ipv6", "6", false, "IPv6 alone")
	return cmd
}

// partsList is the parts' names in lines that fit the help.
func partsList() string {
	var b strings.Builder
	line := 0
	for _, p := range listing.Parts() {
		switch {
		case line > 0 && line+2+len(p) > 76:
			b.WriteString(",\n")
			line = 0
		case line > 0:
			b.WriteString(", ")
			line += 2
		}
		b.WriteString(p)
		line += len(p)
	}
	return b.String()
}

// forTerminal takes control characters out of what goes to a terminal: names
// and descriptions in a snapshot are whoever's. A file or pipe gets them as
// they are, as from the tools.
func forTerminal(w io.Writer) io.Writer {
	if !isTerminal(w) {
		return w
	}
	return plainWriter{w}
}

type plainWriter struct{ w io.Writer }

func (p plainWriter) Write(b []byte) (int, error) {
	plain := bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, b)
	if _, err := p.w.Write(plain); err != nil {
		return 0, err
	}
	return len(b), nil
}
