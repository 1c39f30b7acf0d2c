package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

func newLab(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "lab",
		Short:   "Small clusters of network namespaces to try things and break things in",
		GroupID: groupMore,
		Long: `Makes small clusters of network namespaces on this machine: nodes, pods, and
the network between them as flannel, Calico or a plain CNI plugin sets it up.
Nothing is touched outside of them.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return action.Usage("pktrail lab up, list, exec or down", fmt.Errorf("unknown command %q", "lab "+args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLabUp(s), newLabList(s), newLabExec(s), newLabDown(s))
	return cmd
}

func newLabUp(s Streams) *cobra.Command {
	var o action.LabOptions
	cmd := &cobra.Command{
		Use:     "up [flannel|ptp|calico|macvlan|ipvlan]",
		Short:   "Make a lab",
		Example: "  pktrail lab up flannel\n  pktrail lab up calico --nodes 3 --name big",
		Args:    onlyArgs(1),
		ValidArgs: []cobra.Completion{
			"flannel", "ptp", "calico", "macvlan", "ipvlan",
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "name"); err != nil {
				return err
			}
			if o.Nodes == 0 || o.Pods == 0 {
				return action.Usage("--nodes and --pods are at least 1", errors.New("a lab of nothing"))
			}
			if len(args) == 1 {
				o.Flavour = action.LabFlavour(args[0])
			}
			l, err := action.LabUp(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "%s lab %s is up\n", l.Flavour, l.Name)
			return writeLab(s.Out, l)
		},
	}
	cmd.Flags().IntVar(&o.Nodes, "nodes", 2, "number of nodes")
	cmd.Flags().IntVar(&o.Pods, "pods", 2, "number of pods on each node")
	cmd.Flags().StringVar(&o.Name, "name", "pkl", "name that all of its namespaces begin with")
	return cmd
}

func newLabList(s Streams) *cobra.Command {
	var asJSON bool
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "The labs on this machine: nodes, pods, addresses, devices",
		Args:  onlyArgs(0),
		RunE: func(*cobra.Command, []string) error {
			if format != "" && format != "json" {
				return action.Usage("lab list -o json, or --json", fmt.Errorf("no output format %q", format))
			}
			labs, err := action.LabList()
			if err != nil {
				return err
			}
			if asJSON || format == "json" {
				for _, l := range labs {
					if err := writeJSON(s.Out, l); err != nil {
						return err
					}
				}
				return nil
			}
			if len(labs) == 0 {
				fmt.Fprintln(s.Err, "no lab here; pktrail lab up makes one")
			}
			for _, l := range labs {
				fmt.Fprintf(s.Out, "%s lab %s is %s\n", l.Flavour, l.Name, l.State)
				if err := writeLab(s.Out, l); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON per lab")
	cmd.Flags().StringVarP(&format, "output", "o", "", "json is the same as --json")
	return cmd
}

func newLabExec(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exec POD|NODE -- COMMAND [ARG...]",
		Short: "Run a program in the network namespace of a pod or node",
		Long: `Runs a program in the network namespace of a pod or node. Its exit code is
that of the program, 128 and the signal's number if one killed it.`,
		Example: "  pktrail lab exec pkl-node1-pod1 -- ping 10.244.2.2",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 && args[1] == "--" {
				args = slices.Delete(args, 1, 2)
			}
			if len(args) < 2 || cmd.ArgsLenAtDash() == 0 {
				return action.Usage("pktrail lab exec pkl-node1-pod1 -- ping 10.244.2.2", errors.New("a pod and a command are needed"))
			}
			code, err := action.LabExec(cmd.Context(), args[0], args[1:], s.In, s.Out, s.Err)
			if err != nil {
				return err
			}
			if code != 0 {
				return exitError(code)
			}
			return nil
		},
	}
	cmd.Flags().SetInterspersed(false) // what stands behind the pod belongs to the program
	return cmd
}

func newLabDown(s Streams) *cobra.Command {
	name := ""
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Remove a lab, whole or half",
		Args:  onlyArgs(0),
		RunE: func(*cobra.Command, []string) error {
			left, err := action.LabDown(name)
			for _, p := range left {
				fmt.Fprintf(s.Err, "note: process %d (%s) still lives in %s, which goes with it\n", p.PID, p.Command, p.Namespace)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Out, "lab %s is down\n", name)
			return err
		},
	}
	cmd.Flags().StringVar(&name, "name", "pkl", "name of the lab")
	return cmd
}
