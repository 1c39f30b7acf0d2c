// Package correlate turns sightings into trails: which observations, made at
// different points by different means, are of one packet, in which order it
// passed them, and what changed in between.
//
// Sightings come in, trails go out: all of them in the end, or each when it is
// over. Two packets glued together mislead more than one packet in two pieces,
// so what is in doubt is left apart. The package is pure: it knows no source of
// sightings and no clock but theirs.
package correlate
