// Package labtest is the test bed: it says what a test needs, and gives it
// network namespaces and labs that are gone when the test ends.
//
// Everything fails the test by itself; nothing returns an error. Namespaces
// have names that no other test on the machine has, so tests may run in
// parallel. Only tests import it, and package lab does not.
package labtest
