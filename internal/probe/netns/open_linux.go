package netns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Open finds the target and opens its network namespace, without entering
// it. What does not exist is a *NotFoundError with the names that do; several
// containers with the same beginning of an id are an *AmbiguousError; a file
// that is none is a *NotNamespaceError; what the kernel refuses is a
// *PermissionError. The caller closes the Namespace.
func Open(ctx context.Context, t Target, o Options) (*Namespace, error) {
	e := newEnv(o)
	n, err := e.open(ctx, t)
	if err != nil {
		return nil, err
	}
	n.Target = t
	return n, nil
}

func (e env) open(ctx context.Context, t Target) (*Namespace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch t.Kind {
	case Netns:
		return e.openNamed(t.Value)
	case Pid:
		pid, err := strconv.Atoi(t.Value)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", t, err)
		}
		return e.openPID(pid, 0)
	case Container:
		return e.openContainer(ctx, t.Value)
	case CRI:
		return e.openCRI(ctx, t.Value)
	case Interface:
		return e.openInterface(t.Value)
	case Kube:
		return e.openKube(ctx, t.Pod())
	case Self:
		return e.openSelf(t.Value)
	case Host:
		return e.openHost()
	}
	return nil, fmt.Errorf("open %s: %w", t, errors.ErrUnsupported)
}

// openNamed opens netns:NAME and netns:/PATH.
func (e env) openNamed(value string) (*Namespace, error) {
	paths := []string{value}
	if !strings.HasPrefix(value, "/") {
		paths = paths[:0]
		for _, dir := range e.nameDirs() {
			paths = append(paths, filepath.Join(dir, value))
		}
	}
	var refused error
	for _, path := range paths {
		f, inode, err := openFile(path)
		if err == nil {
			return &Namespace{
				Label: filepath.Base(value), Inode: inode, HostNetwork: e.isMachine(inode), file: f, env: e,
			}, nil
		}
		// Where process 1 may not be looked into, nothing is missed that
		// the other directories do not have.
		hidden := !strings.HasPrefix(value, "/") && strings.HasPrefix(path, string(e.proc)) && errors.Is(err, fs.ErrPermission)
		if refused == nil && !hidden && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
			refused = e.namedError(value, path, err)
		}
	}
	if refused != nil {
		return nil, refused
	}
	nf := &NotFoundError{What: "network namespace " + value, instead: "no namespace has a name here; pid:N and container:ID need none"}
	for _, n := range e.names() {
		nf.Names = append(nf.Names, n.name)
	}
	nf.Names = firstNames(nf.Names)
	return nil, nf
}

func (e env) namedError(value, path string, err error) error {
	var not *NotNamespaceError
	switch {
	case errors.As(err, &not):
		not.named = !strings.HasPrefix(value, "/") || strings.HasPrefix(value, "/run/netns/")
		return not
	case errors.Is(err, fs.ErrPermission) && strings.HasPrefix(path, string(e.proc)+"/"):
		return &PermissionError{Op: "open network namespace " + value, Capability: "CAP_SYS_PTRACE", Err: err}
	case errors.Is(err, fs.ErrPermission):
		return &PermissionError{Op: "open network namespace " + value, Capability: "CAP_DAC_READ_SEARCH", Err: err}
	}
	return fmt.Errorf("open network namespace %s: %w", value, err)
}

// openInterface opens our own namespace after a look that the interface is
// in it.
func (e env) openInterface(name string) (*Namespace, error) {
	n, err := e.openOwn()
	if err != nil {
		return nil, err
	}
	devices, err := n.devices()
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	nf := &NotFoundError{What: "interface " + name}
	for _, d := range devices {
		if d.HasName(name) {
			n.device = d.Interface
			return n, nil
		}
		nf.Names = append(nf.Names, d.Interface)
	}
	nf.Names = firstNames(nf.Names)
	return nil, errors.Join(nf, n.Close())
}

func (e env) openOwn() (*Namespace, error) {
	f, inode, err := openFile(ownNS)
	if err != nil {
		return nil, fmt.Errorf("open our own network namespace: %w", err)
	}
	return &Namespace{Label: e.node, Inode: inode, PID: os.Getpid(), HostNetwork: true, file: f, env: e}, nil
}

// openHost opens the namespace of process 1, the machine's; where that may
// not be read, our own.
func (e env) openHost() (*Namespace, error) {
	f, inode, err := openFile(e.proc.netns(1))
	if err != nil {
		return e.openOwn()
	}
	return &Namespace{Label: e.node, Inode: inode, PID: 1, HostNetwork: true, file: f, env: e}, nil
}

// File is the namespace's descriptor, for setns(2). It belongs to the
// Namespace.
func (n *Namespace) File() *os.File { return n.file }

// Close ends the hold on the namespace. Sockets that were opened in it stay.
func (n *Namespace) Close() error { return n.file.Close() }
