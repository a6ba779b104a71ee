package cleanroom

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"parley/crypto/align"
	"parley/crypto/wire"
)

// align returns the slots of own units, from the stored alignment if both
// nodes have it. A new one runs in a session of its own.
func (j *joint) align(ctx context.Context) (*alignment, error) {
	if j.stored != nil {
		return j.n.loadAlignment(ctx, j.stored)
	}
	session := j.session("align")
	transcript := wire.NewTranscript()
	own := j.n.cfg.Org
	pipe := transcript.Record(j.raw, own, j.partner.Name)
	report, end := j.run.begin("align", transcript)
	defer end()
	units, err := j.ownUnits(ctx)
	if err != nil {
		return nil, err
	}
	cfg := align.Config{Role: align.RoleP, Session: session, Own: len(units), Peer: int(j.theirs.Units),
		Padding: align.DefaultPadding(), Rand: rand.Reader,
		Progress: func(_ string, done, total int64) { report(done, total) }}
	if j.roleC() {
		cfg.Role = align.RoleC
	}
	got, err := align.Run(ctx, pipe, cfg, units)
	if err != nil {
		return nil, fmt.Errorf("align: %w", err)
	}
	id := hexOf(transcript.Sum(session))
	a := &alignment{id: id, transcript: id, total: got.Total, slotOf: make(map[unitKey]uint32, len(units))}
	for i, u := range units {
		a.slotOf[keyOf(u)] = got.Slots[i]
	}
	if err := j.transcript.Absorb(transcript); err != nil {
		return nil, err
	}
	return a, j.n.keepAlignment(ctx, j.alignmentKey(), j.partner.Name, a)
}

// ownUnits reads every distinct unit of the own dataset.
func (j *joint) ownUnits(ctx context.Context) ([][]byte, error) {
	row := j.run.admitted.own[j.own.Dataset]
	snap, err := j.n.snapshot(ctx, row)
	if err != nil {
		return nil, err
	}
	units := make([][]byte, 0, j.own.Units)
	err = j.n.engine.Units(ctx, snap, func(u []byte) error {
		units = append(units, append([]byte(nil), u...))
		return nil
	})
	if err == nil && int64(len(units)) != j.own.Units {
		err = errors.New("the snapshot holds another number of units than was recorded at import")
	}
	return units, lost(row, err)
}
