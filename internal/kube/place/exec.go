package place

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/pktrail/pktrail/internal/kube"
)

// Target is a container of a pod.
type Target struct{ Namespace, Pod, Container string }

// String names it as kubectl does.
func (t Target) String() string { return t.Namespace + "/" + t.Pod }

// PlanExec says what Exec will create, for people.
func PlanExec(t Target, size int) string {
	return fmt.Sprintf("an agent of %.1f MB, uploaded into container %s of %s (its file is unlinked as it starts)", float64(size)/1e6, t.Container, t)
}

// Exec gives a Runner that uploads the agent with its first session. program
// is the agent for the node's architecture. The container needs a shell or tar,
// and a place to write to. The session's own process is told to the Runner
// afterwards by Rejoin.
func Exec(c *kube.Cluster, t Target, program []byte) *Runner {
	return &Runner{cluster: c, Namespace: t.Namespace, Pod: t.Pod, Container: t.Container, upload: program}
}

// Existing gives a Runner for an agent that is in the pod already, such as a
// sidecar.
func Existing(c *kube.Cluster, t Target) *Runner {
	return &Runner{cluster: c, Namespace: t.Namespace, Pod: t.Pod, Container: t.Container, program: []string{agentProgram}}
}

// Rejoin tells the process in which the session is: its file is unlinked, and
// /proc/PID/exe is the way to run it once more.
func (r *Runner) Rejoin(pid int) {
	if len(r.upload) > 0 && pid > 0 {
		r.program = []string{fmt.Sprintf("/proc/%d/exe", pid)}
	}
}

// script finds a folder to write to, and says how it will read the program:
// exactly so many bytes of stdin (H), so that the session can have the rest of
// it, or all of it (C), for a second exec to run. What it fails with goes to
// stderr. Its argument, if there is one, is the session's request.
const script = `f=
for d in /tmp /dev/shm /var/tmp /run /var/run ""; do
f=$d/.pktrail-%[1]s
(: >"$f") 2>/dev/null && chmod 700 "$f" 2>/dev/null && break
f=
done
[ -n "$f" ] || { echo "no folder can be written to" >&2; exit 121; }
if command -v head >/dev/null 2>&1; then
echo "H $f"
head -c %[2]d >"$f" || { rm -f "$f"; exit 122; }
"$f" own %[1]s %[3]s "$@"
s=$?
rm -f "$f"
exit $s
fi
echo "C $f"
cat >"$f" || { rm -f "$f"; exit 122; }
`

// start uploads the agent and runs the first session, in one exec where the
// container's shell allows that.
func (r *Runner) start(ctx context.Context, id string, s Stdio) error {
	var talk bytes.Buffer
	in := &uploading{program: r.upload, rest: s.In, way: make(chan struct{}), spoke: make(chan struct{})}
	out := &answering{to: s.Out, in: in}
	err := run(ctx, r.cluster, r.Namespace, r.Pod, r.Container,
		append([]string{"sh", "-c", fmt.Sprintf(script, id, len(r.upload), strings.Join(r.words(), " ")), "sh"}, r.request()...), Stdio{in, out, &talk})
	in.end()
	switch {
	case noProgram(err, "sh"):
		return r.byTar(ctx, id, s)
	case out.way == 'C' && err == nil:
		return run(ctx, r.cluster, r.Namespace, r.Pod, r.Container, r.own(out.file, id), s)
	}
	return explainUpload(err, talk.String(), s.Err)
}

// own is the command of an uploaded agent.
func (r *Runner) own(file, id string) []string {
	return slices.Concat([]string{file, "own", id}, r.words(), r.request())
}

// argvMost bounds a request among the arguments, which are a part of the exec's
// URL.
const argvMost = 2048

// request is the argument that spares a way there and back: what stands behind
// the program on stdin waits until the agent has spoken. A longer one waits.
func (r *Runner) request() []string {
	if len(r.of.Request) == 0 || len(r.of.Request) > argvMost {
		return nil
	}
	return []string{string(r.of.Request)}
}

