package kube

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Error is what a cluster refused, and what to do about it.
type Error struct {
	Err error
	Tip string
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *Error) Hint() string { return e.Tip }

// Explain puts an answer of the API server into words: what was being done,
// what was refused, and what helps. doing is as in "find pod web".
func Explain(err error, doing string) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*Error](err); known || errors.Is(err, context.Canceled) {
		return err
	}
	wrap := func(text, tip string) error {
		return &Error{Err: fmt.Errorf("%s: %s", doing, text), Tip: tip}
	}
	var status apierrors.APIStatus
	switch {
	case apierrors.IsUnauthorized(err):
		return wrap("the API server does not know who we are (401)", "log in again; kubectl get pods shows the same")
	case apierrors.IsForbidden(err):
		return wrap(forbidden(err), "deploy/rbac.yaml has the smallest roles; pktrail doctor lists what is missing")
	case apierrors.IsTooManyRequests(err), apierrors.IsTimeout(err), apierrors.IsServerTimeout(err):
		return wrap(err.Error(), "the API server is busy: try again")
	case errors.As(err, &status):
		return wrap(err.Error(), "")
	}
	return &Error{Err: fmt.Errorf("%s: %s", doing, unreachable(err)), Tip: "kubectl cluster-info asks the same server"}
}

// forbidden gives the verb and the resource that a role lacks, out of
// `pods "web" is forbidden: User "u" cannot get resource "pods" in API group ""
// in the namespace "shop"`.
func forbidden(err error) string {
	text := err.Error()
	if _, after, ok := strings.Cut(text, " is forbidden: "); ok {
		text = after
	}
	return strings.TrimSpace(text)
}

// unreachable says in a few words why no answer came.
func unreachable(err error) string {
	addr := ""
	if u, ok := errors.AsType[*url.Error](err); ok {
		if p, e := url.Parse(u.URL); e == nil {
			addr = p.Host
		}
	}
	server := strings.TrimSpace("API server " + addr)
	_, unknownCA := errors.AsType[x509.UnknownAuthorityError](err)
	dns, isDNS := errors.AsType[*net.DNSError](err)
	timed, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return server + " refuses the connection"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return server + " cannot be reached"
	case isDNS:
		return fmt.Sprintf("the name of %s is not known (%s)", server, dns.Err)
	case unknownCA:
		return server + " shows a certificate that the kubeconfig does not trust"
	case errors.Is(err, context.DeadlineExceeded), isNet && timed.Timeout():
		return server + " does not answer"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return server + " closed the connection"
	}
	return err.Error()
}

// Cause puts into a few words why a server could not be talked to.
func Cause(err error) string { return unreachable(err) }

// IsGone reports whether an error says that the object does not exist (any
// more).
func IsGone(err error) bool { return apierrors.IsNotFound(err) || apierrors.IsGone(err) }

// IsAway reports whether an error means that the server cannot be reached at
// the moment, so that trying again makes sense.
func IsAway(err error) bool {
	_, isURL := errors.AsType[*url.Error](err)
	_, isNet := errors.AsType[net.Error](err)
	return isURL || isNet || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.ECONNRESET) || apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err) || apierrors.IsInternalError(err)
}
