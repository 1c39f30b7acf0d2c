package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/pktrail/pktrail/internal/lab"
)

// LabUp makes a lab.
func LabUp(ctx context.Context, o lab.Options) (*lab.Lab, error) {
	l, err := lab.Up(ctx, o)
	return l, explainLab(err)
}

// LabList gives every lab on this machine, broken ones included.
func LabList() ([]*lab.Lab, error) {
	all, err := lab.List()
	return all, explainLab(err)
}

// LabDown removes a lab, or what is left of one. It returns the processes
// that still live in its namespaces, which go with the last of them.
func LabDown(name string) ([]lab.Process, error) {
	left, err := lab.Down(name)
	return left, explainLab(err)
}

// LabExec runs a program in the namespace of a pod or node, in whichever lab
// that is, and returns its exit code.
func LabExec(ctx context.Context, where string, argv []string, in io.Reader, out, err io.Writer) (int, error) {
	all, e := lab.List()
	if e != nil {
		return 0, explainLab(e)
	}
	var missing error = &lab.NotFoundError{What: "pod or node", Name: where}
	for _, l := range all {
		if _, missing = l.Resolve(where); missing == nil {
			code, e := l.Exec(ctx, where, argv, lab.Stdio{In: in, Out: out, Err: err})
			return code, explainLab(e)
		}
	}
	return 0, explainLab(missing)
}

func explainLab(err error) error {
	if err == nil {
		return nil
	}
	out := &Error{Err: err}
	if e, ok := errors.AsType[*lab.ExistsError](err); ok {
		out.Hint = "pktrail lab down --name " + e.Name + " removes it; --name NEW makes another beside it"
		if e.Foreign {
			out.Hint = "--name NEW makes the lab under another name"
		}
		return out
	}
	if _, ok := errors.AsType[*lab.NotFoundError](err); ok {
		out.Hint = "pktrail lab list shows what there is; pktrail lab up makes a lab"
		return out
	}
	if e, ok := errors.AsType[*lab.OptionError](err); ok {
		out.Usage, out.Err = true, fmt.Errorf("no lab can have %s %q", e.Option, e.Value)
		out.Hint = "it must be " + e.Want
		return out
	}
	if _, ok := errors.AsType[*lab.KernelError](err); ok {
		out.Hint = "another flavour does without: flannel, ptp, calico, macvlan"
		return out
	}
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EPERM) {
		out.Hint = "a lab needs CAP_SYS_ADMIN and CAP_NET_ADMIN: run it as root, or with sudo"
		return out
	}
	return explain(err)
}

// Lab is a small cluster made of network namespaces.
type Lab = lab.Lab

// LabOptions say what lab to make.
type LabOptions = lab.Options

// LabFlavour is a way to connect pods.
type LabFlavour = lab.Flavour
