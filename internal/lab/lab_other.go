//go:build !linux

package lab

import (
	"context"
	"errors"
	"net/netip"
)

// Up returns errors.ErrUnsupported: labs are made of Linux namespaces.
func Up(context.Context, Options) (*Lab, error) { return nil, errors.ErrUnsupported }

// List returns errors.ErrUnsupported.
func List() ([]*Lab, error) { return nil, errors.ErrUnsupported }

// Find returns errors.ErrUnsupported.
func Find(string) (*Lab, error) { return nil, errors.ErrUnsupported }

// Down returns errors.ErrUnsupported.
func Down(string) ([]Process, error) { return nil, errors.ErrUnsupported }

// Do returns errors.ErrUnsupported.
func Do(string, func() error) error { return errors.ErrUnsupported }

// Exec returns errors.ErrUnsupported.
func (l *Lab) Exec(context.Context, string, []string, Stdio) (int, error) {
	return 0, errors.ErrUnsupported
}

// Ping returns errors.ErrUnsupported.
func (l *Lab) Ping(context.Context, string, netip.Addr, PingOptions) ([]PingResult, error) {
	return nil, errors.ErrUnsupported
}

// Ping returns errors.ErrUnsupported.
func Ping(context.Context, string, netip.Addr, PingOptions) ([]PingResult, error) {
	return nil, errors.ErrUnsupported
}

// AddNamespace returns errors.ErrUnsupported.
func AddNamespace(string) error { return errors.ErrUnsupported }

// DeleteNamespace returns errors.ErrUnsupported.
func DeleteNamespace(string) error { return errors.ErrUnsupported }

// Settle returns errors.ErrUnsupported.
func Settle(context.Context, string) error { return errors.ErrUnsupported }
