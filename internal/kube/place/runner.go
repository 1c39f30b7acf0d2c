package place

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"

	"github.com/pktrail/pktrail/internal/kube"
)

// Stdio are the ends of a program that runs elsewhere. Those that are nil are
// not connected.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Runner runs commands of an agent that is in place.
type Runner struct {
	cluster *kube.Cluster
	// Namespace, Pod and Container are where it is.
	Namespace, Pod, Container string
	// program are the words that come before the agent's arguments.
	program []string
	// upload is the program that has to be brought there with the first session.
	upload []byte
	// of is what one session wants.
	of Session
}

// Session is what one session wants of an agent.
type Session struct {
	// Request is what it will be asked for. An agent that is uploaded is told
	// along with that, and need not wait for the session to ask, which it does
	// all the same.
	Request []byte
	// Compress says whether streams are packed: auto, on or off; empty is the
	// agent's default.
	Compress string
	// Room is how many bytes of a stream an agent keeps until they are
	// acknowledged, which is as many as can wait here; 0 is the agent's default.
	Room int
	// Running is true for an agent of this version that has had a session: one
	// that does not answer at once has ended.
	Running bool
}

// For gives a Runner for one session.
func (r *Runner) For(s Session) *Runner {
	one := *r
	one.of = s
	return &one
}

// ExitError is a program's exit code other than 0.
type ExitError struct{ Code int }

// Error implements error.
func (e *ExitError) Error() string { return fmt.Sprintf("exit code %d", e.Code) }

// Attach runs `attach SESSION SEQUENCE`: the session's stdin and stdout.
func (r *Runner) Attach(ctx context.Context, session string, seq uint64, io Stdio) error {
	if len(r.upload) > 0 && len(r.program) == 0 {
		if seq > 0 {
			return errNoProcess
		}
		return r.start(ctx, session, io)
	}
	args := append(append([]string(nil), r.program...), "attach", session, fmt.Sprint(seq))
	args = append(args, r.words()...)
	if r.of.Running {
		args = append(args, "--running")
	}
	if len(r.upload) > 0 {
		args = append(args, "--socket", "@pktrail-"+session)
	}
	err := run(ctx, r.cluster, r.Namespace, r.Pod, r.Container, args, io)
	if len(r.upload) > 0 && noProgram(err, r.program[0]) {
		return errNoProcess
	}
	return err
}

// words are the flags of every command. None of them means anything to a shell.
func (r *Runner) words() (list []string) {
	if r.of.Compress != "" {
		list = append(list, "--compress", r.of.Compress)
	}
	if r.of.Room > 0 {
		list = append(list, "--room", strconv.Itoa(r.of.Room))
	}
	return list
}

// errNoProcess is an uploaded agent that went before it said its name.
var errNoProcess = &kube.Error{Err: errors.New("the uploaded agent is gone")}

// run runs a program in a container, until it ends or the context does. An
// exit code other than 0 is an *ExitError.
func run(ctx context.Context, c *kube.Cluster, namespace, pod, container string, args []string, s Stdio) error {
	u := c.Client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: container, Command: args,
			Stdin: s.In != nil, Stdout: s.Out != nil, Stderr: s.Err != nil,
		}, scheme.ParameterCodec).URL()
	x, err := executor(c.Config, u)
	if err != nil {
		return err
	}
	err = x.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: s.In, Stdout: s.Out, Stderr: s.Err})
	if code, ok := errors.AsType[exec.CodeExitError](err); ok {
		return &ExitError{code.Code}
	}
	return err
}

// executor speaks WebSocket, and SPDY to servers and proxies that do not: as
// kubectl does. Asking by WebSocket is a GET, by SPDY a POST, so a role needs
// the verbs get and create on pods/exec.
func executor(config *rest.Config, u *url.URL) (remotecommand.Executor, error) {
	spdy, err := remotecommand.NewSPDYExecutor(config, "POST", u)
	if err != nil {
		return nil, fmt.Errorf("prepare exec: %w", err)
	}
	ws, err := remotecommand.NewWebSocketExecutor(config, "GET", u.String())
	if err != nil {
		return nil, fmt.Errorf("prepare exec: %w", err)
	}
	return remotecommand.NewFallbackExecutor(ws, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}
