package afpacket

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/pktrail/pktrail/internal/trail"
)

// Why a ring ended by itself; an EndedError wraps one of them.
var (
	// ErrInterfaceGone: the only interface of the ring was deleted or moved
	// to another namespace.
	ErrInterfaceGone = errors.New("the interface was deleted or moved to another network namespace")
	// ErrNamespaceGone: all interfaces but loopback have left the namespace,
	// which is how a pod's namespace looks after its end.
	ErrNamespaceGone = errors.New("the network namespace was taken down")
)

// NoInterfaceError is returned by Open for an index that the namespace does
// not have. It wraps syscall.ENODEV.
type NoInterfaceError struct {
	Index int
}

func (e *NoInterfaceError) Error() string {
	return fmt.Sprintf("no interface with index %d in this network namespace", e.Index)
}

// Unwrap returns syscall.ENODEV.
func (e *NoInterfaceError) Unwrap() error { return syscall.ENODEV }

// EndedError tells that a ring has ended though nobody asked for it. All that
// it caught before has been read.
type EndedError struct {
	// Point is the ring's base point; with the interface, if it had only one.
	Point trail.Point
	// Err is ErrInterfaceGone, ErrNamespaceGone, what Options.Alive returned,
	// or an error of the socket.
	Err error
}

func (e *EndedError) Error() string {
	if p := e.Point.Path(); p != "" {
		return fmt.Sprintf("capture at %s: %v", p, e.Err)
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *EndedError) Unwrap() error { return e.Err }
