package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

func newClean(s Streams) *cobra.Command {
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use:     "clean",
		Short:   "Puts back what a killed pktrail has left on this machine",
		GroupID: groupMore,
		Long: `Lists what a pktrail that was killed has not put back on this machine, and puts
it back. Sockets, BPF programs and nft tables end with the process that made
them; what may stay is a setting: trace --legacy-trace.
`,
		Args: onlyArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := action.Clean(cmd.Context(), dry)
			if asJSON {
				for _, l := range list {
					if err := writeJSON(s.Out, l); err != nil {
						return err
					}
				}
				return err
			}
			for _, l := range list {
				fmt.Fprintln(s.Out, l.What)
			}
			switch {
			case err != nil:
			case len(list) == 0:
				fmt.Fprintln(s.Err, "nothing is left")
			case dry:
				fmt.Fprintf(s.Err, "%s; without --dry-run it is put back\n", text.Count(len(list), "setting"))
			default:
				fmt.Fprintf(s.Err, "%s put back\n", text.Count(len(list), "setting"))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "list only")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON lines")
	return cmd
}
