package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	command  string
	against  string
	buffer   int
	timeout  time.Duration
	quick    bool
	verbose  bool
	packages bool
	only     string
	pairs    int
	seconds  float64
}

func main() {
	var o options
	drive := flag.String("drive", "", "act as the bare capture on this interface (internal)")
	flag.StringVar(&o.command, "command", "", "capture to measure; {if} and {buffer} (bytes) are filled in; it runs in the receiving namespace. "+
		"Default: ./pktrail if it was built, else the bare ring reader and writer. \"bare\" is that reader")
	flag.StringVar(&o.against, "against", "tcpdump -i {if} -n -w /dev/null -B {kib}", "capture to compare with")
	flag.IntVar(&o.buffer, "buffer", 32<<20, "ring in bytes")
	flag.DurationVar(&o.timeout, "timeout", 0, "block timeout of the bare reader")
	flag.BoolVar(&o.quick, "quick", false, "fewer and shorter runs: below a minute")
	flag.BoolVar(&o.verbose, "v", false, "print each run on stderr")
	flag.BoolVar(&o.packages, "packages", true, "run the benchmarks of the packages too")
	flag.StringVar(&o.only, "only", "", "only loads whose name contains this")
	flag.IntVar(&o.pairs, "pairs", 0, "pairs of runs for each load")
	flag.Float64Var(&o.seconds, "seconds", 0, "length of each run")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *drive != "" {
		err = bare(ctx, *drive, o)
	} else {
		err = run(ctx, o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	if err := o.choose(); err != nil {
		return err
	}
	bed, err := newBed()
	if err != nil {
		return err
	}
	defer bed.close()
	fmt.Fprintf(out, "A: %s\nB: %s\n%s\n\n", o.command, o.against, machine())
	t := newTable(out)
	for _, l := range loads(o) {
		if !strings.Contains(l.name, o.only) {
			continue
		}
		r, err := compare(ctx, bed, o, l)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		t.row(l, r)
	}
	t.end()
	if fileExists("./pktrail-agent") {
		agent, other, err := agentPeak(ctx, bed, o)
		if err != nil {
			return fmt.Errorf("agent: %w", err)
		}
		fmt.Fprintf(out, "\npeak memory behind a pipe, ring included: pktrail-agent %.1f MiB, tcpdump %.1f MiB\n", float64(agent)/1024, float64(other)/1024)
	}
	if o.packages {
		return packages(ctx, o, out)
	}
	return nil
}

// choose fills in the commands.
func (o *options) choose() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bareCommand := fmt.Sprintf("%s -drive {if} -buffer {buffer} -timeout %v", self, o.timeout)
	switch {
	case o.command == "bare":
		o.command = bareCommand
	case o.command != "":
	case fileExists("./pktrail"):
		o.command = "./pktrail capture if:{if} -o /dev/null --buffer {buffer} --duration 0 --max-bytes 0"
	default:
		o.command = bareCommand
	}
	name := strings.Fields(o.against)[0]
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("nothing to compare with: %w", err)
	}
	if os.Geteuid() != 0 {
		return errors.New("needs root, for namespaces and packet sockets")
	}
	return nil
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
