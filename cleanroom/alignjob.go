package cleanroom

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/crypto/align"
	"parley/crypto/spill"
	"parley/crypto/wire"
)

// alignJob is an alignment under way at this node. It outlives the run that
// began it: after a crash, a cut or a cancellation another run of the same two
// dataset versions takes it up, with the same secrets and the same bytes.
//
//	HOME/alignments/ID.work/received/   the partner's messages, sealed (peer.Mail)
//	HOME/alignments/ID.work/own/        what was computed, sealed (spill.Dir)
//
// The state file holds its session id and, wrapped, the one secret that all
// others are derived from. It ends when both nodes have shown that they hold
// the finished alignment, or when it failed in a way that must not be repeated
// with the same secrets.
type alignJob struct {
	row       store.AlignmentJob
	secret    [32]byte
	resumed   bool // an earlier run began it
	folder    *os.Root
	pipe      *peer.Pipe
	closeMail func()
	// condemned is set while nothing speaks for taking it up again.
	condemned bool
	over      bool // both nodes hold the alignment
}

// derive makes one of the job's keys.
func (a *alignJob) derive(use string) [32]byte {
	return wire.Sum(wire.LabelAlignKey, a.secret[:], []byte(use))
}

func (n *Node) workPath(job string) string { return n.home.path("alignments", job+workSuffix) }

const workSuffix = ".work"

// openJob takes up the unfinished alignment that both nodes have, which the
// partner calls theirs, or begins a new one. The pair is held.
func (j *joint) openJob(ctx context.Context, theirs string) error {
	row, err := j.n.store.AlignmentJob(ctx, j.alignmentKey())
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	case theirs != "" && row.ID == theirs && row.Terms == j.terms() && j.n.now().Sub(row.Created) < keepJobs:
		if err = j.resumeJob(ctx, row); err == nil {
			return nil
		}
		j.n.log.Warn("an unfinished alignment cannot be taken up", "alignment", row.ID, "error", err)
		j.closeJob()
	}
	j.dropPair(ctx)
	return j.newJob(ctx)
}

// dropPair forgets what is unfinished of the two datasets, in whatever versions
// and roles. No run of this node works on it: the pair is held.
func (j *joint) dropPair(ctx context.Context) {
	k := j.alignmentKey()
	j.n.dropJobs(ctx, func(a store.AlignmentJob) string {
		if a.Agreement == k.Agreement && a.OwnDataset == k.OwnDataset && a.PeerDataset == k.PeerDataset {
			return "another alignment takes its place"
		}
		return ""
	})
}

// newJob begins an alignment with fresh secrets. The audit log says so before
// anything of it exists, so that every one that shows the partner anything is
// in it.
func (j *joint) newJob(ctx context.Context) error {
	if err := j.chargeAlignment(ctx); err != nil {
		return err
	}
	job := &alignJob{}
	if _, err := rand.Read(job.secret[:]); err != nil {
		return err
	}
	session := j.session("align")
	id := hexOf(session)[:32]
	wrapped, err := j.n.keys.WrapKey(ctx, job.secret, "alignment job "+id)
	if err != nil {
		return err
	}
	job.row = store.AlignmentJob{AlignmentKey: j.alignmentKey(), ID: id, Peer: j.partner.Name,
		Session: session, Terms: j.terms(), WrappedKey: wrapped, Created: j.n.now()}
	if err := j.n.record(j.jobEntry("alignment.start", id)); err != nil {
		return err
	}
	if err := j.n.store.PutAlignmentJob(ctx, job.row); err != nil {
		return err
	}
	return j.enterJob(job)
}

// resumeJob opens what an earlier run left.
func (j *joint) resumeJob(ctx context.Context, row store.AlignmentJob) error {
	if _, err := os.Stat(j.n.workPath(row.ID)); err != nil {
		return err
	}
	job := &alignJob{row: row, resumed: true}
	var err error
	if job.secret, err = j.n.keys.UnwrapKey(ctx, row.WrappedKey, "alignment job "+row.ID); err != nil {
		return err
	}
	if err := j.n.record(j.jobEntry("alignment.resume", row.ID)); err != nil {
		return err
	}
	return j.enterJob(job)
}

