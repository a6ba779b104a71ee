package anchor

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"parley/cleanroom/audit"
	"parley/cleanroom/store"
	"parley/crypto/wire"
	"parley/internal/weak"
)

// Errors of a state file and a log that do not belong together.
var (
	ErrOlder = errors.New("the state file (state.db) is older than the audit log, so an older copy of it was put back; put the newer one back: until then nothing is answered, since budgets that were spent could be spent again, and agreements that ended be in force again")
	ErrAhead = errors.New("the audit log is older than the state file (state.db), so an older copy of the log was put back; put the newer one back")
	ErrMixed = errors.New("the state file (state.db) is not the one that the audit log names; it was changed or exchanged: put the right one back")
)

// Kinds of state that are anchored.
const (
	Ledger    = "ledger"    // subject: ledger; digest: the chain of charges
	Agreement = "agreement" // subject: the agreement's id
	Person    = "person"    // subject: the name
	Consent   = "consent"   // subject: the hash of kind, subject and person
	Template  = "template"  // subject: name and version, with a stroke between
)

// Change is what is about to happen to one row.
type Change struct {
	Kind    string
	Subject string
	Digest  [32]byte    // see Digest; zeros: the subject is gone
	Entry   audit.Entry // what the log says of it; the anchor is added to its detail
}

// Digest is the hash of a subject's state: of every field that must not change
// unseen.
func Digest(fields ...[]byte) [32]byte { return wire.Sum(wire.LabelAnchored, fields...) }

// Keeper makes changes one after another. It is safe for concurrent use.
type Keeper struct {
	store *store.Store
	log   *audit.Log

	mu    sync.Mutex
	seq   int64    // of the last change; mu
	head  [32]byte // its chain; mu
	fresh bool     // neither file has an anchor yet: what is there is taken up; mu
	// stuck is set when a change could not be named in the log: a second one
	// would leave the log two behind, which no crash does. mu
	stuck error
}

// Open checks the chain of changes and compares it with the log. A change that
// a crash kept from the log is named there now. The error is ErrOlder, ErrAhead
// or ErrMixed, or of reading.
func Open(ctx context.Context, s *store.Store, log *audit.Log) (*Keeper, error) {
	k := &Keeper{store: s, log: log}
	newest, err := k.walk(ctx, nil)
	if err != nil {
		return nil, err
	}
	e, _, err := log.Last(func(e *audit.Entry) bool { return e.Detail["anchor"] != "" })
	if err != nil {
		return nil, err
	}
	behind, err := Compare(e, newest)
	if err != nil && !weak.Off("R56") {
		return nil, err
	}
	k.fresh = len(newest) == 0 && e.Action == ""
	if behind == nil || err != nil {
		return k, nil
	}
	for _, a := range newest {
		if a.Seq >= behind.Seq {
			if err := k.announce(ctx, a); err != nil {
				return k, err
			}
		}
	}
	return k, nil
}

// walk reads all anchors, checks the chain, and returns the last three.
func (k *Keeper) walk(ctx context.Context, each func(store.Anchor)) (newest []store.Anchor, err error) {
	k.seq, k.head = 0, [32]byte{}
	for {
		page, err := k.store.Anchors(ctx, k.seq+1, 1000)
		if err != nil || len(page) == 0 {
			return newest, err
		}
		for _, a := range page {
			a.Before = k.head
			if a.Seq != k.seq+1 || chain(a) != a.Chain {
				return nil, ErrMixed
			}
			k.seq, k.head = a.Seq, a.Chain
			newest = append(newest[max(0, len(newest)-2):], a)
			if each != nil {
				each(a)
			}
		}
	}
}

// Compare judges the last entry of the log that names an anchor (the zero Entry
// if there is none) by the last three anchors. behind is the first anchor that a
// crash may have kept from the log: the last one, or the one before where the
// two were one change, which the entry of the last says by its detail
// predecessor.
func Compare(e audit.Entry, newest []store.Anchor) (behind *store.Anchor, err error) {
	var last store.Anchor
	chainAt := map[int64][32]byte{0: {}}
	for _, a := range newest {
		chainAt[a.Seq], last = a.Chain, a
	}
	named := int64(0)
	if e.Action != "" {
		if named, err = strconv.ParseInt(e.Detail["anchor"], 10, 64); err != nil || named < 1 {
			return nil, ErrMixed
		}
	}
	switch {
	case named > last.Seq:
		return nil, ErrOlder
	case named < last.Seq-1 && !(named == last.Seq-2 && together(last)):
		return nil, ErrAhead
	case named > 0 && e.Detail["state"] != hex.EncodeToString(at(chainAt, named)):
		return nil, ErrMixed
	case named < last.Seq:
		first := newest[max(0, len(newest)-int(last.Seq-named))]
		return &first, nil
	}
	return nil, nil
}

// together reports whether an anchor and the one before it are one change.
func together(a store.Anchor) bool {
	var e audit.Entry
	return json.Unmarshal(a.Entry, &e) == nil && e.Detail["predecessor"] != ""
}

func at(m map[int64][32]byte, n int64) []byte { c := m[n]; return c[:] }

// chain covers everything of an anchor but itself.
func chain(a store.Anchor) [32]byte {
	return wire.Sum(wire.LabelAnchor, a.Before[:], binary.BigEndian.AppendUint64(nil, uint64(a.Seq)),
		[]byte(a.Kind), []byte(a.Subject), a.Digest[:], a.Entry)
}

