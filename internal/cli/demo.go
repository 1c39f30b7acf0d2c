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
			_, err = fmt.Fprintf(s.Out, "%s\n%s\n%s\n", text.Trail(r.Request), text.Trail(r.Reply), demoAnswer(&r, o.Output))
			return err
		},
	}
	cmd.Flags().StringVarP(&o.Output, "output", "o", "demo.pcapng", "file that takes the packets")
	return cmd
}

// demoAnswer is the end: what the rows above show, in a sentence.
func demoAnswer(r *action.DemoResult, file string) string {
	var missed uint64
	for _, p := range r.Capture.Points {
		missed += p.Missed
	}
	return fmt.Sprintf("%s -> %s and back in %s, seen at %d of %d points each way, missed %d\nits packets are in %s",
		r.From.Name, r.To.Name, text.Micros(r.RTT.Nanoseconds()), len(r.Request.Observations), len(r.Capture.Points), missed, file)
}
