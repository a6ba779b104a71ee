//go:build long && (!amd64 || purego)

package curve

// timedKernels returns what runs on this processor.
func timedKernels() []kernel { return portableKernels() }
