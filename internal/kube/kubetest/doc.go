// Package kubetest is what tests on a real cluster begin with: the cluster that
// KUBECONFIG names, namespaces that are gone when the test ends, and other users
// of it.
//
// Everything fails the test by itself; nothing returns an error. Only tests
// import it.
package kubetest
