// Package lines reads text line by line and counts the lines: an io.Reader
// comes in, lines without their ends go out, however they end. A line that is
// too long is passed over and reported, so that what follows can be read.
//
// It knows no format.
package lines
