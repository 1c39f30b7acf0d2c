package kube

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	authn "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// Loader gives what kubectl's flags and files say about a cluster;
// genericclioptions.ConfigFlags is one.
type Loader interface {
	ToRESTConfig() (*rest.Config, error)
	ToRawKubeConfigLoader() clientcmd.ClientConfig
}

// Cluster is an API server, as one user.
type Cluster struct {
	Client kubernetes.Interface
	// Config is how to reach the server.
	Config *rest.Config
	// Context is the kubeconfig's context; empty inside of a cluster.
	Context string
	// Namespace is that of -n, else the context's, else "default".
	Namespace string
}

// How much we ask of an API server at once: kubectl's own values. A trace of
// ten nodes asks a few dozen questions.
const (
	queries = 50
	burst   = 300
)

// Open reads the configuration. It asks the server nothing, so that a server
// that is away is told by the first question.
func Open(l Loader, agent string) (*Cluster, error) {
	raw := l.ToRawKubeConfigLoader()
	config, err := l.ToRESTConfig()
	if err != nil {
		if name, ok := noContext(err); ok {
			return nil, &Error{Err: fmt.Errorf("kubeconfig has no context %s", name), Tip: contexts(raw)}
		}
		return nil, noConfig(err)
	}
	quiet()
	if file, err := raw.RawConfig(); err == nil && len(file.Clusters) == 0 && strings.Contains(config.Host, nowhere) {
		return nil, noConfig(clientcmd.ErrEmptyConfig)
	}
	config = rest.CopyConfig(config)
	config.UserAgent = agent
	config.QPS, config.Burst = queries, burst
	// Streams live as long as a capture does, so nothing is limited as a whole:
	// questions have limits of their own.
	config.Timeout = 0
	config.WarningHandler = rest.NoWarnings{}
	asking := rest.CopyConfig(config)
	asking.Wrap(newTogether)
	client, err := kubernetes.NewForConfig(asking)
	if err != nil {
		return nil, noConfig(err)
	}
	c := &Cluster{Client: client, Config: config}
	if c.Namespace, _, err = raw.Namespace(); err != nil {
		return nil, noConfig(err)
	}
	if file, err := raw.RawConfig(); err == nil {
		c.Context = file.CurrentContext
	}
	if f, ok := l.(*genericclioptions.ConfigFlags); ok && f.Context != nil && *f.Context != "" {
		c.Context = *f.Context
	}
	return c, nil
}

// nowhere is what clients take for the server when nothing is configured.
const nowhere = "localhost:8080"

// quiet keeps client-go from writing to our screen: what matters comes back as
// errors too. The logger is the whole process's, and is set before anything is
// asked.
var quiet = sync.OnceFunc(func() { klog.SetLogger(logr.Discard()) })

// ErrNone says that no cluster is configured at all.
var ErrNone = errors.New("no cluster is configured")

// noConfig says that there is no cluster to ask.
func noConfig(err error) error {
	if clientcmd.IsEmptyConfig(err) || errors.Is(err, rest.ErrNotInCluster) {
		return &Error{Err: ErrNone, Tip: "set KUBECONFIG or --kubeconfig; on a node itself: netns:NAME, pid:N, container:ID or cri:NAMESPACE/POD"}
	}
	return &Error{Err: fmt.Errorf("read kubeconfig: %w", err), Tip: "kubectl config view shows what kubectl would use"}
}

// noContext reads the name of a context that is not there out of clientcmd's
// words, which have no type of their own.
func noContext(err error) (name string, ok bool) {
	_, quoted, found := strings.Cut(err.Error(), "context ")
	name, rest, cut := strings.Cut(strings.TrimPrefix(quoted, `"`), `"`)
	return name, found && cut && strings.HasPrefix(rest, " does not exist")
}

// contexts says which contexts there are, where they are few.
func contexts(raw clientcmd.ClientConfig) string {
	const few = 8
	file, err := raw.RawConfig()
	if n := len(file.Contexts); err != nil || n == 0 || n > few {
		return "kubectl config get-contexts lists the contexts"
	}
	return "its contexts: " + strings.Join(slices.Sorted(maps.Keys(file.Contexts)), ", ")
}

// questionTimeout bounds a single question to the server.
const questionTimeout = 15 * time.Second

// User asks the server who we are (SelfSubjectReview, Kubernetes 1.28).
// Empty where it does not say.
func (c *Cluster) User(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	r, err := c.Client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authn.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return ""
	}
	return r.Status.UserInfo.Username
}
