package stage

import (
	"crypto/rand"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// User is somebody who may do only what is granted.
type User struct {
	Name string
	// Kubeconfig is the path of the user's file.
	Kubeconfig string
}

// User makes a user without any rights.
func (s *Stage) User(tb testing.TB, groups ...string) User {
	tb.Helper()
	name := "user-" + strings.ToLower(rand.Text()[:8])
	path, err := s.Cluster.User(name, groups...)
	if err != nil {
		tb.Fatal(err)
	}
	return User{Name: name, Kubeconfig: path}
}

// Grant binds a user to a ClusterRole, in one namespace or, if that is empty,
// in all of the cluster, until the test ends.
func (s *Stage) Grant(tb testing.TB, u User, namespace, clusterRole string) {
	tb.Helper()
	meta := metav1.ObjectMeta{Name: u.Name + "-" + strings.ToLower(rand.Text()[:5]), Namespace: namespace}
	subjects := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: u.Name}}
	ref := rbacv1.RoleRef{Kind: "ClusterRole", APIGroup: rbacv1.GroupName, Name: clusterRole}
	api := s.Client.RbacV1()
	var err error
	if namespace == "" {
		_, err = api.ClusterRoleBindings().Create(tb.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}, metav1.CreateOptions{})
	} else {
		_, err = api.RoleBindings(namespace).Create(tb.Context(), &rbacv1.RoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}, metav1.CreateOptions{})
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := bounded(tb)
		defer cancel()
		remove := api.RoleBindings(namespace).Delete
		if namespace == "" {
			remove = api.ClusterRoleBindings().Delete
		}
		err := remove(ctx, meta.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			tb.Error(err)
		}
	})
}
