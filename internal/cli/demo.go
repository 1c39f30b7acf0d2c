package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

func newDemo(s Streams) *cobra.Command {
	o := action.DemoOptions{Note: func(line string) { fmt.Fprintln(s.Err, line) }}
	cmd := &cobra.Command{
		Use:     "demo [flannel|ptp|calico|macvlan]",
		Short:   "One ping between two nodes of a lab, seen at every point on its way",
		GroupID: groupMore,
		Args:    onlyArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Flavour = action.LabFlavour(strings.Join(args, ""))
			r, err := action.Demo(cmd.Context(), o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Out, "%s\n%s\n%s packets of %s points in %s; the lab is gone\n",
				text.Trail(r.Request), text.Trail(r.Reply),
				fmt.Sprint(len(r.Request.Observations)+len(r.Reply.Observations)), fmt.Sprint(len(r.Capture.Points)), o.Output)
			return err
		},
	}
	cmd.Flags().StringVarP(&o.Output, "output", "o", "demo.pcapng", "file that takes the packets")
	return cmd
}
