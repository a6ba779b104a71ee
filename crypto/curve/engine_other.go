//go:build !amd64 || purego

package curve

// engines returns the engines that run on this processor, the fastest first.
func engines() []engine { return []engine{portable{}} }
