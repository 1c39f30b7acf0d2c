package find

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// kind is what a target is of, by the word that names it here.
type kind string

const (
	kindPod        kind = "pod"
	kindDeployment kind = "deploy"
	kindReplicaSet kind = "rs"
	kindStateful   kind = "sts"
	kindDaemonSet  kind = "ds"
	kindJob        kind = "job"
	kindCronJob    kind = "cronjob"
	kindService    kind = "svc"
	kindNode       kind = "node"
	kindNamespace  kind = "ns"
)

// kinds are all of them, in the order in which they are offered.
func kinds() []kind {
	return []kind{
		kindPod, kindDeployment, kindService, kindStateful, kindDaemonSet, kindReplicaSet, kindJob, kindCronJob, kindNode, kindNamespace,
	}
}

// words are the names that kubectl knows a kind by; the first is what people
// call it in a sentence.
func (k kind) words() []string {
	switch k {
	case kindPod:
		return []string{"pod", "pods", "po"}
	case kindDeployment:
		return []string{"deployment", "deployments", "deploy"}
	case kindReplicaSet:
		return []string{"replicaset", "replicasets", "rs"}
	case kindStateful:
		return []string{"statefulset", "statefulsets", "sts"}
	case kindDaemonSet:
		return []string{"daemonset", "daemonsets", "ds"}
	case kindJob:
		return []string{"job", "jobs"}
	case kindCronJob:
		return []string{"cronjob", "cronjobs", "cj"}
	case kindService:
		return []string{"service", "services", "svc"}
	case kindNode:
		return []string{"node", "nodes", "no"}
	case kindNamespace:
		return []string{"namespace", "namespaces", "ns"}
	}
	return nil
}

func (k kind) word() string { return k.words()[0] }

// clusterWide is true for what lives in no namespace.
func (k kind) clusterWide() bool { return k == kindNode || k == kindNamespace }

// ref is a target that is understood.
type ref struct {
	kind kind
	name string
	// bare is true if no kind was typed.
	bare bool
	// text is what was typed.
	text string
}

// in writes "pod web in namespace shop".
func (r ref) in(namespace string) string {
	if r.kind.clusterWide() {
		return r.kind.word() + " " + r.name
	}
	return r.kind.word() + " " + r.name + " in namespace " + namespace
}

// Forms lists the forms of a target, for help texts.
const Forms = "NAME, pod/NAME, deploy/ rs/ sts/ ds/ job/ cronjob/ svc/ ns/ node/NAME"

// parse understands a target as it was typed.
func parse(text string) (ref, error) {
	word, name, has := strings.Cut(text, "/")
	if !has {
		word, name = "pod", text
	}
	k, ok := kindOf(word)
	switch {
	case text == "":
		return ref{}, refuse(BadTarget, text, Forms, "an empty target")
	case name == "" && ok:
		return ref{}, refuse(BadTarget, text, word+"/NAME", "target %q names no %s", text, k.word())
	case !ok && strings.Contains(name, "/"), ok && strings.Contains(name, "/"):
		return ref{}, refuse(BadTarget, text, Forms, "target %q has more than one /", text)
	case !ok:
		return ref{}, refuse(BadTarget, text, unknownKind(word, name), "target %q: no kind %q", text, word)
	}
	if wrong := validation.IsDNS1123Subdomain(name); len(wrong) > 0 {
		tip := Forms
		if lower := strings.ToLower(name); len(validation.IsDNS1123Subdomain(lower)) == 0 {
			tip = "names are lower case: " + strings.TrimSuffix(text, name) + lower
		}
		return ref{}, refuse(BadTarget, text, tip, "target %q: %q cannot be the name of a %s", text, name, k.word())
	}
	return ref{kind: k, name: name, bare: !has, text: text}, nil
}

// kindOf knows a kind by its words, in any case and with its group:
// "Deployment", "deployments.apps", "deployments.v1.apps".
func kindOf(word string) (kind, bool) {
	word, _, _ = strings.Cut(strings.ToLower(word), ".")
	for _, k := range kinds() {
		if slices.Contains(k.words(), word) {
			return k, true
		}
	}
	return "", false
}

// unknownKind guesses what was meant by KIND/NAME: a kind typed wrong, or a
// namespace.
func unknownKind(word, name string) string {
	var known []string
	for _, k := range kinds() {
		known = append(known, k.words()...)
	}
	if close := near(strings.ToLower(word), known); len(close) > 0 && len(word) > 2 {
		return "did you mean " + close[0] + "/" + name + "? a namespace is given by -n " + word + " " + name
	}
	return "kinds: pod, deploy, rs, sts, ds, job, cronjob, svc, ns, node; a namespace is given by -n " + word + " " + name
}
