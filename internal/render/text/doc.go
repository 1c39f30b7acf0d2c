// Package text writes for terminals: packets as tcpdump prints them, totals,
// trails. Values come in, text goes out; it opens nothing and knows no clock.
package text
