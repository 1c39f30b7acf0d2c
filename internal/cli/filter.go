package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

func newFilter(s Streams) *cobra.Command {
	o := action.FilterOptions{}
	dump := 0
	cmd := &cobra.Command{
		Use:    "filter [-d|-dd|-ddd] [-y EN10MB|LINUX_SLL2|RAW] EXPRESSION...",
		Short:  "The BPF program of a pcap-filter expression, as tcpdump -d prints it",
		Hidden: true,
		Long: `Compiles a pcap-filter(7) expression and prints the program: -d for people,
-dd as C, -ddd as numbers. By default the program is the one for reading a
file; --live is the one that a capture attaches, --inner the one of tunnels.`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && dump == 0 {
				return action.Usage("pktrail filter 'tcp port 80'", errors.New("no expression"))
			}
			if dump > 3 {
				return action.Usage("-d for people, -dd as C, -ddd as numbers", errors.New("more than three -d"))
			}
			o.Expression = strings.Join(args, " ")
			p, err := action.CompileFilter(o)
			if err != nil {
				return err
			}
			text := p.Dump()
			switch dump {
			case 2:
				text = p.DumpC()
			case 3:
				text = p.DumpDecimal()
			}
			_, err = fmt.Fprint(s.Out, text)
			return err
		},
	}
	f := cmd.Flags()
	f.CountVarP(&dump, "dump", "d", "-d for people, -dd as C, -ddd as numbers")
	f.StringVarP(&o.Link, "link", "y", "EN10MB", "link type: EN10MB, LINUX_SLL2, RAW")
	f.BoolVar(&o.Live, "live", false, "for a live capture: VLAN tags in the metadata")
	f.BoolVar(&o.Inner, "inner", false, "match the packet inside of a tunnel too")
	f.IntVarP(&o.SnapLen, "snaplen", "s", 0, "what a match returns (default 262144)")
	return cmd
}
