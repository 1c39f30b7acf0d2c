package find

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Choice is something that may be named as a target.
type Choice struct {
	// Namespace it is in; empty for nodes and for the beginning of a target.
	Namespace string
	// Target as it is typed: "web-x2k8l", "deploy/web", or "deploy/" where a
	// name is still to come.
	Target string
	// About tells a pod's state, its address and node, for people.
	About string
}

// Complete lists what a target that begins with these letters may become, in
// alphabetical order: names of pods and kinds, or, behind KIND/, names of that
// kind, without pktrail's own agents. It is bounded to one page, and silent
// about what may not be listed.
func Complete(ctx context.Context, client kubernetes.Interface, prefix, namespace string) []Choice {
	f := &finder{client: client, q: Query{Namespace: namespace}}
	word, name, has := strings.Cut(prefix, "/")
	if !has {
		out := f.choices(ctx, kindPod, prefix, "")
		for _, k := range kinds() {
			for _, w := range append([]string{string(k)}, k.words()...) {
				if strings.HasPrefix(w, prefix) {
					out = append(out, Choice{Target: w + "/"})
					break
				}
			}
		}
		return out
	}
	k, ok := kindOf(word)
	if !ok {
		return nil
	}
	return f.choices(ctx, k, name, word+"/")
}

// Containers lists the containers of the pods that a query stands for, those
// that do not run too, each name once. It is silent about what may not be read.
func Containers(ctx context.Context, client kubernetes.Interface, q Query) []Choice {
	f := &finder{client: client, q: q}
	refs, err := q.read()
	if err != nil {
		return nil
	}
	var sources []*source
	for _, r := range refs {
		more, _ := f.sources(ctx, r, &Found{})
		sources = append(sources, more...)
	}
	if len(refs) == 0 {
		sources = []*source{q.selected()}
	}
	var out []Choice
	for _, s := range sources {
		_ = f.pods(ctx, s, func(p *corev1.Pod) {
			for _, c := range containersOf(p) {
				if !slices.ContainsFunc(out, func(have Choice) bool { return have.Target == c.Name }) {
					out = append(out, Choice{Target: c.Name, About: strings.TrimPrefix(c.Kind+", "+c.Image, ", ")})
				}
			}
		})
	}
	return out
}

// List lists the pods that can be captured, of one namespace or (empty) of
// all, and the nodes, for a list to choose from; pktrail's own agents are left
// out. Of more than a page, it gives the first.
func List(ctx context.Context, client kubernetes.Interface, namespace string) ([]Choice, error) {
	f := &finder{client: client, q: Query{Namespace: namespace}}
	ask, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	var out []Choice
	err := f.each(ask, kindPod, namespace, metav1.ListOptions{Limit: page, FieldSelector: "status.phase=Running", LabelSelector: notAgents}, func(o metav1.Object) {
		out = append(out, choice(o, "pod/"))
	})
	if err != nil {
		return nil, err
	}
	sortChoices(out)
	return append(out, f.choices(ctx, kindNode, "", "node/")...), nil
}

// choices lists the objects of a kind whose names begin with a prefix.
func (f *finder) choices(ctx context.Context, k kind, prefix, before string) []Choice {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	var out []Choice
	err := f.each(ctx, k, f.q.namespace(), metav1.ListOptions{Limit: page, LabelSelector: notAgents}, func(o metav1.Object) {
		if strings.HasPrefix(o.GetName(), prefix) {
			out = append(out, choice(o, before))
		}
	})
	if err != nil {
		return nil
	}
	sortChoices(out)
	return out
}

func sortChoices(list []Choice) {
	slices.SortFunc(list, func(a, b Choice) int {
		return strings.Compare(a.Namespace+"/"+a.Target, b.Namespace+"/"+b.Target)
	})
}

func choice(o metav1.Object, before string) Choice {
	c := Choice{Namespace: o.GetNamespace(), Target: before + o.GetName()}
	switch o := o.(type) {
	case *corev1.Pod:
		words := []string{string(o.Status.Phase), o.Status.PodIP, o.Spec.NodeName}
		if o.Spec.HostNetwork {
			words[1] = "network of its node"
		}
		c.About = strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), ", ")
	case *corev1.Node:
		c.About = o.Status.NodeInfo.Architecture
	}
	return c
}
