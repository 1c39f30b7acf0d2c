package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

func newDoctor(s Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "What will work here, what will be blind, and why",
		GroupID: groupMain,
		Long: `Asks this machine what will work on it, for this user: the kernel, the
capabilities, BTF, packet sockets, namespaces, container runtimes. It changes
nothing. Exit code 1 if a capture cannot work.`,
		Args: onlyArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := action.Doctor(cmd.Context())
			if asJSON {
				if err := writeJSON(s.Out, d); err != nil {
					return err
				}
			} else if err := writeDiagnosis(s.Out, d); err != nil {
				return err
			}
			if d.Capture == "no" {
				return exitError(exitFailed)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeDiagnosis(w io.Writer, d action.Diagnosis) error {
	rows := make([]text.Check, len(d.Checks))
	for i, c := range d.Checks {
		rows[i] = text.Check{State: string(c.State), Name: c.Name, Detail: c.Detail, Hint: c.Hint}
	}
	_, err := fmt.Fprint(w, text.Checks(rows), "\n", verdict("capture", d.Capture, d.Checks), traceVerdict(d))
	return err
}

// traceVerdict is verdict for trace, which can do with less.
func traceVerdict(d action.Diagnosis) string {
	line := verdict("trace", d.Trace, d.Checks)
	if d.Trace == "no" && d.Capture == "ok" {
		line = strings.Replace(line, "does not work here, it lacks", "packet sockets only, without drop reasons and routes: it lacks", 1)
	}
	return line
}

// verdict says in a line whether a use works, and what it lacks.
func verdict(use, state string, checks []action.Check) string {
	var lacks []string
	for _, c := range checks {
		if c.State != "ok" && slices.ContainsFunc(c.Needs, func(u action.Use) bool { return string(u) == use }) {
			lacks = append(lacks, c.Name)
		}
	}
	switch state {
	case "ok":
		return use + ": works here\n"
	case "no":
		return use + ": does not work here, it lacks " + strings.Join(lacks, ", ") + "\n"
	}
	return use + ": may work here, could not ask for " + strings.Join(lacks, ", ") + "\n"
}
