// Command pack packs an agent for embedding: pack PROGRAM FILE.zst. The same
// program gives the same file.
package main

import (
	"fmt"
	"os"

	"github.com/klauspost/compress/zstd"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: pack PROGRAM FILE.zst")
	}
	b, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	// A window as large as the program, and one thread: the smallest file, and
	// always the same.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(16<<20))
	if err != nil {
		return err
	}
	// Renamed into place: a build that runs at the same time sees all or nothing.
	if err := os.WriteFile(args[1]+".new", enc.EncodeAll(b, nil), 0o644); err != nil {
		return err
	}
	return os.Rename(args[1]+".new", args[1])
}
