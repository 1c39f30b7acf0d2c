package place

import (
	"errors"
	"strings"
	"testing"

	authz "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttest "k8s.io/client-go/testing"

	"github.com/pktrail/pktrail/internal/kube"
)

// Only a server that says no keeps agents from nodes: one that does not say is
// no reason not to try.
func TestRefuseNode(t *testing.T) {
	for _, c := range []struct {
		name    string
		allowed bool
		err     error
		refused bool
	}{
		{"allowed", true, nil, false},
		{"denied", false, nil, true},
		{"no answer", false, errors.New("not now"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked authz.ResourceAttributes
			client := fake.NewClientset()
			client.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttest.Action) (bool, runtime.Object, error) {
				review := a.(clienttest.CreateAction).GetObject().(*authz.SelfSubjectAccessReview).DeepCopy()
				asked = *review.Spec.ResourceAttributes
				review.Status.Allowed = c.allowed
				return true, review, c.err
			})
			err := RefuseNode(t.Context(), &kube.Cluster{Client: client}, Options{Namespace: "tools"})
			if (err != nil) != c.refused || c.refused && !strings.Contains(err.Error(), "namespace tools") {
				t.Errorf("got %v", err)
			}
			if want := (authz.ResourceAttributes{Namespace: "tools", Verb: "create", Group: "batch", Resource: "jobs"}); asked != want {
				t.Errorf("asked for %+v", asked)
			}
		})
	}
}
