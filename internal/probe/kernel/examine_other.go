//go:build !linux

package kernel

import (
	"context"
	"runtime"
)

// Examine says that this is not Linux: only there a kernel is looked into.
func Examine(context.Context) []Check {
	return []Check{{
		Name: "Linux", State: No, Detail: "this is " + runtime.GOOS,
		Hint:  "files can be read here; packets are captured on Linux",
		Needs: []Use{Capture, Trace},
	}}
}

// Confinement is empty: only Linux has AppArmor and SELinux.
func Confinement() string { return "" }
