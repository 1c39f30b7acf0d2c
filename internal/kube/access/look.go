package access

import (
	"cmp"
	"context"
	"slices"
	"strings"

	authn "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// looker asks a cluster, and writes down what it says.
type looker struct {
	*survey
	client kubernetes.Interface
}

// user asks who we are (SelfSubjectReview, Kubernetes 1.28).
func (l looker) user(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	r, err := l.client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authn.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		if !apierrors.IsNotFound(err) {
			l.unasked(err, "ask who we are")
		}
		return
	}
	l.with(func(s *Survey) { s.User, s.Groups = r.Status.UserInfo.Username, r.Status.UserInfo.Groups })
}

// order makes an order of what came in any.
func (s *survey) order() {
	slices.SortFunc(s.Nodes, func(a, b NodeState) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Blind, func(a, b Blind) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Where, b.Where))
	})
	slices.Sort(s.Unasked)
	s.Unasked = slices.Compact(s.Unasked)
	slices.Sort(s.Networks)
}

// some writes "a, b and 3 more" of names, in order.
func some(names []string) string {
	const most = 2
	slices.Sort(names)
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + number(len(names)-most) + " more"
}
