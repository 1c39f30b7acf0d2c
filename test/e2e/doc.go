// Package e2e proves pktrail on a real Kubernetes, as its users run it: the
// built program against the cluster of test/cluster (`make e2e`). What is there
// when a case begins and what must be gone when it ends is the business of the
// packages stage and left; a file here is a group of cases.
//
// The tests have the build tag e2e, so that `go test ./...` does not look for a
// cluster; with the tag, a missing cluster is a failure and never a skip. They
// do not run in parallel: one case's agent is another one's leftover.
package e2e