// byTar needs no shell: tar keeps the mode that makes the file a program.
func (r *Runner) byTar(ctx context.Context, id string, s Stdio) error {
	name := ".pktrail-" + id
	archive, err := tarOf(name, r.upload)
	if err != nil {
		return err
	}
	var failed error
	for _, folder := range []string{"/tmp", "/dev/shm", "/var/tmp", "/run", "/"} {
		var talk bytes.Buffer
		err := run(ctx, r.cluster, r.Namespace, r.Pod, r.Container, []string{"tar", "-x", "-f", "-", "-C", folder}, Stdio{bytes.NewReader(archive), nil, &talk})
		switch {
		case err == nil:
			return run(ctx, r.cluster, r.Namespace, r.Pod, r.Container, r.own(strings.TrimSuffix(folder, "/")+"/"+name, id), s)
		case noProgram(err, "tar"):
			return &kube.Error{Err: errors.New("the container has neither a shell nor tar to upload with"), Tip: "--method node needs nothing in the container; --method ephemeral works where nodes are off limits"}
		case ctx.Err() != nil:
			return err
		}
		failed = explainUpload(err, talk.String(), s.Err)
	}
	return failed
}

// noProgram reports whether an exec failed because the container has no such
// program: the runtime's own words, since it never ran.
func noProgram(err error, name string) bool {
	if err == nil {
		return false
	}
	if code, ok := errors.AsType[*ExitError](err); ok {
		return code.Code == 127
	}
	text := err.Error()
	return strings.Contains(text, `"`+name+`"`) && (strings.Contains(text, "not found") || strings.Contains(text, "no such file"))
}

func explainUpload(err error, talk string, to io.Writer) error {
	code, ok := errors.AsType[*ExitError](err)
	if !ok {
		return err
	}
	talk = short(talk)
	switch code.Code {
	case 121:
		return &kube.Error{Err: errors.New("upload agent: " + talk), Tip: "a read-only container: --method node, or an emptyDir at /tmp"}
	case 122:
		return &kube.Error{Err: errors.New("upload agent: " + talk), Tip: "the container's disk may be full: --method node"}
	case 126:
		return &kube.Error{Err: errors.New("run agent: " + talk), Tip: "programs may not run from that folder (noexec): --method node"}
	}
	if to != nil && talk != "" {
		_, _ = io.WriteString(to, talk+"\n")
	}
	return err
}

// uploading is stdin of an upload: the program at once, what belongs to the
// session after the agent has spoken. head(1) may read more than it was asked
// for, so nothing may stand behind the program until then.
type uploading struct {
	program []byte
	rest    io.Reader
	whole   bool // stdin ends with the program

	once1, once2 sync.Once
	way, spoke   chan struct{} // closed when the shell has said the way, and when the agent has spoken
	ended        bool
}

// Read implements io.Reader.
func (u *uploading) Read(b []byte) (int, error) {
	if len(u.program) > 0 {
		n := copy(b, u.program)
		u.program = u.program[n:]
		return n, nil
	}
	if <-u.way; u.whole {
		return 0, io.EOF
	}
	<-u.spoke
	if u.ended || u.rest == nil {
		return 0, io.EOF
	}
	return u.rest.Read(b)
}

func (u *uploading) ready(whole bool) {
	u.once1.Do(func() { u.whole = whole; close(u.way) })
}

func (u *uploading) spoken() { u.once2.Do(func() { close(u.spoke) }) }

// end lets nobody wait for a shell that has gone.
func (u *uploading) end() {
	u.once2.Do(func() { u.ended = true; close(u.spoke) })
	u.once1.Do(func() { u.whole = true; close(u.way) })
}

// answering is stdout of an upload: one line of the shell, then the session's.
type answering struct {
	to   io.Writer
	in   *uploading
	line []byte
	way  byte // 'H', 'C'; 0 until the line is whole
	file string
}

// maxLine bounds the shell's line: a path.
const maxLine = 4200

// Write implements io.Writer.
func (a *answering) Write(b []byte) (int, error) {
	n := len(b)
	if a.way == 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			if a.line = append(a.line, b...); len(a.line) > maxLine {
				return 0, fmt.Errorf("upload agent: the container's shell says %q", a.line[:80])
			}
			return n, nil
		}
		way, file, ok := strings.Cut(string(append(a.line, b[:i]...)), " ")
		if !ok || way != "H" && way != "C" {
			return 0, fmt.Errorf("upload agent: the container's shell says %q", append(a.line, b[:i]...))
		}
		a.way, a.file = way[0], file
		a.in.ready(a.way == 'C')
		b = b[i+1:]
	}
	if len(b) > 0 {
		a.in.spoken()
		if _, err := a.to.Write(b); err != nil {
			return 0, err
		}
	}
	return n, nil
}
