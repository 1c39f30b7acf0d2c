package machine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Service is one of a machine's daemons.
type Service struct {
	Name string
	// After is a unix socket that has to listen first, or empty.
	After string
	Argv  []string
	Log   string
	// Again is how often it is started again when it ends, as systemd would: a
	// kubelet gives up where a runtime listens that is not ready yet.
	Again int
}

// againAfter is the pause before a service is started again.
const againAfter = 500 * time.Millisecond

// Run is what a first process does after Enter: it starts the services, buries
// orphans, and returns when one of the services has ended for good.
func Run(services ...Service) error {
	children := make(chan os.Signal, 1)
	signal.Notify(children, unix.SIGCHLD)
	running := map[int]*Service{}
	start := func(s *Service) error {
		pid, err := s.start()
		if err != nil {
			return fmt.Errorf("start %s: %w", s.Name, err)
		}
		running[pid] = s
		return nil
	}
	for i := range services {
		if err := start(&services[i]); err != nil {
			return err
		}
	}
	for range children {
		for {
			s, how := bury(running)
			if s == nil {
				break
			}
			if s.Again == 0 {
				return errors.New(how)
			}
			s.Again--
			time.Sleep(againAfter)
			if err := start(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// start does not wait for the daemon's end: bury does that for all.
func (s *Service) start() (int, error) {
	if s.After != "" {
		if err := Listening(s.After, time.Minute); err != nil {
			return 0, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(s.Log), 0o755); err != nil {
		return 0, err
	}
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd := &exec.Cmd{Path: s.Argv[0], Args: s.Argv, Dir: "/", Env: Environment(), Stdout: log, Stderr: log}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	return cmd.Process.Pid, nil
}

// bury collects children that have ended, adopted ones too, until one of them
// is a service.
func bury(services map[int]*Service) (ended *Service, how string) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return nil, ""
		}
		if s, ok := services[pid]; ok {
			delete(services, pid)
			return s, fmt.Sprintf("%s ended: exit status %d, signal %d", s.Name, status.ExitStatus(), status.Signal())
		}
	}
}

// Listening waits until somebody accepts connections on a unix socket.
func Listening(socket string, limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("unix", socket) //nolint:noctx // a local socket answers at once or not at all
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait for socket: %w", err)
		}
	}
}
