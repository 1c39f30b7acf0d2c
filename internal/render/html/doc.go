// Package html draws: a map of pods as SVG, and as one page that holds all it
// needs, with a table and a search box.
//
// Values come in, bytes go out; it opens nothing and knows no clock. The same
// map gives the same bytes. The page loads nothing from anywhere, says so in a
// content security policy, follows light and dark, and serves without its few
// lines of script too.
package html
