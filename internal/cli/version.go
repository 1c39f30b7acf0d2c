package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

// version is set by the linker.
var version = "dev"

func newVersion(s Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Version of this program",
		GroupID: groupMore,
		Args:    onlyArgs(0),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return writeJSON(s.Out, map[string]string{"kind": "version", "version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
			}
			_, err := fmt.Fprintf(s.Out, "pktrail %s %s/%s %s\n", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newAgent(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:    "agent [REQUEST]",
		Short:  "One request in, one record stream out",
		Hidden: true,
		Args:   onlyArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := action.ServeAgent(cmd.Context(), args, s.In, s.Out, s.Err); code != exitDone {
				return exitError(code)
			}
			return nil
		},
	}
}
