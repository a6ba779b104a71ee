//go:build long && amd64 && !purego

package curve

import "slices"

// timedKernels returns what runs on this processor.
func timedKernels() []kernel {
	all := portableKernels()
	if e := engine(avx512{}); slices.Contains(engines(), e) {
		s := newAVX512State() // its map is the portable one
		all = append(all, ladderKernels(e.name(), s.begin, s.walk)...)
	}
	if e := engine(ifma{}); slices.Contains(engines(), e) {
		s := aligned[ifmaState]()
		all = append(all, ladderKernels(e.name(), s.begin, s.walk)...)
		all = append(all, mapKernel(e, 16), hashKernel(e.name(), newFieldHash8(timingTag), 8))
	}
	return all
}
