package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
)

// lifetime is about how long a trace lives that is killed: it arms, follows a
// flood for a moment, and ends.
const lifetime = 1500 * time.Millisecond

// kills are the traces that are killed in turn.
func kills(r *road) [][]string {
	const short = "700ms"
	return [][]string{
		between(r.from, r.to, "-f", fmt.Sprint("port ", mainPort), "--count", "0", "--duration", short),
		between(r.from, r.to, "-f", fmt.Sprint("port ", mainPort), "--count", "0", "--duration", short, "--full"),
		append(between(r.from, r.to), "--port", "80", "--probe", "tcp"),
		{"netns:" + r.from.Name, "any", "--count", "0", "--duration", short, "-o", "/dev/null"},
		between(r.from, r.to, "--no-bpf", "--count", "0", "--duration", short),
	}
}

// killing kills traces at random moments of their lives, and prints what of
// them is still there afterwards.
func killing(ctx context.Context, r *road, o options, out io.Writer) error {
	times := 20
	if o.quick {
		times = 5
	}
	if o.pairs > 0 {
		times = o.pairs
	}
	remove, err := r.withChains(ctx) // rules are traced where there are some
	if err != nil {
		return err
	}
	defer remove()
	bad, armed := 0, 0
	for i := range times {
		k, err := r.kill(ctx, o, kills(r)[i%len(kills(r))])
		if err != nil {
			return err
		}
		if k.armed {
			armed++
		}
		if len(k.left) > 0 {
			bad++
			fmt.Fprintf(out, "LEFT after %v: trace %s\n", k.after, strings.Join(k.args, " "))
			for _, l := range k.left {
				fmt.Fprintln(out, " ", l)
			}
		}
		if o.verbose {
			fmt.Fprintf(out, "%v (armed: %v), gone after %v: %s\n", k.after.Round(time.Millisecond), k.armed, k.gone.Round(time.Millisecond), strings.Join(k.args, " "))
		}
	}
	fmt.Fprintf(out, "%d times SIGKILL at a random moment, %d of them after it was armed: %d left something. wanted: 0 %s\n", times, armed, bad, met(bad == 0))
	if bad > 0 {
		return errors.New("traces that were killed left something behind")
	}
	return nil
}

// killed is what was found of one trace.
type killed struct {
	args  []string
	after time.Duration // from its start to the signal
	armed bool
	gone  time.Duration // from its end until nothing was left
	left  []string      // what was there still after some seconds
}

// forgiven is how long the kernel may take: it frees programs and maps behind
// a grace period, in the background.
const forgiven = 5 * time.Second

// kill starts a trace, kills it before its end, and looks for what is left.
func (r *road) kill(ctx context.Context, o options, args []string) (k killed, err error) {
	s, err := r.datagrams()
	if err != nil {
		return k, err
	}
	defer s.close()
	before, err := r.traces()
	if err != nil {
		return k, err
	}
	for {
		k = killed{args: args, after: time.Duration(rand.Int64N(int64(lifetime)))}
		d := s.trickle(ctx, 5000, 2000) // what is followed
		t, err := o.launch(ctx, nil, nil, args...)
		if err != nil {
			return k, errors.Join(err, d.stop())
		}
		pause(ctx, k.after)
		alive := t.cmd.Process.Kill() == nil
		<-t.talked
		err = t.cmd.Wait()
		k.armed = len(t.armed) > 0
		if stopped := d.stop(); stopped != nil {
			return k, stopped
		}
		if ctx.Err() != nil {
			return k, ctx.Err()
		}
		if alive && bySignal(err) {
			break
		}
		// It was at its end already: once more.
	}
	err = k.look(ctx, r, before)
	return k, err
}

// look waits until nothing is left, or long enough.
func (k *killed) look(ctx context.Context, r *road, before traces) error {
	for began := time.Now(); ; pause(ctx, 10*time.Millisecond) {
		after, err := r.traces()
		if err != nil {
			return err
		}
		k.left, k.gone = after.beyond(before), time.Since(began)
		if len(k.left) == 0 || k.gone > forgiven || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func bySignal(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	st, ok := exit.Sys().(syscall.WaitStatus)
	return ok && st.Signaled() && st.Signal() == syscall.SIGKILL
}

// traces are what a trace could leave behind, in words.
type traces struct {
	tables  []string // of the lab's namespaces
	sockets []string // of the lab's namespaces
	bpf     []string // of the machine
}

// traces looks for all of it.
func (r *road) traces() (t traces, err error) {
	for _, name := range r.lab.Namespaces() {
		var b []byte
		err := lab.Do(name, func() (err error) {
			if b, err = exec.Command("nft", "list", "tables").CombinedOutput(); err != nil { //nolint:noctx // it ends in a moment
				return fmt.Errorf("nft: %w: %s", err, b)
			}
			sockets, err := socketsHere()
			for _, s := range sockets {
				t.sockets = append(t.sockets, name+": "+s)
			}
			return err
		})
		if err != nil {
			return t, fmt.Errorf("look into %s: %w", name, err)
		}
		for line := range bytes.Lines(b) {
			if bytes.Contains(line, []byte("pktrail")) {
				t.tables = append(t.tables, name+": "+strings.TrimSpace(string(line)))
			}
		}
	}
	t.bpf, err = objects()
	return t, err
}

// beyond is what there was not before.
func (t *traces) beyond(before traces) (list []string) {
	for _, pair := range [][2][]string{{t.tables, nil}, {t.sockets, before.sockets}, {t.bpf, before.bpf}} {
		for _, s := range pair[0] {
			if !slices.Contains(pair[1], s) {
				list = append(list, s)
			}
		}
	}
	return list
}
