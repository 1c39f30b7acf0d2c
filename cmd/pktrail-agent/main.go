// Command pktrail-agent is the node side of pktrail alone: one request in, one
// record stream out.
package main

import (
	"os"

	"github.com/pktrail/pktrail/internal/agent"
)

func main() {
	os.Exit(agent.Main())
}
