// Package packettest makes packets for tests: at random, from a seed, out of
// every header that package build can write.
package packettest
