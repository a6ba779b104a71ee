package cleanroom

import (
	"context"
	"sync"
	"time"
)

// aligning holds the pairs of datasets that a run of this node is aligning: a
// second run that wants the same waits and then reuses what the first made.
// Two alignments of one pair would cost twice and show the number of shared
// units twice, under two noises. The zero value is ready for use.
//
// A run that aligns holds its pair at both nodes, first at the one whose name
// comes first (leads). With one order for all, no two runs wait for each other.
type aligning struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // closed when the pair is free again; mu
}

// try takes a pair, or returns what is closed when its holder lets go.
func (a *aligning) try(pair string) (release func(), held <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if held := a.busy[pair]; held != nil {
		return nil, held
	}
	if a.busy == nil {
		a.busy = map[string]chan struct{}{}
	}
	free := make(chan struct{})
	a.busy[pair] = free
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.busy, pair)
		close(free)
	}), nil
}

// take waits for a pair until ctx ends.
func (a *aligning) take(ctx context.Context, pair string) (release func(), err error) {
	for {
		release, held := a.try(pair)
		if release != nil {
			return release, nil
		}
		select {
		case <-held:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// alignWait is how long a node lets its partner's offer wait for a pair before
// it answers that it is busy with it.
const alignWait = 20 * time.Second

// pair names the two datasets of a join, as this node sees them.
func (j *joint) pair() string {
	return j.run.admitted.id + "\x00" + j.plan.Locals[j.me()].Dataset + "\x00" + j.plan.Locals[j.other()].Dataset
}

// leads is true at one of the two nodes: there the pair is taken first.
func (j *joint) leads() bool { return j.n.cfg.Org < j.partner.Name }

// hold takes the pair for this run, which waits for it in a stage of its own.
func (j *joint) hold(ctx context.Context) (err error) {
	if j.free != nil {
		return nil
	}
	if j.free, _ = j.n.aligning.try(j.pair()); j.free != nil {
		return nil
	}
	_, end := j.run.begin("wait for another run to align", nil)
	defer end()
	j.free, err = j.n.aligning.take(ctx, j.pair())
	return err
}

// letGo is the end of hold; it may be called more than once.
func (j *joint) letGo() {
	if j.free != nil {
		j.free()
		j.free = nil
	}
}
