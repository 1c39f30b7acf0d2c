package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// agentPeak is the peak of the resident memory, in KiB, of the agent and of
// tcpdump, each behind a pipe as it runs on a node, with the same ring and the
// same flood.
func agentPeak(ctx context.Context, b *bed, o options) (agent, other int, err error) {
	request := fmt.Sprintf(`{"version":1,"capture":{"targets":["if:%s"],"buffer":%d}}`, rxName, o.buffer)
	if agent, err = peakBehindPipe(ctx, b, request, "./pktrail-agent"); err != nil {
		return 0, 0, err
	}
	other, err = peakBehindPipe(ctx, b, "", "tcpdump", "-i", rxName, "-n", "-w", "-", "-B", fmt.Sprint(o.buffer>>10))
	return agent, other, err
}

func peakBehindPipe(ctx context.Context, b *bed, request string, argv ...string) (peak int, err error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := b.inside(b.rx, cmd.Start); err != nil {
		return 0, err
	}
	read := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, stdout)
		read <- err
	}()
	if _, err := io.WriteString(stdin, request+"\n"); err != nil {
		return 0, err
	}
	if err := b.awaitArmed(ctx, cmd.Process.Pid); err != nil {
		return 0, fmt.Errorf("%w: %s", err, talk.Bytes())
	}
	if _, err := b.send(ctx, load{name: "flood", sizes: mixed(), lasts: time.Second}); err != nil {
		return 0, err
	}
	peak = peakOf(cmd.Process.Pid)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return 0, err
	}
	if err := <-read; err != nil {
		return 0, err
	}
	if err := cmd.Wait(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, talk.Bytes())
	}
	return peak, nil
}
