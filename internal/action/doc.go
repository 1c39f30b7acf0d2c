// Package action is what pktrail does: one file per verb. Options come in,
// data or a stream goes out. It never prints and knows no flag; what a person
// should read about an error is carried by Error.
package action
