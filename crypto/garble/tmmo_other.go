//go:build !amd64 || purego

package garble

// roundKeys exists only where there is assembly for it.
type roundKeys struct{}

func newRoundKeys([16]byte) *roundKeys { return nil }

// sums replaces every x[i] with the hash of x[i] under t[i].
func (h *hasher) sums(x, t []block) { h.sumsPortable(x, t) }
