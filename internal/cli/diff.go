package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/jsonl"
	"github.com/pktrail/pktrail/internal/render/text"
)

func newDiff(s Streams) *cobra.Command {
	var asJSON, verbose bool
	cmd := &cobra.Command{
		Use:     "diff GOOD BAD",
		Short:   "First place where two recorded trails differ",
		GroupID: groupMain,
		Example: `  pktrail trace netns:a 10.244.2.2:80 --probe tcp -o good.pcapng
  pktrail trace netns:b 10.244.2.2:80 --probe tcp -o bad.pcapng
  pktrail diff good.pcapng bad.pcapng
  pktrail diff day.pcapng#1 day.pcapng#7`,
		Long: `Compares the ways of two packets out of recordings (pktrail trace -o FILE), hop
by hop, and marks the first difference: the rule, table, device or mark that was
another one. FILE#N is the Nth packet of a file; without #N it is the first one
delivered of GOOD, and of BAD the one that the verdict was about.
`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return action.Usage(cmd.UseLine(), fmt.Errorf("two recordings are compared, not %d", len(args)))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := action.Diff(action.DiffOptions{Good: args[0], Bad: args[1]})
			if err != nil {
				return err
			}
			if asJSON {
				return jsonl.Diff(s.Out, r.GoodName, r.BadName, &r.Diff)
			}
			err = text.Diff(s.Out, &r.Diff, text.DiffOptions{Style: style(s.Out), Good: named(r.GoodName, &r.Good), Bad: named(r.BadName, &r.Bad), All: verbose})
			if err != nil && !action.IsClosed(err) {
				return errors.Join(errors.New("write output"), err)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the steps that are the same, too")
	return cmd
}

// named is a recorded packet in words.
func named(file string, j *action.JudgedTrail) string {
	return fmt.Sprintf("%s  %s  %s  %s", file, j.Trail.Packet, j.Trail.Flow, j.Verdict.Outcome)
}
