// Package cli is how people come in: a cobra command per file. It turns flags
// into options, runs an action, hands the result to a renderer, and turns an
// error into one line of what was wrong, one line of what to do, and an exit
// code. It decides nothing about packets.
package cli
