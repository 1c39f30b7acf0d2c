//go:build !linux

package agent

import (
	"os"
	"runtime"
)

func missingCapabilities() []string { return nil }

func hello() Message {
	return Message{Kind: KindHello, Hello: &Hello{Version: version, PID: os.Getpid(), Arch: runtime.GOARCH}}
}
