// Package labtest is the test bed: it says what a test needs, and gives it
// network namespaces and labs that are gone when the test ends.
package labtest
