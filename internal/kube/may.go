package kube

import (
	"context"

	authz "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// May asks the server whether we have a right (SelfSubjectAccessReview), and
// why, where it says. The context bounds the question; the error is the API
// server's own.
func May(ctx context.Context, client kubernetes.Interface, a *authz.ResourceAttributes) (allowed bool, why string, err error) {
	r, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx,
		&authz.SelfSubjectAccessReview{Spec: authz.SelfSubjectAccessReviewSpec{ResourceAttributes: a}}, metav1.CreateOptions{})
	if err != nil {
		return false, "", err
	}
	return r.Status.Allowed, r.Status.Reason, nil
}
