package cleanroom

import (
	"context"
	"os"
	"strings"
	"time"

	"parley/cleanroom/store"
)

// keepJobs is how long an alignment that nobody takes up is kept.
const keepJobs = 7 * 24 * time.Hour

// dropJob forgets a job: its secret goes with its row, then its files.
func (n *Node) dropJob(ctx context.Context, id, why string) error {
	n.log.Info("work of an alignment removed", "alignment", id, "reason", why)
	if err := n.store.DeleteAlignmentJob(ctx, id); err != nil {
		return err
	}
	return os.RemoveAll(n.workPath(id))
}

// dropJobs forgets the jobs for which why gives a reason. Failing to is not
// fatal, since nothing uses them any more; the next sweep tries again.
func (n *Node) dropJobs(ctx context.Context, why func(store.AlignmentJob) string) {
	jobs, err := n.store.AlignmentJobs(ctx)
	if err != nil {
		n.log.Warn("look for unfinished alignments", "error", err)
		return
	}
	for _, a := range jobs {
		reason := why(a)
		if reason == "" {
			continue
		}
		if err := n.dropJob(ctx, a.ID, reason); err != nil {
			n.log.Warn("remove an unfinished alignment", "alignment", a.ID, "error", err)
		}
	}
}

// sweepAlignments removes, at the start, the jobs that nobody will take up and
// what interrupted runs left that no row speaks of.
func (n *Node) sweepAlignments() {
	ctx := n.life
	n.dropJobs(ctx, func(a store.AlignmentJob) string {
		if n.now().Sub(a.Created) >= keepJobs {
			return "it is too old"
		}
		if _, _, err := n.inForce(ctx, a.Agreement); err != nil {
			return "its agreement is not in force"
		}
		if row, err := n.store.Dataset(ctx, a.OwnDataset); err != nil || row.Version != a.OwnVersion {
			return "the dataset was replaced"
		}
		return ""
	})
	known := map[string]bool{}
	rows, err := n.store.Alignments(ctx)
	if err != nil {
		return
	}
	for _, a := range rows {
		known[a.Path] = true
	}
	jobs, err := n.store.AlignmentJobs(ctx)
	if err != nil {
		return
	}
	for _, a := range jobs {
		known[n.workPath(a.ID)] = true
	}
	files, err := os.ReadDir(n.home.path("alignments"))
	if err != nil {
		return
	}
	for _, f := range files {
		path := n.home.path("alignments", f.Name())
		if !known[path] && !strings.HasSuffix(path, damagedSuffix) {
			os.RemoveAll(path)
		}
	}
}
