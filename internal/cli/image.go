package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

func newImage(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "image",
		Short:   "The agent's container image: save it into a file, push it to a registry",
		GroupID: groupMore,
		Long: `Makes the image that agents run from on a cluster's nodes. This program carries
all that it consists of: nothing is downloaded.
`,
		Args: onlyArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImageSave(s), newImagePush(s))
	return cmd
}

func newImageSave(s Streams) *cobra.Command {
	o := action.ImageOptions{Version: version}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "save FILE",
		Short: "Write the image into an archive; - is stdout",
		Long: `Writes the image into an archive that container engines load without a
registry. On a node of a cluster:

  ctr -n k8s.io images import FILE     containerd (k3s ctr images import FILE)
  podman load -i FILE                  cri-o
  docker load -i FILE                  Docker
`,
		Example: "  pktrail image save agent.tar --platform linux/arm64",
		Args:    exactArgs("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := action.SaveImage(args[0], s.Out, o)
			switch {
			case err != nil:
				return err
			case asJSON && args[0] != "-":
				return writeJSON(s.Out, r)
			}
			fmt.Fprintf(s.Err, "%s: %s for %s, %s\n", args[0], r.Name, strings.Join(r.Platforms, ", "), r.Digest)
			return nil
		},
	}
	imageFlags(cmd, &o, &asJSON)
	cmd.Flags().StringVar(&o.Name, "image", "", "name in the archive; as agents are started from it if empty")
	return cmd
}

func newImagePush(s Streams) *cobra.Command {
	o := action.ImageOptions{Version: version}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "push REGISTRY/PATH:TAG",
		Short: "Put the image into a registry",
		Long: `Puts the image into a registry, for all platforms at once. Credentials are
those of docker login and podman login.
`,
		Example: "  pktrail image push registry.example.org/tools/pktrail-agent:1\n  pktrail capture web --image registry.example.org/tools/pktrail-agent:1",
		Args:    exactArgs("REGISTRY/PATH:TAG"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := action.PushImage(cmd.Context(), args[0], o, nil)
			switch {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(s.Out, r)
			}
			fmt.Fprintf(s.Out, "%s@%s\n", r.Name, r.Digest)
			fmt.Fprintf(s.Err, "for %s; agents start from it by --image %s\n", strings.Join(r.Platforms, ", "), args[0])
			return nil
		},
	}
	imageFlags(cmd, &o, &asJSON)
	cmd.Flags().BoolVar(&o.PlainHTTP, "plain-http", false, "speak to the registry without TLS")
	return cmd
}

func imageFlags(cmd *cobra.Command, o *action.ImageOptions, asJSON *bool) {
	cmd.Flags().StringSliceVar(&o.Platforms, "platform", nil, "only these of "+strings.Join(action.ImagePlatforms(), ", "))
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON")
}

// exactArgs wants one argument.
func exactArgs(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return action.Usage(cmd.UseLine(), fmt.Errorf("%s is missing", name))
		}
		return onlyArgs(1)(cmd, args)
	}
}
