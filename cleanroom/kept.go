package cleanroom

import (
	"bytes"
	"container/list"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"

	"parley/analysis/plan"
	"parley/crypto/inner"
)

// keptStore is what spares later runs of the same alignment the hints: what
// this node needs to answer again for weights of its own, and the partner's
// hints that it received. It is in memory only and ends with the process; it
// is as secret as the weights and is never logged. Beyond room bytes the least
// recently used goes.
type keptStore struct {
	mu         sync.Mutex // guards everything below, keptWeights included
	room, used int64
	items      map[string]*list.Element
	recent     *list.List        // of *keptItem, the most recently used first
	alignments map[string]string // pair of datasets -> the alignment in use
}

type keptItem struct {
	key             string
	pair, alignment string
	size            int64
	weights         *keptWeights // own weights, or
	hints           []byte       // c1′ of every cell, the partner's
}

// token names hints to the partner. It is random, so that it says nothing.
type token [16]byte

// keptWeights is what is kept of one set of weights: of everything that
// follows from the dataset version, the local plan and the alignment. The
// groups stay in one order, since the cells of the hints are in that order.
type keptWeights struct {
	labels  [][]byte // by number of the group; nil for padding. Read-only.
	answers map[answerKey]keptAnswer
}

// answerKey is one list of weights under one vector index.
type answerKey struct {
	set    string
	vector plan.Vector
	index  int
}

type keptAnswer struct {
	token token
	kept  *inner.Kept
}

func newKeptStore(room int64) *keptStore {
	return &keptStore{room: room, items: map[string]*list.Element{}, recent: list.New(), alignments: map[string]string{}}
}

// use says which alignment of a pair of datasets is in use. What was kept of
// an earlier one goes: no run will use it again.
func (k *keptStore) use(pair, alignment string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.alignments[pair] == alignment {
		return
	}
	k.alignments[pair] = alignment
	for _, e := range k.items {
		if it := e.Value.(*keptItem); it.pair == pair && it.alignment != alignment {
			k.remove(e)
		}
	}
}

// weights returns what is kept of weights, under the order of groups that the
// runs with these weights share: the stored one, or else the one given.
func (k *keptStore) weights(it keptItem, labels [][]byte) *keptWeights {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.items[it.key]; e != nil {
		k.recent.MoveToFront(e)
		return e.Value.(*keptItem).weights
	}
	it.weights = &keptWeights{labels: labels, answers: map[answerKey]keptAnswer{}}
	for _, l := range labels {
		it.size += int64(len(l)) + 64
	}
	k.put(&it)
	return it.weights
}

// reserve looks for something that can answer once more.
func (k *keptStore) reserve(w *keptWeights, a answerKey) (keptAnswer, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	got, ok := w.answers[a]
	return got, ok && got.kept.Reserve()
}

// answer keeps what can answer again, now that the partner has its hints. A
// run whose weights were dropped in the meantime keeps nothing: another run
// may have put the groups in another order.
func (k *keptStore) answer(key string, w *keptWeights, a answerKey, got keptAnswer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.items[key]
	if e == nil || e.Value.(*keptItem).weights != w {
		return
	}
	if old, ok := w.answers[a]; ok {
		k.grow(e, -old.kept.Size())
	}
	w.answers[a] = got
	k.grow(e, got.kept.Size())
}

// received returns the partner's hints, or nil.
func (k *keptStore) received(key string) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.items[key]
	if e == nil {
		return nil
	}
	k.recent.MoveToFront(e)
	return e.Value.(*keptItem).hints
}

// receive keeps the partner's hints.
func (k *keptStore) receive(it keptItem) {
	k.mu.Lock()
	defer k.mu.Unlock()
	it.size = int64(len(it.hints))
	k.put(&it)
}

// holds tells whether so many bytes could be kept at all.
func (k *keptStore) holds(size int64) bool { return size <= k.room/2 }

// drop forgets an item.
func (k *keptStore) drop(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.items[key]; e != nil {
		k.remove(e)
	}
}

// put enters an item in place of one with its key.
func (k *keptStore) put(it *keptItem) {
	if e := k.items[it.key]; e != nil {
		k.remove(e)
	}
	size := it.size
	it.size = 0
	k.items[it.key] = k.recent.PushFront(it)
	k.grow(k.items[it.key], size)
}

func (k *keptStore) grow(e *list.Element, by int64) {
	e.Value.(*keptItem).size += by
	for k.used += by; k.used > k.room; {
		k.remove(k.recent.Back())
	}
}

func (k *keptStore) remove(e *list.Element) {
	it := k.recent.Remove(e).(*keptItem)
	k.used -= it.size
	delete(k.items, it.key)
}

// keep connects a run's products with what earlier runs kept. The weight
// holder's groups take the order they had then.
func (j *joint) keep(p *products) error {
	transcript, err := hex.DecodeString(j.alignment.transcript)
	if err != nil || copy(p.transcript[:], transcript) != len(p.transcript) {
		return errAlignment
	}
	pair := strings.Join([]string{j.run.admitted.id, j.own.Dataset, j.theirs.Dataset}, "\n")
	p.kept, p.item = j.n.kept, keptItem{pair: pair, alignment: j.alignment.id}
	p.kept.use(pair, j.alignment.id)
	if j.plan.Secure.W != j.me() {
		return nil
	}
	if p.item.key, err = weightsKey(j.alignment.id, j.own.Version, j.plan.Locals[j.me()]); err != nil {
		return err
	}
	if j.plan.Locals[j.me()].Drawn() { // the weights of each run are its own
		p.item.key += "\n" + j.run.ID
	}
	p.ownWeight = p.kept.weights(p.item, p.own.groups.labels)
	if !p.own.reorder(p.ownWeight.labels) {
		// Not the groups that this version and plan had before: never trust it.
		p.kept.drop(p.item.key)
		p.ownWeight = p.kept.weights(p.item, p.own.groups.labels)
	}
	return nil
}

// weightsKey covers everything that determines this node's weights: the
// version of its dataset, its local plan, and the slots of the alignment.
func weightsKey(alignment, version string, local plan.Local) (string, error) {
	b, err := json.Marshal(local)
	return "own\n" + alignment + "\n" + version + "\n" + string(b), err
}

// reorder gives the groups the numbers of an earlier run. It is false, and
// changes nothing, if they are not the same groups.
func (r *reduced) reorder(labels [][]byte) bool {
	if len(labels) != len(r.groups.labels) {
		return false
	}
	order, taken, padding := make([]uint32, len(labels)), make([]bool, len(labels)), []uint32{}
	for n, l := range r.groups.labels {
		if l == nil {
			padding = append(padding, uint32(n))
		}
	}
	for n, l := range labels {
		old, ok := r.groups.index[string(l)]
		if l == nil && len(padding) > 0 {
			old, ok, padding = int(padding[0]), true, padding[1:]
		}
		if !ok || taken[old] || !bytes.Equal(r.groups.labels[old], l) {
			return false
		}
		order[old], taken[old] = uint32(n), true
	}
	sizes := make([]uint64, len(r.sizes))
	for old, n := range order {
		sizes[n] = r.sizes[old]
	}
	for i, g := range r.group {
		r.group[i] = order[g]
	}
	for n, l := range labels {
		if l != nil {
			r.groups.index[string(l)] = n
		}
	}
	r.sizes, r.groups.labels = sizes, labels
	return true
}
