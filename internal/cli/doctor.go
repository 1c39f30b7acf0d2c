package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

func newDoctor(s Streams) *cobra.Command {
	var asJSON, local bool
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "What will work here, what will be blind, and why",
		GroupID: groupMain,
		Long: `Asks this machine what will work on it, for this user: the kernel, the
capabilities, BTF, packet sockets, namespaces, container runtimes. And the
cluster of the current context, where one is configured: which ways in your
rights allow, what PodSecurity refuses, the nodes' kernels and architectures,
the agent's image, and what no capture can see there. With a flag of kubectl's
(-x, -n, --as, ...) it asks the cluster alone. It changes nothing. Exit code 1
if a capture can work neither here nor there.`,
		Example: `  pktrail doctor                   this machine, and the cluster
  pktrail doctor -n shop           the cluster, for pods of namespace shop
  pktrail doctor --as jane --json  what user jane may do, as JSON
  pktrail doctor --local           this machine only`,
		Args: onlyArgs(0),
	}
	cluster := bindCluster(cmd)
	f := cmd.Flags()
	f.StringVar(&cluster.options.Namespace, "agent-namespace", "", "namespace for agents (default pktrail)")
	f.StringVar(&cluster.options.Image, "image", "", "the agent's image")
	f.BoolVar(&local, "local", false, "ask this machine only")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o := action.DoctorOptions{Cluster: cluster.finish(), Asked: changedBut(f, "json", "local")}
		if local {
			if o.Asked {
				return action.Usage("leave one of them out", errors.New("--local beside flags of a cluster"))
			}
			o.Cluster = nil
		}
		d, err := action.Doctor(cmd.Context(), o)
		if err != nil {
			return err
		}
		if asJSON {
			err = writeJSON(s.Out, d)
		} else {
			err = writeDiagnosis(s.Out, &d)
		}
		if err == nil && !d.Works() {
			err = exitError(exitFailed)
		}
		return err
	}
	return cmd
}

// writeDiagnosis writes what was asked: this machine, the cluster, or both.
func writeDiagnosis(w io.Writer, d *action.Diagnosis) error {
	if len(d.Checks) > 0 {
		if err := writeMachine(w, d); err != nil {
			return err
		}
	}
	switch {
	case d.ClusterError != "":
		_, err := fmt.Fprintf(w, "\ncluster: cannot be asked: %s\n", oneLine(d.ClusterError))
		return err
	case d.Cluster == nil:
		return nil
	case len(d.Checks) > 0:
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return writeSurvey(w, d.Cluster)
}

func writeMachine(w io.Writer, d *action.Diagnosis) error {
	rows := make([]text.Check, len(d.Checks))
	for i, c := range d.Checks {
		rows[i] = text.Check{State: string(c.State), Name: c.Name, Detail: c.Detail, Hint: c.Hint}
	}
	_, err := fmt.Fprint(w, text.Checks(rows), "\n", verdict("capture", d.Capture, d.Checks), traceVerdict(d))
	return err
}

// traceVerdict is verdict for trace, which can do with less.
func traceVerdict(d *action.Diagnosis) string {
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
