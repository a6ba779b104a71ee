//go:build amd64 && !purego

package curve

//go:generate go run ./internal/gen

import "golang.org/x/sys/cpu"

// engines returns the engines that run on this processor, the fastest first.
func engines() []engine {
	var all []engine
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512IFMA {
		all = append(all, ifma{})
	}
	if cpu.X86.HasAVX512F {
		all = append(all, avx512{})
	}
	return append(all, portable{})
}
