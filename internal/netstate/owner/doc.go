// Package owner says who made a rule, and for what, by the names of its table
// and chain and by its comment.
//
// What comes in: three strings. What goes out: words such as "kube-proxy:
// service shop/web:http", or "" where nothing is known. The names are those
// that the programs' own sources give; each file says which.
package owner
