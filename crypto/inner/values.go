package inner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
)

// Values is the value holder's half of one session: a fresh secret s and what
// it has encrypted under it. Methods may be called from several goroutines.
//
// The pair (s, a) must encrypt once: a second encryption under it would give
// the peer the difference of two plaintexts. Each vector index is therefore
// used at most once, also when writing it failed; to send again, send the
// stored bytes.
type Values struct {
	set   *Set
	slots int
	seed  [32]byte
	noise [32]byte // key of the errors of every block
	s     []int8   // ternary secret
	sM    poly     // s, transformed, in Montgomery form
	head  []byte   // b_pk, packed

	mu   sync.Mutex
	used map[int]bool // guarded by mu
}

// NewValues draws a fresh secret from rnd and encrypts b_pk. seed is public
// and the same at both sides, see Seed; slots is the size of the alignment.
func NewValues(set *Set, slots int, seed [32]byte, rnd io.Reader) (*Values, error) {
	if err := checkSlots(slots); err != nil {
		return nil, err
	}
	v := &Values{set: set, slots: slots, seed: seed, used: map[int]bool{}}
	var key [32]byte
	for _, k := range []*[32]byte{&key, &v.noise} {
		if _, err := io.ReadFull(rnd, k[:]); err != nil {
			return nil, fmt.Errorf("inner: randomness: %w", err)
		}
	}
	v.s = make([]int8, set.n)
	privateXOF(key, "secret", set).ternary(v.s)
	v.sM = set.newPoly()
	set.fromTernary(v.s, v.sM)
	set.ntt(v.sM)
	set.toMont(v.sM)

	b, e := set.publicKeyElement(seed), make([]int64, set.n)
	v.errors(e, privateXOF(key, "header", set))
	v.seal(b, e, nil)
	v.head = make([]byte, set.HeaderSize())
	set.packPoly(v.head, b)
	return v, nil
}

// HeaderSize is the size in bytes of what WriteHeader writes.
func (v *Values) HeaderSize() int64 { return v.set.HeaderSize() }

// WriteHeader writes b_pk, the same bytes at every call.
func (v *Values) WriteHeader(w io.Writer) error {
	_, err := w.Write(v.head)
	return err
}

// VectorSize is the size in bytes of one encrypted vector.
func (v *Values) VectorSize() int64 { return v.set.VectorSize(v.slots) }

// waveBytes is how much of a vector is encrypted while as much is written.
const waveBytes = 4 << 20

// Encrypt writes the encryption of one group of values under this vector
// index: every block, blocks of zeros included, so that size and time do not
// depend on the data. The vector is never held as a whole. It refuses an index
// a second time and values outside (−T/2, T/2); its errors do not say which
// value.
func (v *Values) Encrypt(ctx context.Context, index int, values *Columns, group int, w io.Writer) error {
	if values.set != v.set || values.slots != v.slots || group < 0 || group >= len(values.start)/values.blocks {
		return errors.New("inner: the values are laid out for another parameter set, number of slots or groups")
	}
	if err := claim(&v.mu, v.used, index); err != nil {
		return err
	}
	size := int(v.set.polySize())
	blocks, workers := v.set.Blocks(v.slots), runtime.GOMAXPROCS(0)
	wave := min(max(8*workers, waveBytes/size), blocks)
	var (
		writing sync.WaitGroup // one wave is written while the next is encrypted
		failed  error
		buffers = [2][]byte{make([]byte, wave*size), make([]byte, wave*size)}
	)
	for first := 0; first < blocks; first += wave {
		count, buf := min(wave, blocks-first), buffers[first/wave%2]
		err := parallel(ctx, count, workers, func(i int) error {
			return v.block(index, first+i, values, group, buf[i*size:(i+1)*size])
		})
		writing.Wait()
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		writing.Go(func() {
			if _, err := w.Write(buf[:count*size]); err != nil {
				failed = fmt.Errorf("inner: writing vector %d: %w", index, err)
			}
		})
	}
	writing.Wait()
	return failed
}

func (v *Values) checkRange(values []int64) error {
	limit := int64(1)<<(v.set.t-1) - 1 // T/2 − 1, also for T = 2^64
	for _, f := range values {
		if f > limit || f < -limit {
			return fmt.Errorf("inner: a value is outside the range of parameter set %s", v.set.name)
		}
	}
	return nil
}

func (v *Values) block(index, block int, columns *Columns, group int, dst []byte) error {
	values := make([]int64, v.set.n)
	columns.fill(group, block, values)
	if err := v.checkRange(values); err != nil {
		return err
	}
	b, e := v.set.newPoly(), make([]int64, v.set.n)
	v.set.blockElement(v.seed, index, block, b)
	v.errors(e, privateXOF(v.noise, "block", v.set, index, block))
	v.seal(b, e, values)
	v.set.packPoly(dst, b)
	return nil
}

func (v *Values) errors(e []int64, x *xof) {
	for k := range e {
		e[k] = x.gaussian()
	}
}

// seal replaces a by −a·s + e + ⌊values·Q/T⌉.
func (v *Values) seal(a poly, e, values []int64) {
	v.set.ntt(a)
	for i, r := range v.set.ring.SubRings {
		r.MulCoeffsMontgomery(a[i], v.sM[i], a[i])
	}
	v.set.intt(a)
	for i, q := range v.set.primes {
		row := a[i]
		for k := range row {
			b := residue(e[k], q) + q - row[k]
			if k < len(values) {
				b += v.set.encode(i, values[k])
			}
			row[k] = reduceSmall(b, q)
		}
	}
}

// reduceSmall is b mod q for b < 4q.
func reduceSmall(b, q uint64) uint64 {
	if b >= 2*q {
		b -= 2 * q
	}
	if b >= q {
		b -= q
	}
	return b
}

// claim marks a vector index as used, once.
func claim(mu *sync.Mutex, used map[int]bool, index int) error {
	if err := checkIndex(index); err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	if used[index] {
		return fmt.Errorf("inner: vector %d was already used in this session", index)
	}
	used[index] = true
	return nil
}

func checkIndex(index int) error {
	if index < 0 || index >= 1<<31 {
		return errors.New("inner: vector index out of range")
	}
	return nil
}
