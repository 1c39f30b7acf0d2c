package packet

import (
	"encoding/binary"
	"math/bits"
)

// digestSteps are the lengths, in bytes, of the prefixes of a payload that a
// Digest holds a hash of.
var digestSteps = [...]int{8, 16, 32, 64, 128}

const maxDigest = 256

// Digest stands for the first bytes of a payload, at most 256, as far as they
// were captured: hashes of its prefixes of 8, 16, 32, 64 and 128 bytes, and of
// all. The zero value stands for no bytes. Hashes are the same on every
// machine. They are not cryptographic: they keep nothing secret and do not
// stand up to somebody who makes packets that collide.
//
// In TCP, the values of the timestamp option come before the payload: they
// tell retransmissions and pure acknowledgements apart over IPv6.
type Digest struct {
	// N is how many bytes the digest stands for.
	N     uint16
	steps [len(digestSteps)]uint32
	all   uint32
}

// Agrees reports whether the two payloads may be the same, judged by the
// longest prefix that both have a hash of. Without one they agree.
func (d Digest) Agrees(o Digest) bool {
	if d.N == o.N {
		return d == o
	}
	for i := len(digestSteps) - 1; i >= 0; i-- {
		if int(min(d.N, o.N)) >= digestSteps[i] {
			return d.steps[i] == o.steps[i]
		}
	}
	return true
}

const (
	hashSeed = 0x9e3779b97f4a7c15
	hashMul  = 0xff51afd7ed558ccd
)

// mix adds a word to a hash: a multiplication to 128 bits, folded.
func mix(h, w uint64) uint64 {
	hi, lo := bits.Mul64(h^w, hashMul)
	return hi ^ lo ^ hashSeed
}

// digest hashes head, whose length is 0 or 8, and then body.
func digest(head, body []byte) Digest {
	var d Digest
	h, n := uint64(hashSeed), 0
	if len(head) == 8 {
		h, n = mix(h, binary.LittleEndian.Uint64(head)), 8
	}
	body = body[:min(len(body), maxDigest-n)]
	step := 0
	for len(body) >= 8 {
		h = mix(h, binary.LittleEndian.Uint64(body))
		body = body[8:]
		n += 8
		if step < len(digestSteps) && n == digestSteps[step] {
			d.steps[step] = fold(h)
			step++
		}
	}
	if len(body) > 0 {
		var last [8]byte
		n += copy(last[:], body)
		h = mix(h, binary.LittleEndian.Uint64(last[:]))
	}
	d.N = uint16(n)
	d.all = fold(mix(h, uint64(n)))
	if n == 0 {
		d.all = 0
	}
	return d
}

func fold(h uint64) uint32 { return uint32(h>>32) ^ uint32(h) }
