//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "cluster: nodes are made of Linux namespaces; there are none here")
	os.Exit(1)
}
