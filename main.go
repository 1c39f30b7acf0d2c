// Command pktrail shows where a packet goes, and why it did not arrive.
package main

import (
	"os"

	"github.com/pktrail/pktrail/internal/cli"
)

func main() {
	os.Exit(cli.Main())
}
