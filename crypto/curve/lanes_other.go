//go:build !amd64 || purego

package curve

// pick returns the fastest engine for this processor.
func pick() engine { return portable{} }
