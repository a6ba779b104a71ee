package ledger

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/store"
	"parley/crypto/wire"
	"parley/internal/weak"
)

// Errors of a ledger that must not be used.
var (
	ErrOlder = anchor.ErrOlder
	ErrAhead = anchor.ErrAhead
	ErrMixed = anchor.ErrMixed
)

// Kinds of charges.
const (
	Run       = "run"
	Alignment = "alignment"
)

// action is that of a charge's entry in the audit log.
const action = "ledger.charge"

// Ledger is an open ledger. It is safe for concurrent use.
type Ledger struct {
	store  *store.Store
	log    *audit.Log
	anchor *anchor.Keeper

	mu   sync.Mutex
	seq  int64    // of the last charge; mu
	head [32]byte // its chain; mu
	last time.Time
}

// subject of the ledger's anchors: it is one thing, of which each charge makes
// another state.
const subject = "ledger"

// Open checks every charge against the hash chain, and its end against the
// ledger's last anchor. The error is ErrMixed, or of reading.
func Open(ctx context.Context, s *store.Store, log *audit.Log, k *anchor.Keeper) (*Ledger, error) {
	l := &Ledger{store: s, log: log, anchor: k}
	if err := l.walk(ctx); err != nil {
		return nil, err
	}
	current := map[string][32]byte{}
	if l.seq > 0 {
		current[subject] = l.head
	}
	return l, k.Check(ctx, anchor.Ledger, current, func(string) audit.Entry {
		return audit.Entry{Time: l.last, Actor: "ledger", Action: "ledger.take-up", Outcome: audit.OK,
			Detail: map[string]string{"charge": strconv.FormatInt(l.seq, 10), "ledger": hexOf(l.head)}}
	})
}

// walk reads all charges and checks their chain.
func (l *Ledger) walk(ctx context.Context) error {
	for {
		page, err := l.store.Charges(ctx, l.seq+1, 1000)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, c := range page {
			if c.Seq != l.seq+1 || chain(l.head, c) != c.Chain {
				return ErrMixed
			}
			l.seq, l.head, l.last = c.Seq, c.Chain, c.Time
		}
	}
}

// Verify checks the chain of a state file's charges, and returns its end and
// their number.
func Verify(ctx context.Context, s *store.Store) (head [32]byte, count int64, err error) {
	l := &Ledger{store: s}
	err = l.walk(ctx)
	return l.head, l.seq, err
}

func chain(before [32]byte, c store.Charge) [32]byte {
	number := func(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
	return wire.Sum(wire.LabelLedger, before[:], number(c.Seq), []byte(c.Kind), []byte(c.Dataset), []byte(c.Version), []byte(c.Agreement),
		[]byte(c.Asker), []byte(c.Peer), []byte(c.Run), []byte(c.PlanHash), []byte(c.Epsilon), []byte(c.Delta), []byte(c.Rho), []byte(c.Slip), number(c.Time.UnixNano()))
}

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }

// entry is what the audit log says of a charge.
func entry(c store.Charge) audit.Entry {
	d := map[string]string{"charge": strconv.FormatInt(c.Seq, 10), "ledger": hexOf(c.Chain), "spent": c.Kind, "version": c.Version}
	for k, v := range map[string]string{"epsilon": c.Epsilon, "delta": c.Delta, "rho": c.Rho, "slip": c.Slip, "planHash": c.PlanHash, "peer": c.Peer} {
		if v != "" {
			d[k] = v
		}
	}
	return audit.Entry{Time: c.Time, Actor: c.Asker, Action: action, Outcome: audit.OK,
		Agreement: c.Agreement, Run: c.Run, Dataset: c.Dataset, Detail: d}
}

// Now is the time that periods are counted by: the clock's, but never before
// what the log or the ledger has seen, so that a clock set back frees nothing.
func (l *Ledger) Now(clock time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now(clock)
}

func (l *Ledger) now(clock time.Time) time.Time {
	if weak.Off("R53") {
		return clock.UTC()
	}
	for _, seen := range []time.Time{l.log.Latest(), l.last} {
		if seen.After(clock) {
			clock = seen
		}
	}
	return clock.UTC()
}

// Limits are what bounds a charge. The zero value bounds nothing.
type Limits struct {
	Budget     *Budget // of privacy loss
	RunsPerDay int     // of all runs on the dataset, in a day (UTC)
	Alignments int     // new alignments with one partner, in a day (UTC)
	// AlignmentsInAll are those with all partners together: one that comes under
	// several names, and several that work together, share them (R37).
	AlignmentsInAll int
}