// announce names an anchor in the log.
func (k *Keeper) announce(ctx context.Context, a store.Anchor) error {
	var e audit.Entry
	if err := json.Unmarshal(a.Entry, &e); err != nil {
		return ErrMixed
	}
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e.Detail["anchor"], e.Detail["state"] = strconv.FormatInt(a.Seq, 10), hex.EncodeToString(a.Chain[:])
	_, err := k.log.Append(ctx, e)
	return err
}

// Do makes a change: apply is a method of the store that makes the change and
// adds the anchor in one transaction. When Do returns nil the change is on disk
// and in the audit log. An error of apply is returned as it is, and nothing was
// changed; after an error of the log the change stands and the Keeper makes no
// more, until the node is started again.
func (k *Keeper) Do(ctx context.Context, c Change, apply func(context.Context, store.Anchor) error) error {
	return k.DoAll(ctx, []Change{c}, func(ctx context.Context, all []store.Anchor) error { return apply(ctx, all[0]) })
}

// DoAll is Do for one or two rows that change together. The entry of the second
// has the detail predecessor.
func (k *Keeper) DoAll(ctx context.Context, changes []Change, apply func(context.Context, []store.Anchor) error) error {
	// Once begun, a change is carried through: between the two writes no
	// cancellation may come.
	ctx = context.WithoutCancel(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stuck != nil {
		return k.stuck
	}
	var all []store.Anchor
	seq, head := k.seq, k.head
	for _, c := range changes {
		if err := c.Entry.Check(); err != nil { // what the log would not take must not be changed
			return err
		}
		entry, err := json.Marshal(c.Entry)
		if err != nil {
			return err
		}
		a := store.Anchor{Seq: seq + 1, Kind: c.Kind, Subject: c.Subject, Digest: c.Digest, Entry: entry, Before: head}
		a.Chain = chain(a)
		seq, head = a.Seq, a.Chain
		all = append(all, a)
	}
	if len(all) == 0 || len(all) > 2 || len(all) == 2 && !together(all[1]) {
		return errors.New("one or two rows change together, and the second says so")
	}
	if err := apply(ctx, all); err != nil {
		if errors.Is(err, store.ErrAnchor) {
			return errors.Join(ErrMixed, err)
		}
		return err
	}
	k.seq, k.head, k.fresh = seq, head, false
	for _, a := range all {
		if err := k.announce(ctx, a); err != nil {
			k.stuck = fmt.Errorf("the audit log could not be written, so nothing is done: %w", err)
			return k.stuck
		}
	}
	return nil
}

// Stuck is the error after which nothing is changed any more, or nil.
func (k *Keeper) Stuck() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stuck
}

// Check compares rows with what their last changes made of them: current has
// the digest of every row of a kind. It is called when the node starts, before
// anything is changed. In a home from before anchors were kept, the rows are
// taken up as they are.
func (k *Keeper) Check(ctx context.Context, kind string, current map[string][32]byte, takenUp func(subject string) audit.Entry) error {
	k.mu.Lock()
	fresh := k.fresh
	k.mu.Unlock()
	if fresh {
		return k.takeUp(ctx, kind, current, takenUp)
	}
	want, err := k.past(ctx, kind)
	if err != nil || weak.Off("R56") {
		return err
	}
	return Match(current, want)
}

// Past is the digest of each subject of a kind after each of its changes.
type Past map[string][][32]byte

// Match compares the rows of a kind with what their changes made of them. A row
// that is what an earlier change made of it, or is not there yet, is ErrOlder.
func Match(current map[string][32]byte, past Past) error {
	for subject := range current {
		if len(past[subject]) == 0 {
			return ErrMixed
		}
	}
	for subject, digests := range past {
		last := len(digests) - 1
		now := current[subject] // zeros if it is not there
		switch {
		case now == digests[last]:
		case now == [32]byte{}, slices.Contains(digests[:last], now):
			return ErrOlder
		default:
			return ErrMixed
		}
	}
	return nil
}

// past reads what Match compares with.
func (k *Keeper) past(ctx context.Context, kind string) (Past, error) {
	out, from := Past{}, int64(1)
	for {
		page, err := k.store.Anchors(ctx, from, 1000)
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, a := range page {
			if a.Kind == kind {
				out[a.Subject] = append(out[a.Subject], a.Digest)
			}
			from = a.Seq + 1
		}
	}
}

func (k *Keeper) takeUp(ctx context.Context, kind string, current map[string][32]byte, entry func(string) audit.Entry) error {
	for subject, digest := range current {
		if err := k.Do(ctx, Change{Kind: kind, Subject: subject, Digest: digest, Entry: entry(subject)}, k.store.PutAnchor); err != nil {
			return err
		}
		k.mu.Lock()
		k.fresh = true // for the other kinds, until the node is up
		k.mu.Unlock()
	}
	return nil
}

// Still runs fn while no change is made.
func (k *Keeper) Still(fn func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return fn()
}

// History reads all anchors of a state file and checks their chain: the digests
// of each kind's subjects, and the chain after each change, from 1.
func History(ctx context.Context, s *store.Store) (past map[string]Past, chains []string, err error) {
	past = map[string]Past{}
	k := &Keeper{store: s}
	_, err = k.walk(ctx, func(a store.Anchor) {
		if past[a.Kind] == nil {
			past[a.Kind] = Past{}
		}
		past[a.Kind][a.Subject] = append(past[a.Kind][a.Subject], a.Digest)
		chains = append(chains, hex.EncodeToString(a.Chain[:]))
	})
	return past, chains, err
}

// Ready ends the time in which rows are taken up.
func (k *Keeper) Ready() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fresh = false
}
