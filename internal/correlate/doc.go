// Package correlate turns sightings into trails: which frames, seen at
// different points, are one packet, in which order it passed them, and what
// changed in between.
//
// Frames come in, trails go out. The package is pure: it knows no source of
// frames and no clock.
package correlate
