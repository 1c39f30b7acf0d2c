package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// running is a client while it runs.
type running struct {
	cmd   *exec.Cmd
	began time.Time
	talk  talk
	done  chan error
}

// start starts a program with our kubeconfig.
func (b *bench) start(ctx context.Context, argv ...string) (*running, error) {
	r := &running{done: make(chan error, 1)}
	r.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...)
	r.cmd.Env = append(os.Environ(), "KUBECONFIG="+b.cluster.Kubeconfig(), "TMPDIR="+b.dir)
	r.cmd.Stderr = &r.talk
	r.cmd.WaitDelay = 5 * time.Second
	r.began = time.Now()
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { r.done <- r.cmd.Wait() }()
	return r, nil
}

// capture starts pktrail capture of some pods.
func (b *bench) capture(ctx context.Context, pods []pod, args ...string) (*running, error) {
	argv := []string{b.Pktrail, "capture", "-n", b.space, "--agent-namespace", b.agents, "--min-free", "0", "--duration", "0", "--max-bytes", "0", "-f", floodFilter}
	for _, p := range pods {
		argv = append(argv, p.name)
	}
	return b.start(ctx, append(argv, args...)...)
}

// alive fails when the program has ended.
func (r *running) alive() error {
	select {
	case err := <-r.done:
		r.done <- err
		return errors.Join(fmt.Errorf("%s ended: %s", filepath.Base(r.cmd.Path), r.talk.String()), err)
	default:
		return nil
	}
}

// says waits for words on stderr.
func (r *running) says(ctx context.Context, what string) error {
	return until(ctx, time.Minute, strconv.Quote(what), func() (bool, error) {
		return strings.Contains(r.talk.String(), what), r.alive()
	})
}

// end sends Ctrl-C and waits.
func (r *running) end() error {
	_ = r.cmd.Process.Signal(os.Interrupt) // or it has ended
	err := <-r.done
	r.done <- err
	if err != nil {
		err = fmt.Errorf("%w: %s", err, r.talk.String())
	}
	return err
}

// kill ends what has no good end.
func (r *running) kill() {
	_ = r.cmd.Process.Kill()
	r.done <- <-r.done
}

// counts reads pktrail's summary, all targets together.
func counts(text string) (captured, missed int64, err error) {
	all := regexp.MustCompile(`(?m)([\d,]+) packets.*missed ([\d,]+)`).FindAllStringSubmatch(text, -1)
	if all == nil {
		return 0, 0, fmt.Errorf("no counts in %q", text)
	}
	for _, m := range all {
		c, _ := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
		l, _ := strconv.ParseInt(strings.ReplaceAll(m[2], ",", ""), 10, 64)
		captured, missed = captured+c, missed+l
	}
	return captured, missed, nil
}

// holdsPacket reports whether a file of either format has a packet in it.
func holdsPacket(name string) (bool, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	head, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil || len(head) < 4 {
		return false, err
	}
	if binary.LittleEndian.Uint32(head) != 0x0a0d0d0a { // pcap: 24 bytes of header, 16 for each packet
		return len(head) > 24+16, nil
	}
	for len(head) >= 12 {
		kind, n := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
		if kind == 6 { // an Enhanced Packet Block
			return true, nil
		}
		if n < 12 || int(n) > len(head) {
			break
		}
		head = head[n:]
	}
	return false, nil
}

// talk is what a program says on stderr, and may be read meanwhile.
type talk struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *talk) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(b)
}

func (t *talk) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
