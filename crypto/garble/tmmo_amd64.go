//go:build amd64 && !purego

package garble

import "golang.org/x/sys/cpu"

// roundKeys is an expanded AES-128 key, as the processor wants it.
type roundKeys [11 * blockBytes]byte

//go:noescape
func expandKey(keys *roundKeys, key *[16]byte)

//go:noescape
func tmmo(keys *roundKeys, x, t *block, n int)

// newRoundKeys returns nil on a processor without AES instructions.
func newRoundKeys(key [16]byte) *roundKeys {
	if !cpu.X86.HasAES || !cpu.X86.HasSSE41 {
		return nil
	}
	keys := new(roundKeys)
	expandKey(keys, &key)
	return keys
}

// sums replaces every x[i] with the hash of x[i] under t[i].
func (h *hasher) sums(x, t []block) {
	if h.keys == nil {
		h.sumsPortable(x, t)
		return
	}
	if len(x) == 0 {
		return
	}
	_ = t[len(x)-1]
	tmmo(h.keys, &x[0], &t[0], len(x))
}
