package cli

import (
	"path/filepath"
	"strings"

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

// asAgent gives the arguments as for the command agent, where the program runs
// under the agent's name: so it can stand in for one in an image (that is how
// action names it there), in a container, and in a process that has unlinked
// its file.
func asAgent(args []string) []string {
	name := filepath.Base(args[0])
	words := map[string]bool{"attach": true, "own": true, "serve": true}
	again := name == "exe" && len(args) > 1 && words[args[1]] // /proc/PID/exe
	if name == "pktrail-agent" || strings.HasPrefix(name, ".pktrail-") || again {
		return append([]string{"agent"}, args[1:]...)
	}
	return args[1:]
}
