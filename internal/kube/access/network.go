package access

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// network looks at how the cluster forwards packets, for what that hides.
func (l looker) network(ctx context.Context) {
	ask, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	sets, err := l.client.AppsV1().DaemonSets(SystemNamespace).List(ask, metav1.ListOptions{Limit: 500})
	if err != nil {
		l.unasked(err, "list daemonsets of "+SystemNamespace)
		sets = &appsv1.DaemonSetList{}
	}
	var agents []*appsv1.DaemonSet
	for i := range sets.Items {
		d := &sets.Items[i]
		switch {
		case d.Labels["k8s-app"] == "cilium", d.Name == "cilium", d.Name == "anetd":
			agents = append(agents, d)
		case d.Name == "calico-node":
			l.calico(d)
		}
	}
	l.cilium(ask, agents)
	l.kubeProxy(ask)
}

// cilium reads its options, whether or not its DaemonSet could be seen.
func (l looker) cilium(ctx context.Context, agents []*appsv1.DaemonSet) {
	config, err := l.client.CoreV1().ConfigMaps(SystemNamespace).Get(ctx, "cilium-config", metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) && len(agents) == 0:
		return
	case err != nil && len(agents) == 0:
		l.unasked(err, "get configmap cilium-config")
		return
	case err != nil:
		l.unasked(err, "get configmap cilium-config")
		l.with(func(s *Survey) {
			s.Blind = append(s.Blind, Blind{What: "Cilium", Where: "all nodes", Why: "it may forward packets past the node's own stack; its options could not be read"})
		})
		return
	}
	options := settings(config.Data)
	for _, d := range agents {
		for _, c := range d.Spec.Template.Spec.Containers {
			if c.Name == "cilium-agent" {
				options = options.withArgs(slices.Concat(c.Command, c.Args))
			}
		}
	}
	blind := cilium(options)
	l.with(func(s *Survey) {
		s.Blind = append(s.Blind, blind...)
		if !slices.Contains(s.Networks, "Cilium") {
			s.Networks = append(s.Networks, "Cilium")
		}
	})
}

// calico has a data plane of BPF, too (FELIX_BPFENABLED).
func (l looker) calico(d *appsv1.DaemonSet) {
	for _, c := range d.Spec.Template.Spec.Containers {
		for _, e := range c.Env {
			if e.Name == "FELIX_BPFENABLED" && strings.EqualFold(e.Value, "true") {
				l.with(func(s *Survey) {
					s.Blind = append(s.Blind, Blind{What: "Calico eBPF", Where: "all nodes", Why: "policies and services are handled by BPF: no rule of netfilter is met, and packets may be redirected past the host end of the pod's interface", Sure: true})
				})
			}
		}
	}
}

// kubeProxy reads kube-proxy's mode, where kubeadm's ConfigMap tells it.
func (l looker) kubeProxy(ctx context.Context) {
	config, err := l.client.CoreV1().ConfigMaps(SystemNamespace).Get(ctx, "kube-proxy", metav1.GetOptions{})
	if err != nil {
		if !apierrors.IsNotFound(err) {
			l.unasked(err, "get configmap kube-proxy")
		}
		return
	}
	if proxyMode(config.Data["config.conf"]) == "ipvs" {
		l.with(func(s *Survey) {
			s.Blind = append(s.Blind, Blind{What: "IPVS", Where: "all nodes", Why: "kube-proxy chooses endpoints in IPVS: no rule is met there; the address before and after is seen", Sure: true})
		})
	}
}

// proxyMode reads the mode of a KubeProxyConfiguration; empty is its default.
func proxyMode(text string) string {
	var c struct {
		Mode string `json:"mode"`
	}
	if yaml.Unmarshal([]byte(text), &c) != nil {
		return ""
	}
	return c.Mode
}
