package stage

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// PodSecurity is a level of https://kubernetes.io/docs/concepts/security/pod-security-standards/.
type PodSecurity string

// The levels. A namespace without one admits everything.
const (
	Unlabelled PodSecurity = ""
	Baseline   PodSecurity = "baseline"
	Restricted PodSecurity = "restricted"
)

// Namespace makes a namespace for the test, ready for pods.
func (s *Stage) Namespace(tb testing.TB, level PodSecurity) string {
	tb.Helper()
	name := "case-" + strings.ToLower(rand.Text()[:8])
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
	if level != Unlabelled {
		ns.Labels["pod-security.kubernetes.io/enforce"] = string(level)
	}
	api := s.Client.CoreV1()
	if _, err := api.Namespaces().Create(tb.Context(), ns, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := bounded(tb)
		defer cancel()
		// It goes by itself; no other test has its name.
		err := api.Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			tb.Error(err)
		}
	})
	labtest.Wait(tb, 30*time.Second, "the service account of "+name, func() bool {
		_, err := api.ServiceAccounts(name).Get(tb.Context(), "default", metav1.GetOptions{})
		return err == nil
	})
	return name
}