// Exceeded says which limit a charge would break. Nothing was charged.
type Exceeded struct {
	Limit   string // budget, runsPerDay, alignments or alignmentsInAll
	Dataset string
	Most    int       // of a number per day
	Next    time.Time // when a day's number begins anew
	Budget  *Budget
	Spent   Cost
}

func (e *Exceeded) Error() string {
	switch e.Limit {
	case "runsPerDay":
		return fmt.Sprintf("the owner of %q allows %d runs on it a day (UTC), and that many were made today, under all agreements together; the next is possible from %s on. Asking the same question again costs nothing",
			e.Dataset, e.Most, e.Next.Format("2006-01-02 15:04 UTC"))
	case "alignments":
		return fmt.Sprintf("%q was aligned anew with this partner %d times today (UTC), which is as often as this node's configuration allows (alignmentsPerDay): each alignment shows the number of shared units once more. The next is possible from %s on",
			e.Dataset, e.Most, e.Next.Format("2006-01-02 15:04 UTC"))
	}
	if e.Limit == "alignmentsInAll" {
		return fmt.Sprintf("%q was aligned anew %d times today (UTC) with all partners together, under all agreements, which is as often as this node allows (four times alignmentsPerDay): each alignment shows the number of shared units once more. The next is possible from %s on",
			e.Dataset, e.Most, e.Next.Format("2006-01-02 15:04 UTC"))
	}
	period := "in all"
	if e.Budget.Days > 0 {
		period = fmt.Sprintf("in %d days", e.Budget.Days)
	}
	return fmt.Sprintf("the privacy budget of %q is spent: of epsilon %s %s, under all agreements together, %s is used, and this question needs more than what is left. Asking an earlier question again costs nothing",
		e.Dataset, decimal(e.Budget.Epsilon.FloatString(6)), period, decimal(e.Spent.Epsilon.FloatString(6)))
}

func decimal(s string) string {
	for len(s) > 1 && s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}

// Charge records what a run is about to spend. When it returns nil the charge
// is on disk and in the audit log; an *Exceeded has charged nothing. After any
// other error it is unknown whether it is charged.
func (l *Ledger) Charge(ctx context.Context, clock time.Time, c store.Charge, limits Limits) error {
	// Once begun, a charge is carried through: between the two writes no
	// cancellation may come.
	ctx = context.WithoutCancel(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Time = l.now(clock)
	if err := l.within(ctx, c, limits); err != nil {
		return err
	}
	if weak.Off("R12") { // others may come between the check and the charge
		l.mu.Unlock()
		runtime.Gosched()
		l.mu.Lock()
	}
	c.Seq = l.seq + 1
	c.Chain = chain(l.head, c)
	err := l.anchor.Do(ctx, anchor.Change{Kind: anchor.Ledger, Subject: subject, Digest: c.Chain, Entry: entry(c)},
		func(ctx context.Context, a store.Anchor) error {
			err := l.store.AddCharges(ctx, l.seq, l.head, []store.Charge{c}, a)
			if err != nil && !errors.Is(err, store.ErrMoved) && !errors.Is(err, store.ErrAnchor) {
				err = fmt.Errorf("the ledger could not be written, so nothing is run: %w", err)
			}
			return err
		})
	if errors.Is(err, store.ErrMoved) {
		return ErrMixed
	}
	if err == nil {
		l.seq, l.head, l.last = c.Seq, c.Chain, c.Time
	}
	return err
}

// Check is Charge without the charge: whether it would be within its limits
// now.
func (l *Ledger) Check(ctx context.Context, clock time.Time, c store.Charge, limits Limits) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Time = l.now(clock)
	return l.within(ctx, c, limits)
}

// Spent is the loss charged on a dataset version's data within a budget's
// period, and what it is made of.
func (l *Ledger) Spent(ctx context.Context, clock time.Time, dataset, version string, days int) (Cost, []store.Charge, error) {
	var since time.Time
	if days > 0 {
		since = l.Now(clock).Add(-time.Duration(days) * 24 * time.Hour)
	}
	return l.spent(ctx, dataset, version, since)
}

