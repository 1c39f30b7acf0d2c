package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/pktrail/pktrail/test/bench/cluster"
)

// onCluster are the figures of a cluster, where one is up.
func onCluster(ctx context.Context, o options, out io.Writer) error {
	// Without SIGPIPE, which is a closed connection here.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := cluster.Figures(ctx, cluster.Options{
		Pktrail: o.pktrail, Tcpdump: o.tcpdump, Only: o.only, Pairs: o.pairs, Seconds: o.seconds, Verbose: o.verbose,
	}, out)
	if errors.Is(err, cluster.ErrNone) {
		fmt.Fprintln(out, "no cluster is up: make cluster-up")
		return nil
	}
	return err
}

// asKsniff is a process of its own, as ksniff is.
func asKsniff(ctx context.Context, args []string) error {
	if len(args) != 5 {
		return errors.New("KUBECONFIG NAMESPACE POD TCPDUMP OUTPUT")
	}
	ctx = context.WithoutCancel(ctx) // a SIGPIPE, which ends the bench, is a closed connection here
	return cluster.Ksniff(ctx, args[0], args[1], args[2], args[3], args[4])
}
