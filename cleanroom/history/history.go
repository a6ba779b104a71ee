package history

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"parley/cleanroom/store"
	"parley/crypto/wire"
	"parley/internal/weak"
)

// History is the record of one node's selections. It is safe for concurrent
// use: comparing and recording is one step.
type History struct {
	store  *store.Store
	key    [32]byte
	hasher *Hasher
	aead   cipher.AEAD
	mu     sync.Mutex
}

// New opens the history under a secret key of the node.
func New(s *store.Store, key [32]byte) (*History, error) {
	sealing := wire.Sum(wire.LabelSketch, key[:], []byte("seal"))
	block, err := aes.NewCipher(sealing[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &History{store: s, key: key, hasher: NewHasher(key), aead: aead}, err
}

// Hasher is what sketches for this history are made with.
func (h *History) Hasher() *Hasher { return h.hasher }

// TooClose is the error of a selection that must not be answered. Its text is
// for the owner's log: which earlier run it is, the caller does not learn.
type TooClose struct {
	Run        string // the earlier one
	Complement bool   // it is what the earlier one left out
	OtherData  bool   // the earlier one was about another version of the data
	Within     bool   // it is no earlier one, but two numbers of the question itself
	Combined   bool   // or more of them, added and subtracted
	Three      bool   // it is the earlier one and a third, added or subtracted
}

func (e *TooClose) Error() string {
	if e.Combined {
		return "numbers of the question, added and subtracted, are about fewer units than the threshold"
	}
	if e.Within {
		return "two conditions of the question select the same but for fewer units than the threshold"
	}
	if e.Three {
		return "the selection, that of run " + e.Run + " and a third, added and subtracted, are about fewer units than the threshold"
	}
	what := "differs from that of run " + e.Run
	if e.Complement {
		what = "differs from what run " + e.Run + " left out"
	}
	if e.OtherData {
		what += ", of another version of the data,"
	}
	return "the selection " + what + " by fewer units than the threshold"
}

// Question is a selection that is to be answered.
type Question struct {
	Identity string // of the dataset
	Version  string
	Run      string
	K        int
	// Whole makes the sketch of all units of the version; Units is their number.
	Whole func() (*Sketch, error)
	Units uint64
	Selection
}

// Limits of one check: earlier selections, those of their sketches that are
// read, and comparisons. Who may ask many questions can reach them: the answer
// says so then.
const (
	maxSelections  = 5000
	maxRead        = 20_000
	maxComparisons = 200_000
)

// effort is what is left of these.
type effort struct{ reads, comparisons int }

// Admit compares a selection with all earlier ones and records it. It returns
// a *TooClose, with nothing recorded, if one of them is too close; unchecked is
// true when some could not be compared.
func (h *History) Admit(ctx context.Context, q *Question, now time.Time) (unchecked bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if q.Within && !weak.Off("R01") {
		return false, &TooClose{Run: q.Run, Within: true}
	}
	if q.Combined && !weak.Off("R01") {
		return false, &TooClose{Run: q.Run, Combined: true}
	}
	q.Finish()
	tag := h.tag(q)
	recorded, unchecked, err := h.store.SelectionTagged(ctx, q.Identity, tag)
	if recorded || err != nil {
		return unchecked, err
	}
	earlier, err := h.store.Selections(ctx, q.Identity, maxSelections+1)
	if err != nil {
		return false, err
	}
	unchecked = q.Partly
	if len(earlier) > maxSelections {
		earlier, unchecked = earlier[:maxSelections], true
	}
	repeated, left := int64(0), effort{maxRead, maxComparisons}
	three := &triples{h: h, q: q}
	for _, e := range earlier {
		again, decided, err := h.compare(ctx, q, e, &left, three)
		if err != nil {
			return false, err
		}
		if again && repeated == 0 {
			repeated = e.Seq
		}
		unchecked = unchecked || !decided
	}
	if repeated == 0 {
		close, decided, err := three.judge(ctx)
		if err != nil {
			return false, err
		}
		if close != nil {
			return false, close
		}
		unchecked = unchecked || !decided
	}
	if repeated > 0 { // it is recorded already
		return unchecked, h.store.TagSelection(ctx, repeated, tag, unchecked)
	}
	return unchecked, h.record(ctx, q, tag, unchecked, now)
}

// tag is by what a selection of a version that was admitted for a k is found
// again. It was compared with all earlier ones then, and all later ones were
// with it, so that it is not compared again. Identities that become one lose
// their tags: their selections were not compared with each other.
func (h *History) tag(q *Question) []byte {
	sum := wire.Sum(wire.LabelSketch, h.key[:], []byte("tag"), []byte(q.Version), binary.BigEndian.AppendUint64(nil, uint64(q.K)), q.header)
	return sum[:]
}

// compare judges one earlier selection. again: it is the very same.
func (h *History) compare(ctx context.Context, q *Question, e store.Selection, left *effort, three *triples) (again, decided bool, err error) {
	plain, err := h.open(e.Header, e.Run, -1)
	if err != nil {
		return false, false, err
	}
	digest, vectors, sizes, err := parseHeader(plain)
	if err != nil {
		return false, false, err
	}
	sameData := e.Version == q.Version
	if sameData && digest == [32]byte(q.header) {
		return true, true, nil
	}
	if !sameData && weak.Off("R22") {
		return false, true, nil
	}
	if sameData {
		three.earlier(e, vectors, sizes)
	}
	decided = true
	for number, old := range vectors {
		direct, complement := q.candidates(old, sameData)
		if len(direct)+len(complement) == 0 {
			continue
		}
		left.reads--
		if left.comparisons -= len(direct) + len(complement); left.comparisons < 0 || left.reads < 0 {
			return false, false, nil
		}
		if old.Sketch, err = h.sketch(ctx, e, number, sizes[number]); err != nil {
			return false, false, err
		}
		for i, v := range append(direct, complement...) {
			left := i >= len(direct)
			close, sure, err := h.near(q, v, old, left)
			if err != nil {
				return false, false, err
			}
			decided = decided && sure
			if !close {
				continue
			}
			known, err := h.has(ctx, e, vectors, sizes, v)
			if err != nil {
				return false, false, err
			}
			if !known {
				return false, false, &TooClose{Run: e.Run, Complement: left, OtherData: !sameData}
			}
		}
	}
	return false, decided, nil
}

// near judges a vector against an old one, or against what that left out.
// decided is false where that was made for a much smaller threshold.
func (h *History) near(q *Question, v, old *Vector, left bool) (close, decided bool, err error) {
	if !left {
		close, decided = v.Sketch.closeTo(h.hasher, old.Sketch, v.Kind, q.K)
		return close && !weak.Off("R01"), decided, nil
	}
	whole, err := q.Whole()
	if err != nil {
		return false, false, err
	}
	size := min(v.Sketch.size, old.Sketch.size)
	verdict, decided := v.Sketch.folded(size).combine(old.Sketch.folded(size), 1).combine(whole.folded(size), -1).judgeAt(h.hasher, q.K)
	return verdict == Close && !weak.Off("R02"), decided, nil
}

// has reports whether an earlier selection holds this very vector: then it was
// answered beside all others of that selection, and tells nothing more about
// them. Without that, GROUP BY a column with two large groups and a tiny one
// could be asked once only: each of the two is nearly what the other leaves out.
func (h *History) has(ctx context.Context, e store.Selection, vectors []*Vector, sizes []uint32, v *Vector) (bool, error) {
	for number, old := range vectors {
		if old.Kind != v.Kind || old.Support != v.Support {
			continue
		}
		s, err := h.sketch(ctx, e, number, sizes[number])
		if err != nil {
			return false, err
		}
		if slices.Equal(s.folded(v.Sketch.size).cells, v.Sketch.folded(s.size).cells) {
			return true, nil
		}
	}
	return false, nil
}

// candidates are the vectors that could be close to an old one, by how many
// units they have.
func (q *Question) candidates(old *Vector, sameData bool) (direct, complement []*Vector) {
	near := func(a, b uint64) bool { return max(a, b)-min(a, b) < uint64(q.K) }
	for _, v := range q.Vectors {
		if v.Kind != old.Kind {
			continue
		}
		if near(v.Support, old.Support) {
			direct = append(direct, v)
		}
		if v.Kind == Units && sameData && near(v.Support+old.Support, q.Units) {
			complement = append(complement, v)
		}
	}
	return direct, complement
}

func (h *History) sketch(ctx context.Context, e store.Selection, number int, size uint32) (*Sketch, error) {
	sealed, err := h.store.Sketch(ctx, e.Seq, number)
	if err != nil {
		return nil, err
	}
	plain, err := h.open(sealed, e.Run, number)
	if err != nil {
		return nil, err
	}
	return parseSketch(plain, size)
}

func (h *History) record(ctx context.Context, q *Question, tag []byte, unchecked bool, now time.Time) error {
	sel := store.Selection{Identity: q.Identity, Version: q.Version, Run: q.Run, Created: now, Tag: tag, Unchecked: unchecked}
	var err error
	if sel.Header, err = h.seal(q.header, q.Run, -1); err != nil {
		return err
	}
	recorded := q.recorded()
	sketches := make([][]byte, len(recorded))
	for i, v := range recorded {
		if sketches[i], err = h.seal(v.Sketch.Bytes(), q.Run, i); err != nil {
			return err
		}
	}
	return h.store.PutSelection(ctx, sel, sketches)
}

// place is the associated data of what is sealed: a row that was moved does
// not open.
func place(run string, number int) []byte {
	return binary.BigEndian.AppendUint64([]byte(run+"\x00"), uint64(int64(number)))
}

func (h *History) seal(plain []byte, run string, number int) ([]byte, error) {
	nonce := make([]byte, h.aead.NonceSize(), h.aead.NonceSize()+len(plain)+h.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return h.aead.Seal(nonce, nonce, plain, place(run, number)), nil
}

var errHistory = errors.New("the history of questions in state.db was changed")

func (h *History) open(sealed []byte, run string, number int) ([]byte, error) {
	n := h.aead.NonceSize()
	if len(sealed) < n {
		return nil, errHistory
	}
	plain, err := h.aead.Open(nil, sealed[:n], sealed[n:], place(run, number))
	if err != nil {
		return nil, fmt.Errorf("%w: run %s", errHistory, run)
	}
	return plain, nil
}
