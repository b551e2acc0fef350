package main

import (
	"encoding/binary"
	"errors"
)

// jksMagic begins a key store in Java's own form, which was the usual one until Java 9.
var jksMagic = []byte{0xfe, 0xed, 0xfe, 0xed}

var errJKS = errors.New("the JKS file is damaged, or has more than trusted certificates")

// addJKS adds the certificates of a key store in Java's own form: numbers big-endian,
// texts with their length. Its password guards nothing but a sum at the end.
func (c *certificates) addJKS(data []byte) error {
	r := &jksReader{rest: data[len(jksMagic):]}
	version, count := r.number(4), r.number(4)
	for range count {
		tag := r.number(4)
		r.take(2) // the alias
		r.skip(8) // the date
		if tag != jksTrusted {
			return errJKS
		}
		if version == 2 {
			r.take(2) // the kind of certificate, which is X.509
		}
		der := r.take(4)
		if r.short {
			return errJKS
		}
		c.add(der)
	}
	if r.short {
		return errJKS
	}
	return nil
}

// jksTrusted is the tag of a trusted certificate.
const jksTrusted = 2

// A jksReader takes bytes from the front. Once there are too few it is short, and what
// it returns means nothing.
type jksReader struct {
	rest  []byte
	short bool
}

func (r *jksReader) skip(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.rest, r.short = nil, true
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// number takes a number of some bytes, at most 4.
func (r *jksReader) number(size int) uint32 {
	var wide [4]byte
	copy(wide[4-size:], r.skip(size))
	return binary.BigEndian.Uint32(wide[:])
}

// take takes bytes whose length stands before them, in a number of some bytes.
func (r *jksReader) take(size int) []byte {
	return r.skip(int(r.number(size)))
}
