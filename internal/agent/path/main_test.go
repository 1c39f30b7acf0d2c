//go:build linux && !pktrail_lite

package path

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if code, done := enterPrivate(); done {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}