func (l *Ledger) spent(ctx context.Context, dataset, version string, since time.Time) (Cost, []store.Charge, error) {
	sum := NoCost()
	i, err := l.store.IdentityOf(ctx, dataset, version)
	if err != nil {
		return sum, nil, fmt.Errorf("whose budget %q draws on: %w", dataset, err)
	}
	charges, err := l.store.ChargesOf(ctx, i.Identity, since)
	if err != nil {
		return sum, nil, err
	}
	for _, c := range charges {
		cost, err := CostOf(c)
		if err != nil {
			return sum, nil, err
		}
		sum = sum.Add(cost)
	}
	return sum, charges, nil
}

// spentBefore is what was charged, before c, on the data that c is about: under
// any agreement, any name and any version of it (R14).
func (l *Ledger) spentBefore(ctx context.Context, c store.Charge, since time.Time) (Cost, []store.Charge, error) {
	sum, charges, err := l.spent(ctx, c.Dataset, c.Version, since)
	if err != nil || !weak.Off("R14") {
		return sum, charges, err
	}
	charges = slices.DeleteFunc(charges, func(o store.Charge) bool { return o.Version != c.Version || o.Agreement != c.Agreement })
	sum = NoCost()
	for _, o := range charges {
		cost, err := CostOf(o)
		if err != nil {
			return sum, nil, err
		}
		sum = sum.Add(cost)
	}
	return sum, charges, nil
}

func (l *Ledger) within(ctx context.Context, c store.Charge, limits Limits) error {
	day := c.Time.Truncate(24 * time.Hour)
	_, today, err := l.spentBefore(ctx, c, day)
	if err != nil {
		return err
	}
	out := &Exceeded{Dataset: c.Dataset, Next: day.Add(24 * time.Hour)}
	n, all := 0, 0
	for _, other := range today {
		if other.Kind != c.Kind {
			continue
		}
		if all++; c.Kind == Run || other.Peer == c.Peer {
			n++
		}
	}
	switch {
	case c.Kind == Run && limits.RunsPerDay > 0 && n >= limits.RunsPerDay:
		out.Limit, out.Most = "runsPerDay", limits.RunsPerDay
		return out
	case c.Kind == Alignment && limits.Alignments > 0 && n >= limits.Alignments:
		out.Limit, out.Most = "alignments", limits.Alignments
		return out
	case c.Kind == Alignment && limits.AlignmentsInAll > 0 && all >= limits.AlignmentsInAll && !weak.Off("R37"):
		out.Limit, out.Most = "alignmentsInAll", limits.AlignmentsInAll
		return out
	}
	cost, err := CostOf(c)
	if err != nil || limits.Budget == nil || cost.Zero() {
		return err
	}
	var since time.Time
	if limits.Budget.Days > 0 {
		since = c.Time.Add(-time.Duration(limits.Budget.Days) * 24 * time.Hour)
	}
	if out.Spent, _, err = l.spentBefore(ctx, c, since); err != nil {
		return err
	}
	if !limits.Budget.Holds(out.Spent.Add(cost)) {
		out.Limit, out.Budget = "budget", limits.Budget
		return out
	}
	return nil
}

// More is about how many more runs like one a dataset's limits allow; bounded
// is false when none of them bounds it.
func (l *Ledger) More(ctx context.Context, clock time.Time, c store.Charge, limits Limits) (more int, bounded bool, err error) {
	if limits.RunsPerDay > 0 {
		_, today, err := l.spent(ctx, c.Dataset, c.Version, l.Now(clock).Truncate(24*time.Hour))
		if err != nil {
			return 0, false, err
		}
		more, bounded = limits.RunsPerDay, true
		for _, other := range today {
			if other.Kind == Run {
				more--
			}
		}
		more = max(more, 0)
	}
	cost, err := CostOf(c)
	if err != nil || limits.Budget == nil || cost.Zero() {
		return more, bounded, err
	}
	spent, _, err := l.Spent(ctx, clock, c.Dataset, c.Version, limits.Budget.Days)
	if err != nil {
		return 0, false, err
	}
	if left := limits.Budget.More(spent, cost); !bounded || left < more {
		more = left
	}
	return more, true, nil
}

// Identify gives a dataset version its identity: that of other versions of its
// name and of whatever is the same data (R14). fresh is one for new data.
func (l *Ledger) Identify(ctx context.Context, i store.Identity) (string, error) {
	return l.store.Identify(ctx, i, func(known []store.Identity) []string {
		if weak.Off("R14") {
			return nil
		}
		return same(i, known)
	})
}
