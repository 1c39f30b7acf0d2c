// Package skbtrace follows single packets through this kernel by raw
// tracepoints and netfilter BPF programs.
//
// In come a filter and options; out come events: one per sighting of a packet
// that matches, with what the kernel decided there. A packet keeps its flight
// number through namespaces, bridges, NAT, encapsulation and veth pairs, for as
// long as it stays in one sk_buff. The programs are C below bpf/, compiled
// with clang 19 into trace.bpfel.o; `go generate` rebuilds it. Nothing stays
// in the kernel when the process ends, however it ends.
//
// event.go names what comes out and decode.go reads it from the ring's bytes,
// on any system; symbols.go, reasons.go and hooks.go give names to addresses
// and numbers. tracer_linux.go is the reader, load_linux.go puts the programs
// together for this kernel, filter_linux.go puts the filter into them, and
// netfilter_linux.go sets the brackets around netfilter's tables.
//
// The package must not know what becomes of events: it does not join them to
// trails, and it does not know names of namespaces, pods or nodes.
package skbtrace

//go:generate clang-19 -g -O2 -Wall -Werror -target bpfel -mcpu=v3 -ffile-compilation-dir=. -c bpf/trace.bpf.c -o trace.bpfel.o
//go:generate llvm-strip-19 -g trace.bpfel.o