func (j *joint) jobEntry(action, id string) entryBuilder {
	return entry(action, audit.OK).by(j.run.admitted.asker).run(j.run.ID).agreement(j.run.admitted.id).
		dataset(j.own.Dataset).with("alignment", id).with("peer", j.partner.Name).with("version", j.own.Version)
}

// enterJob opens the job's folder and its mailbox, and lets the partner post.
func (j *joint) enterJob(job *alignJob) (err error) {
	j.job = job
	path := j.n.workPath(job.row.ID)
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep an alignment: %w", err)
	}
	if job.folder, err = os.OpenRoot(path); err != nil {
		return fmt.Errorf("keep an alignment: %w", err)
	}
	received, err := subfolder(job.folder, "received")
	if err != nil {
		return fmt.Errorf("keep an alignment: %w", err)
	}
	if job.closeMail, err = j.n.mail.OpenKept(job.row.ID, received, job.derive("received")); err != nil {
		return fmt.Errorf("keep an alignment: %w", err)
	}
	job.pipe = j.n.mail.Pipe(job.row.ID, j.client)
	j.run.mu.Lock()
	defer j.run.mu.Unlock()
	j.run.job = job.row.ID
	return nil
}

func subfolder(in *os.Root, name string) (*os.Root, error) {
	if err := in.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return in.OpenRoot(name)
}

// passing is true of failures that say nothing against the alignment: the run
// was ended, or something was not there that may be there next time. Whatever
// else goes wrong would go wrong again, or must not be repeated.
func passing(ctx context.Context, err error) bool {
	var gone *peer.Unreachable
	var refused *peer.Problem
	switch {
	case errors.Is(err, align.ErrRefused), errors.Is(err, spill.ErrDamaged), errors.Is(err, peer.ErrChanged), peer.IsProblem(err, peer.RefusedChanged), errors.Is(err, errPanic):
		return false
	}
	return ctx.Err() != nil || errors.As(err, &gone) || errors.As(err, &refused) || errors.Is(err, syscall.ENOSPC)
}

// judgeJob decides after a failure of the alignment whether it may be taken up.
func (j *joint) judgeJob(ctx context.Context, err error) {
	j.job.condemned = !passing(ctx, err)
	j.run.mu.Lock()
	defer j.run.mu.Unlock()
	j.run.kept = !j.job.condemned
}

// endJob is called with the outcome of comparing the finished alignments. Not
// before both nodes hold one does the job end: a node that was killed while
// the other had finished already still needs its messages.
func (j *joint) endJob(ctx context.Context, err error) {
	if j.job == nil {
		return
	}
	if err != nil {
		j.judgeJob(ctx, err)
		return
	}
	j.job.over = true
	j.leaveJob()
}

// leaveJob closes the job at the end of the run, if not before, and removes it
// unless it may be taken up. It may be called more than once.
func (j *joint) leaveJob() {
	defer j.letGo()
	job := j.job
	if job == nil {
		return
	}
	j.closeJob()
	why := ""
	switch {
	case job.over:
		why = "it is done"
	case job.condemned:
		why = "it failed"
	default:
		return
	}
	if err := j.n.dropJob(context.WithoutCancel(j.n.life), job.row.ID, why); err != nil {
		j.n.log.Warn("remove an alignment's work", "alignment", job.row.ID, "error", err)
	}
}

// closeJob gives back what enterJob opened; the files stay.
func (j *joint) closeJob() {
	job := j.job
	j.job = nil
	if job == nil {
		return
	}
	if job.closeMail != nil {
		job.closeMail()
	}
	if job.folder != nil {
		job.folder.Close()
	}
}
