//go:build e2e

package e2e

import (
	"os"
	"testing"

	"github.com/pktrail/pktrail/test/e2e/engine"
)

func TestMain(m *testing.M) {
	engine.Main() // does not come back in a machine's first process
	os.Exit(m.Run())
}
