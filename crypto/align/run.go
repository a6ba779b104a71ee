package align

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// Units calls yield with every own unit once, in the same order whenever it is
// called. The slice is valid until yield returns. It returns the first error
// that yield returns.
type Units func(ctx context.Context, yield func(unit []byte) error) error

// Result is one party's outcome.
type Result struct {
	// Slots holds the slot of each own unit, in the order of Units. Slots held
	// by dummies appear nowhere.
	Slots []uint32
	// Total is the number of slots on both sides together, dummies included.
	Total int
}

// Run aligns the own units with the peer's over the pipe. Units must be
// distinct and number cfg.Own.
//
// A run that was interrupted, by an error that is not ErrRefused or by the end
// of the process, is resumed by calling Run again with the same cfg and units
// and a pipe for which this holds: it takes every message again, with the same
// bytes, and skips what the peer has; it yields every message of the peer's
// again, from its first byte, and with the bytes that it yielded before: a peer
// that could send another list would have it raised to the same keys. Nothing
// that was stored is computed again. Memory may differ. When Run has returned a result, or ErrRefused, the caller
// removes the work directory and forgets the seed.
//
// An error that is ErrRefused means that the peer did not follow the protocol.
// ErrDuplicateUnit and errors about cfg and units are found before anything is
// sent. The context given to pipe.Recv must also end reads of the message's
// body.
func Run(ctx context.Context, pipe wire.Pipe, cfg Config, units Units) (*Result, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	secret, err := newSecrets(cfg)
	if err != nil {
		return nil, err
	}
	tasks, ctx := errgroup.WithContext(ctx)
	p := &party{cfg: cfg, secrets: secret, pipe: pipe, tasks: tasks, ctx: ctx, units: units}
	p.nC, p.nP = cfg.lists()
	p.sorter = &sorter{work: cfg.Work, bytes: cfg.sorting(), chunk: cfg.chunk}
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

// party is one side of a run. Its fields do not change while it runs. The own
// list and the sending of messages are tasks beside the protocol proper; what
// one hands to the other lies in complete work files.
type party struct {
	secrets
	cfg    Config
	pipe   wire.Pipe
	tasks  *errgroup.Group
	ctx    context.Context // of this run only; the party does not outlive it
	units  Units
	nC, nP int
	sorter *sorter
	told   sync.Mutex // calls of cfg.Progress come one at a time
}

// runC plays the side with the smaller set.
func (p *party) runC() (*Result, error) {
	own := p.begin()
	_, matched, err := p.cfg.Work.Complete(fileS)
	if err != nil {
		return nil, err
	}
	if err := p.answer(p.nP, !matched); err != nil {
		return nil, err
	}
	if err := p.await(own); err != nil {
		return nil, err
	}
	p.post(stepBack, fileBack)
	left, err := p.match()
	if err != nil {
		return nil, err
	}
	p.postCount(left)
	p.post(stepS, fileS)
	if err := p.tagOwn(stepV, p.nC); err != nil {
		return nil, err
	}
	return p.findTags(p.nP + left)
}

// runP plays the side with the larger set.
func (p *party) runP() (*Result, error) {
	own := p.begin()
	if err := p.answer(p.nC, true); err != nil {
		return nil, err
	}
	if err := p.await(own); err != nil {
		return nil, err
	}
	p.post(stepE, fileE)
	p.post(stepV, fileBack)
	if err := p.tagOwn(stepBack, p.nP); err != nil {
		return nil, err
	}
	left, err := p.tagRest()
	if err != nil {
		return nil, err
	}
	return p.number(p.nP + left)
}

// begin starts to work on the own list and to send it. The channel is closed
// when the list is stored and known to be good: nothing is sent before.
func (p *party) begin() <-chan struct{} {
	done := make(chan struct{})
	p.tasks.Go(func() error {
		if err := p.ownList(); err != nil {
			return err
		}
		close(done)
		return p.send(stepU, fileU)
	})
	return done
}

func (p *party) await(done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// report adapts the caller's progress function to a batch of one step: the
// entries of a list of total ones from number at on.
func (p *party) report(step string, at, total int) curve.Progress {
	if p.cfg.Progress == nil {
		return nil
	}
	return func(done, _ int) { p.tell(step, at+done, total) }
}

func (p *party) tell(step string, done, total int) {
	if p.cfg.Progress == nil {
		return
	}
	p.told.Lock()
	defer p.told.Unlock()
	p.cfg.Progress(step, int64(done), int64(total))
}
