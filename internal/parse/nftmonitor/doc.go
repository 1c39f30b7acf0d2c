// Package nftmonitor reads what `nft monitor trace` prints.
//
// What comes in: its text, of nft 0.9 and later. What goes out: sightings, one
// for each base chain that a packet passed, with the rules as nft prints them.
// The text has no times and leaves out TCP's sequence numbers.
//
// The package knows no file name and no ruleset.
package nftmonitor
