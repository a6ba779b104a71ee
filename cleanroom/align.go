package cleanroom

import (
	"context"
	"errors"
	"fmt"

	"parley/crypto/align"
	"parley/crypto/spill"
	"parley/crypto/wire"
)

// align returns the slots of own units, from the stored alignment if both
// nodes have it. A new one, or one that is taken up, runs in a session and
// over a pipe of its own.
func (j *joint) align(ctx context.Context) (*alignment, error) {
	if j.stored != nil {
		// The work is still there if a node was stopped between storing the
		// alignment and hearing that the other has it too.
		if free, _ := j.n.aligning.try(j.pair()); free != nil {
			defer free()
			j.dropPair(ctx)
		}
		return j.n.loadAlignment(ctx, j.stored)
	}
	stage := "align"
	if j.job.resumed {
		stage = "align (resumed)"
	}
	// What really went over the network: a transcript counts every message in
	// full, whether it was sent again or not.
	report, end := j.run.begin(stage, j.job.pipe)
	defer end()
	transcript := wire.NewTranscript()
	j.job.condemned = true // should it end in a panic
	got, err := j.runJob(ctx, transcript, report)
	if err == nil {
		err = j.transcript.Absorb(transcript)
	}
	if err != nil {
		j.judgeJob(ctx, err)
		return nil, fmt.Errorf("align: %w", err)
	}
	j.job.condemned = false
	id := hexOf(transcript.Sum(j.job.row.Session))
	a := &alignment{id: id, transcript: id, total: got.Total, slots: got.Slots}
	return a, j.n.keepAlignment(ctx, j.alignmentKey(), j.partner.Name, a)
}

// runJob runs the protocol over the job's pipe, from where it was left.
func (j *joint) runJob(ctx context.Context, transcript *wire.Transcript, report func(done, total int64)) (*align.Result, error) {
	own, err := subfolder(j.job.folder, "own")
	if err != nil {
		return nil, err
	}
	defer own.Close()
	work, err := spill.Open(own, j.job.derive("own"))
	if err != nil {
		return nil, err
	}
	units, err := j.ownUnits(ctx)
	if err != nil {
		return nil, err
	}
	cfg := align.Config{Role: align.RoleP, Session: j.job.row.Session, Own: int(j.own.Units), Peer: int(j.theirs.Units),
		Padding: align.DefaultPadding(), Seed: j.job.derive("seed"), Memory: j.n.cfg.AlignmentMemoryMiB << 20, Work: work,
		Progress: func(_ string, done, total int64) { report(done, total) }}
	if j.roleC() {
		cfg.Role = align.RoleC
	}
	return align.Run(ctx, transcript.Record(j.job.pipe, j.n.cfg.Org, j.partner.Name), cfg, units)
}

// ownUnits reads every distinct unit of the own dataset, by ordinal.
func (j *joint) ownUnits(ctx context.Context) (align.Units, error) {
	row := j.run.admitted.own[j.own.Dataset]
	snap, err := j.n.snapshot(ctx, row)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, yield func([]byte) error) error {
		n := int64(0)
		err := j.n.engine.Units(ctx, snap, func(u []byte) error {
			n++
			return yield(u)
		})
		if err == nil && n != j.own.Units {
			err = errors.New("the snapshot holds another number of units than was recorded at import")
		}
		return lost(row, err)
	}, nil
}
