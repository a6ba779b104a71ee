package align

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// Result is one party's outcome.
type Result struct {
	// Slots holds the slot of each own unit, in the order of the input. Slots
	// held by dummies appear nowhere.
	Slots []uint32
	// Total is the number of slots on both sides together, dummies included.
	Total int
}

// Run aligns the units with the peer's over the pipe. units must be distinct
// and number cfg.Own. It draws fresh keys, uses them once and forgets them.
//
// An error that is ErrRefused means that the peer did not follow the protocol.
// ErrDuplicateUnit and errors about cfg are found before anything is sent. The
// context given to pipe.Recv must also end reads of the message's body.
func Run(ctx context.Context, pipe wire.Pipe, cfg Config, units [][]byte) (*Result, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if len(units) != cfg.Own {
		return nil, fmt.Errorf("align: %d units given where %d were agreed", len(units), cfg.Own)
	}
	secret, err := newSecrets(cfg)
	if err != nil {
		return nil, fmt.Errorf("align: drawing keys: %w", err)
	}
	tasks, ctx := errgroup.WithContext(ctx)
	p := &party{cfg: cfg, secrets: secret, pipe: pipe, tasks: tasks, ctx: ctx, units: units}
	p.nC, p.nP = cfg.lists()
	var result *Result
	tasks.Go(func() (err error) {
		if cfg.Role == RoleC {
			result, err = p.runC()
		} else {
			result, err = p.runP()
		}
		return err
	})
	if err := tasks.Wait(); err != nil {
		return nil, err
	}
	return result, nil
}

// secrets is everything random about one party's run, drawn before its first
// message in this order: k, m, check, dummies.
type secrets struct {
	k, m    curve.Scalar
	check   [32]byte // seeds the tests of received points
	padding [][32]byte
}

func newSecrets(cfg Config) (s secrets, err error) {
	if s.k, err = curve.NewScalar(cfg.Rand); err != nil {
		return s, err
	}
	if s.m, err = curve.NewScalar(cfg.Rand); err != nil {
		return s, err
	}
	if err = readFull(cfg.Rand, s.check[:]); err != nil {
		return s, err
	}
	s.padding, err = dummies(cfg)
	return s, err
}

// party is one side of a run. The protocol proper runs on one goroutine, which
// owns all fields; sends and receives run beside it in tasks and touch only
// the lists handed to them.
type party struct {
	secrets
	cfg    Config
	pipe   wire.Pipe
	tasks  *errgroup.Group
	ctx    context.Context // of this run only; the party does not outlive it
	units  [][]byte
	nC, nP int
}

// ownList returns H(x)^k for the own units and dummies, sorted, and for each
// entry the index it came from: units first, then dummies. Dummies go in
// before the sorting, which hides them.
func (p *party) ownList() (u []curve.Point, from []uint32, err error) {
	points := make([]curve.Point, p.cfg.Own+len(p.padding))
	tag := append([]byte(wire.LabelHashToCurve), p.cfg.Session[:]...)
	err = curve.HashToCurve(p.ctx, points, tag, p.message, p.report("hash own units"))
	if err != nil {
		return nil, nil, err
	}
	if err := p.raise(points, points, p.k, "encrypt own units"); err != nil {
		return nil, nil, err
	}
	from = order(points)
	u = permuted(points, from)
	if !increasing(u) {
		return nil, nil, ErrDuplicateUnit
	}
	return u, from, nil
}

// message returns what is hashed to the curve for the i-th own entry.
func (p *party) message(i int) []byte {
	if i >= p.cfg.Own {
		return p.padding[i-p.cfg.Own][:]
	}
	unit := wire.Sum(wire.LabelUnit, p.units[i])
	return unit[:]
}

// raise sets dst to points^k.
func (p *party) raise(dst, points []curve.Point, k curve.Scalar, step string) error {
	return curve.ExpInto(p.ctx, dst, points, k, p.report(step))
}

// report adapts the caller's progress function to one step.
func (p *party) report(step string) curve.Progress {
	if p.cfg.Progress == nil {
		return nil
	}
	return func(done, total int) { p.cfg.Progress(step, int64(done), int64(total)) }
}
