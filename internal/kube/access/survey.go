package access

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/pktrail/pktrail/internal/kube"
)

// State is an answer that may not have been had.
type State string

// The answers.
const (
	Yes     State = "ok"
	No      State = "no"
	Unknown State = "unknown"
)

// Survey is what will work on a cluster, and what will not be seen there.
type Survey struct {
	// Context of the kubeconfig; empty inside of a cluster. Server is the API
	// server's address, Version its own.
	Context string `json:"context,omitempty"`
	Server  string `json:"server"`
	Version string `json:"version,omitempty"`
	// User is who we are there, and Groups what else counts as us; empty if
	// the server does not say (before Kubernetes 1.28).
	User   string   `json:"user,omitempty"`
	Groups []string `json:"groups,omitempty"`
	// Methods are the ways in, with the rights that are missing.
	Methods []MethodState `json:"methods"`
	// Namespaces are those of targets and that of agents, with their
	// PodSecurity.
	Namespaces []NamespaceState `json:"namespaces"`
	Nodes      []NodeState      `json:"nodes,omitempty"`
	// Networks are the CNI plugins that nodes name: "Cilium", "Flannel".
	Networks []string   `json:"networks,omitempty"`
	Image    ImageState `json:"image"`
	// Blind is what no capture or trace will see, with the reasons.
	Blind []Blind `json:"blind,omitempty"`
	// Unasked is what could not be asked, and why.
	Unasked []string `json:"unasked,omitempty"`
	// Warning is what everybody should know who grants these rights.
	Warning string `json:"warning"`
}

// Warning is said wherever rights are.
const Warning = "who may exec into an agent reads every pod on its node; who may create Jobs in its namespace can run anything on any node"

// Ways are the ways in that work, or may.
func (s *Survey) Ways() []Method {
	var out []Method
	for i := range s.Methods {
		switch m := &s.Methods[i]; m.Method {
		case MethodNode, MethodExec, MethodEphemeral:
			if m.State != No {
				out = append(out, m.Method)
			}
		}
	}
	return out
}

// MethodState says whether a way in works, by our rights and what admission
// says.
type MethodState struct {
	Method Method `json:"method"`
	State  State  `json:"state"`
	// Missing are rights without which it does not work, as "create jobs.batch
	// in namespace pktrail"; Optional those without which it works less well,
	// each with what is lost.
	Missing  []string `json:"missing,omitempty"`
	Optional []string `json:"optional,omitempty"`
	// Why says what is in the way beside rights.
	Why string `json:"why,omitempty"`
	// Hint is what helps.
	Hint string `json:"hint,omitempty"`
	// Lacks and Less are Missing and Optional in a line each, without what is
	// lost.
	Lacks string `json:"-"`
	Less  string `json:"-"`
}

// Blind is something that cannot be seen.
type Blind struct {
	// What: "hostNetwork", "Cilium host routing", "Kata".
	What string `json:"what"`
	// Where: "12 nodes", "shop/agent and 3 more".
	Where string `json:"where,omitempty"`
	// Why says what is not seen, and what is.
	Why string `json:"why"`
	// Sure is false if it depends on what could not be asked.
	Sure bool `json:"sure"`
}

// Options say what a survey looks at.
type Options struct {
	Where
	// Image is the agent's.
	Image string
}

// survey is a Survey that is being made, by several at once.
type survey struct {
	mu sync.Mutex
	Survey
}

func (s *survey) with(do func(*Survey)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.Survey)
}

// unasked notes a question that was not answered.
func (s *survey) unasked(err error, doing string) {
	s.with(func(s *Survey) { s.Unasked = append(s.Unasked, kube.Explain(err, doing).Error()) })
}

// Look surveys a cluster. It changes nothing. It errs if the server cannot be
// asked at all; what may not be read is in Unasked.
func Look(ctx context.Context, c *kube.Cluster, o Options) (*Survey, error) {
	version, err := version(ctx, c)
	if err != nil && !apierrors.IsForbidden(err) {
		return nil, kube.Explain(err, "ask the API server for its version")
	}
	s := &survey{Survey: Survey{Context: c.Context, Server: c.Config.Host, Version: version, Warning: Warning}}
	results := map[Method]*Result{}
	var wait sync.WaitGroup
	for _, m := range Methods() {
		wait.Go(func() {
			r, err := Check(ctx, c.Client, m, o.Where)
			if err != nil {
				s.unasked(err, "ask for rights")
			}
			s.with(func(*Survey) { results[m] = r })
		})
	}
	look := looker{s, c.Client}
	wait.Go(func() { look.user(ctx) })
	wait.Go(func() { look.nodes(ctx, o.Image) })
	wait.Go(func() { look.namespaces(ctx, o.Where) })
	wait.Go(func() { look.network(ctx) })
	handlers := sync.OnceValue(func() map[string]string { return look.handlers(ctx) })
	for _, ns := range o.Targets {
		wait.Go(func() { look.pods(ctx, ns, handlers()) })
	}
	wait.Wait()
	for _, m := range Methods() {
		s.Methods = append(s.Methods, s.method(m, results[m]))
	}
	s.order()
	return &s.Survey, ctx.Err()
}

// version asks with a limit of its own: client-go's question has none.
func version(ctx context.Context, c *kube.Cluster) (string, error) {
	type said struct {
		text string
		err  error
	}
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	done := make(chan said, 1)
	go func() {
		v, err := c.Client.Discovery().ServerVersion()
		if err != nil {
			done <- said{err: err}
			return
		}
		done <- said{text: v.GitVersion}
	}()
	select {
	case v := <-done:
		return v.text, v.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// method joins rights and admission.
func (s *survey) method(m Method, r *Result) MethodState {
	out := MethodState{Method: m, State: Unknown}
	if r == nil {
		return out
	}
	out.State, out.Lacks, out.Less = Yes, Words(r.Missing), Words(r.Optional)
	for _, l := range r.Optional {
		out.Optional = append(out.Optional, l.String()+": "+l.Right.Why)
	}
	if len(r.Missing) > 0 {
		out.State, out.Hint = No, r.Hint()
		for _, l := range r.Missing {
			out.Missing = append(out.Missing, l.String())
		}
	}
	for i := range s.Namespaces {
		n := &s.Namespaces[i]
		if why, hint := n.refuses(m); why != "" {
			out.State, out.Why = No, why
			if out.Hint == "" {
				out.Hint = hint
			}
		}
	}
	return out
}
