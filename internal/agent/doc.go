// Package agent is pktrail on a node: one request comes in, one record stream
// goes out. `pktrail capture` runs it in its own process; pktrail-agent runs
// it behind a pipe, with the request on stdin or in argv. It is the same code.
//
// A session ends when its context does, when its limits are reached, or when
// nothing is left to observe. Whatever it opened dies with the process. It
// knows no cluster, no terminal and no file.
package agent
