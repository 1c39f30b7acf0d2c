// Package jsonl writes what a trace found as JSON lines, each with a "kind":
// one "session", one "trail" per packet, one "verdict" at the end; and two
// trails that were compared as one "diff". docs/trace-json.md describes the
// shape, which programs rely on.
//
// Values come in, lines go out; it opens nothing and knows no clock.
package jsonl
