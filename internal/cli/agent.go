package cli

import (
	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

// newAgent is pktrail-agent inside of pktrail: it takes the same arguments.
func newAgent(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:                "agent [serve | attach ID SEQUENCE | own ID [REQUEST] | REQUEST]",
		Short:              "One request in, one record stream out",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := action.ServeAgent(cmd.Context(), args, s.In, s.Out, s.Err); code != exitDone {
				return exitError(code)
			}
			return nil
		},
	}
}
