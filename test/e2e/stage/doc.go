// Package stage sets up the cases of the end-to-end tests: namespaces, pods,
// services, users, traffic and accidents in the cluster that is up, and pktrail
// run as its users run it.
//
// Everything fails the test by itself, in the manner of package labtest, and is
// gone when the test ends. A test that runs pktrail ends with a look at all of
// the cluster (package left): nothing of it may be left. That comes before its
// pods are removed, so that they are looked at from inside, too.
package stage
