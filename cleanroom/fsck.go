package cleanroom

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"parley/agreements"
	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/ledger"
	"parley/cleanroom/store"
	"parley/crypto/keys"
)

// FsckReport is what a check of a whole home found.
type FsckReport struct {
	// Damage names what is wrong, one sentence each; none: all is sound.
	Damage []string `json:"damage"`
	// Checked and NotChecked say what was looked at, and what could not be.
	Checked    []string `json:"checked"`
	NotChecked []string `json:"notChecked"`
}

// Fsck accounts for every file and every row of a home: the audit log against
// its checkpoint and what partners countersigned, the state file against the
// log, and snapshots, alignments and answers against the state file. It changes
// nothing.
func (n *Node) Fsck(ctx context.Context) (*FsckReport, error) {
	f := &fsck{home: n.home, org: n.cfg.Org, store: n.store, key: n.keys.Identity(), keys: n.keys, node: n}
	err := n.anchor.Still(func() error { f.run(ctx); return ctx.Err() })
	return &f.report, err
}

// FsckStopped is Fsck of a node that is not running, without its passphrase. key
// is the node's identity key, nil to take that of its agreements.
func FsckStopped(ctx context.Context, home Home, key ed25519.PublicKey) (*FsckReport, error) {
	// The paths in the state file are absolute ones, see Open.
	full, err := filepath.Abs(string(home))
	if err != nil {
		return nil, err
	}
	home = Home(full)
	cfg, err := home.Config()
	if err != nil {
		return nil, err
	}
	f := &fsck{home: home, org: cfg.Org, key: key}
	// On a copy, since opening brings a state file up to date.
	dir, err := os.MkdirTemp("", "parley-fsck-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(home.path("state.db" + suffix))
		if errors.Is(err, fs.ErrNotExist) && suffix != "" {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "state.db"+suffix), b, 0o600)
		}
		if err != nil {
			f.damage("state.db: %v", err)
			return &f.report, nil
		}
	}
	if f.store, err = store.Open(ctx, filepath.Join(dir, "state.db"), time.Now()); err != nil {
		f.damage("state.db: %v", err)
		return &f.report, nil
	}
	defer f.store.Close()
	f.run(ctx)
	return &f.report, ctx.Err()
}

type fsck struct {
	home   Home
	org    string
	store  *store.Store
	key    ed25519.PublicKey
	keys   keys.Keyring // nil without the passphrase
	node   *Node        // nil when it is not running
	report FsckReport
	known  map[string]bool   // files accounted for, relative to the home
	of     map[string]string // receipt hashes in the log, by run and action
}

func (f *fsck) damage(format string, args ...any) {
	f.report.Damage = append(f.report.Damage, fmt.Sprintf(format, args...))
}

func (f *fsck) checked(format string, args ...any) {
	f.report.Checked = append(f.report.Checked, fmt.Sprintf(format, args...))
}

func (f *fsck) not(format string, args ...any) {
	f.report.NotChecked = append(f.report.NotChecked, fmt.Sprintf(format, args...))
}

// look runs one part; an error of reading is damage as well.
func (f *fsck) look(what string, fn func() error) {
	if err := fn(); err != nil {
		f.damage("%s: %v", what, err)
	}
}

func (f *fsck) run(ctx context.Context) {
	f.report = FsckReport{Damage: []string{}, Checked: []string{}, NotChecked: []string{}}
	f.known, f.of = map[string]bool{}, map[string]string{}
	for _, name := range []string{"parley.yaml", "keys.age", "state.db", "state.db-wal", "state.db-shm", "control.sock"} {
		f.known[name] = true
	}
	f.look("agreements", func() error { return f.agreements(ctx) })
	f.look("records", func() error { return f.heads(ctx) })
	f.look("audit log", func() error { return f.log(ctx) })
	f.look("ledger", func() error { return f.charges(ctx) })
	f.look("datasets", func() error { return f.datasets(ctx) })
	f.look("alignments", func() error { return f.alignments(ctx) })
	f.look("runs", func() error { return f.runs(ctx) })
	f.look("files", f.files)
}

func (f *fsck) agreements(ctx context.Context) error {
	rows, err := f.store.Agreements(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		e, err := agreements.Open(row.Envelope)
		if err != nil {
			f.damage("agreement %s: %v", short(row.ID), err)
			continue
		}
		a := e.Agreement()
		if err := e.Verify(); err != nil && !errors.Is(err, agreements.ErrNotFullySigned) {
			f.damage("agreement %s: %v", short(row.ID), err)
		}
		if id, err := a.ID(); err != nil || id != row.ID {
			f.damage("agreement %s: the state file holds another agreement under its id", short(row.ID))
		}
		if m := a.Member(f.org); f.key == nil && m != nil && row.State != store.AgreementPending {
			f.key = identityKey(m)
			f.not("that the identity key is this node's own: it is the one of agreement %s. Give the node's card (--card) or the passphrase", short(row.ID))
		}
	}
	f.checked("%d agreements: their signatures and ids", len(rows))
	return nil
}

// heads checks what this node and its partners countersigned.
func (f *fsck) heads(ctx context.Context) error {
	if f.key == nil {
		return nil
	}
	theirs, err := f.store.Heads(ctx)
	if err != nil {
		return err
	}
	for _, h := range theirs {
		got, err := audit.OpenHead(h.Note, AuditOrigin, keyOf(h.Key), f.key)
		if err != nil || got.Size != h.Size {
			f.damage("the head of the log of %s is not the one that was countersigned", h.Member)
		}
	}
	found, err := f.store.Conflicts(ctx)
	if err != nil {
		return err
	}
	for _, c := range found {
		if _, err := audit.VerifyFork(c.Proof); err != nil {
			f.damage("conflict %d with %s: %v", c.ID, c.Member, err)
		}
		file := fmt.Sprintf("records/conflict-%d.json", c.ID)
		f.known[file] = true
		if b, err := os.ReadFile(f.home.path(filepath.FromSlash(file))); err != nil || string(b) != string(c.Proof) {
			f.damage("%s: the proof is missing or was changed", file)
		}
		if c.Decided.IsZero() {
			f.damage("conflict %d with %s (%s) is open: see `parley audit exchange`", c.ID, c.Member, c.Kind)
		}
	}
	f.checked("%d heads of partners' logs, %d conflicts", len(theirs), len(found))
	return nil
}

// log checks the audit log by itself, against what partners countersigned, and
// the state file against it.
func (f *fsck) log(ctx context.Context) error {
	if f.key == nil {
		f.not("the audit log, and the state file against it: the node's identity key is not known. Give its card (--card) or the passphrase")
		return filepath.WalkDir(f.home.AuditDir(), f.account)
	}
	var seen []tlog.Tree
	ours, err := f.store.OwnHeads(ctx)
	if err != nil {
		return err
	}
	for _, h := range ours {
		got, err := audit.OpenHead(h.Note, AuditOrigin, f.key, keyOf(h.Key))
		if err != nil || got.Size != h.Size || len(got.Witnesses) != 1 {
			f.damage("the head of this node's log that %s countersigned at %d entries does not verify", h.Member, h.Size)
			continue
		}
		seen = append(seen, tlog.Tree{N: got.Size, Hash: got.Root})
	}
	if err := filepath.WalkDir(f.home.AuditDir(), f.account); err != nil {
		return err
	}
	rep, err := audit.Verify(f.home.AuditDir(), f.key, seen...)
	if err != nil {
		return err
	}
	for _, name := range rep.Unacknowledged {
		f.not("%s: bytes of an entry that a crash interrupted; the next start removes them", name)
	}
	f.checked("%d entries of the audit log: hashes, order, signature, and %d heads that partners countersigned", rep.Entries, len(seen))
	return f.state(ctx)
}

// state compares the state file with the log.
func (f *fsck) state(ctx context.Context) error {
	past, chains, err := anchor.History(ctx, f.store)
	if err != nil {
		return err
	}
	named, last := 0, audit.Entry{}
	err = audit.Each(f.home.AuditDir(), f.key, func(index int64, e *audit.Entry, _ []byte) error {
		last = *e
		if hash := e.Detail["receiptHash"]; hash != "" {
			f.of[e.Action+" "+e.Run] = hash
		}
		if e.Detail["anchor"] == "" {
			return nil
		}
		named++
		switch {
		case e.Detail["anchor"] != strconv.Itoa(named):
			f.damage("entry %d of the audit log names change %s of the state file, and %d was to come", index, e.Detail["anchor"], named)
		case named > len(chains):
			if named == len(chains)+1 {
				f.damage("%v", anchor.ErrOlder)
			}
		case e.Detail["state"] != chains[named-1]:
			f.damage("change %d of the state file is not the one that entry %d of the audit log names", named, index)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if named < len(chains)-1 {
		f.damage("%v", anchor.ErrAhead)
	}
	rows, err := anchoredRows(ctx, f.store)
	if err != nil {
		return err
	}
	for kind, current := range rows {
		if past[kind] == nil && len(current) == 0 {
			continue
		}
		if err := anchor.Match(current, past[kind]); err != nil {
			f.damage("%s: %v", kind, err)
		}
	}
	f.checked("%d changes of the state file that the audit log names", len(chains))
	switch {
	case f.node != nil:
		f.not("rows of the state file that the audit log does not name one by one (runs, questions, what was selected earlier): that is done when the node starts")
	case last.Action == stopAction && last.Detail["rows"] != f.store.Found():
		f.damage("%v", ErrChanged)
	case last.Action == stopAction:
		f.checked("every row of the state file: it is as the node left it")
	default:
		f.not("rows of the state file that the audit log does not name one by one (runs, questions, what was selected earlier): the node was not stopped in order")
	}
	return nil
}

func (f *fsck) charges(ctx context.Context) error {
	past, _, err := anchor.History(ctx, f.store)
	if err != nil {
		return err
	}
	head, count, err := ledger.Verify(ctx, f.store)
	if err != nil {
		return err
	}
	digests := past[anchor.Ledger]["ledger"]
	if len(digests) == 0 && count == 0 {
		return nil
	}
	if len(digests) == 0 || digests[len(digests)-1] != head {
		return anchor.ErrMixed
	}
	f.checked("%d charges on budgets", count)
	return nil
}

func (f *fsck) datasets(ctx context.Context) error {
	rows, err := f.store.Datasets(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		f.take(row.SnapshotPath)
		got, err := fileHash(row.SnapshotPath)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			f.damage("dataset %s: its snapshot is missing; import it again", row.Name)
		case err != nil:
			return err
		case strings.TrimPrefix(row.Version, "sha256:") != got:
			f.damage("dataset %s: its snapshot was changed: its version is not the one recorded at its import; import the dataset again", row.Name)
		}
		if f.keys != nil {
			if _, err := f.keys.UnwrapKey(ctx, row.WrappedKey, "snapshot "+row.Version); err != nil {
				f.damage("dataset %s: the key of its snapshot does not open", row.Name)
			}
		}
	}
	f.checked("%d datasets: the hashes of their snapshots", len(rows))
	if f.keys == nil && len(rows) > 0 {
		f.not("the keys of snapshots: they need the passphrase")
	}
	return nil
}

func (f *fsck) alignments(ctx context.Context) error {
	rows, err := f.store.Alignments(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		f.take(row.Path)
		if _, err := os.Stat(row.Path); err != nil {
			f.damage("alignment %s: its file is missing; the next run aligns anew", short(row.ID))
			continue
		}
		if f.node != nil {
			if _, err := f.node.openAlignment(ctx, &row); err != nil {
				f.damage("alignment %s: %v", short(row.ID), err)
			}
		}
	}
	jobs, err := f.store.AlignmentJobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		f.known["alignments/"+j.ID+workSuffix] = true
	}
	f.checked("%d alignments, %d unfinished ones", len(rows), len(jobs))
	if f.node == nil && len(rows) > 0 {
		f.not("what is in %d alignments: they are sealed, and open with the passphrase alone", len(rows))
	}
	if len(jobs) > 0 {
		f.not("what is in unfinished alignments: it is checked when they are taken up")
	}
	return nil
}

// runs checks answers and receipts against the log's entries of them.
func (f *fsck) runs(ctx context.Context) error {
	before, sealed, count := "", 0, 0
	for {
		rows, err := f.store.Runs(ctx, 500, before)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			count, before = count+1, row.ID
			hash := row.ReceiptHash
			if row.StoredFrom == "" && hash != "" && f.key != nil && f.of[audit.ReleaseAction+" "+row.ID] != hash {
				f.damage("run %s: its receipt is not the one that the audit log names", row.ID)
			}
			if len(row.Receipt) > 0 && f.key != nil {
				if got, err := receiptHash(row.Receipt); err != nil || !slices.Contains([]string{f.of[audit.ReleaseAction+" "+row.ID], f.of[audit.CosignAction+" "+row.ID]}, got) {
					f.damage("run %s: the receipt that was signed here is not the one that the audit log names", row.ID)
				}
			}
			if row.Sealed == nil {
				continue
			}
			sealed++
			if f.node != nil {
				if _, _, err := f.node.unseal(ctx, row); err != nil {
					f.damage("run %s: %v", row.ID, err)
				}
			}
		}
	}
	f.checked("%d runs: receipts against the audit log", count)
	if f.node == nil && sealed > 0 {
		f.not("%d answers: they are sealed, and open with the passphrase alone", sealed)
	}
	return nil
}

// account marks a file as one of the home's.
func (f *fsck) account(path string, e fs.DirEntry, err error) error {
	if err == nil && !e.IsDir() {
		f.take(path)
	}
	return err
}

func (f *fsck) take(path string) {
	if rel, err := filepath.Rel(string(f.home), path); err == nil {
		f.known[filepath.ToSlash(rel)] = true
	}
}

// files names what nothing accounts for.
func (f *fsck) files() error {
	return filepath.WalkDir(string(f.home), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(string(f.home), path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case rel == "spool" || e.IsDir() && f.known[rel]:
			return fs.SkipDir
		case e.IsDir() || f.known[rel]:
			return nil
		case strings.HasSuffix(rel, damagedSuffix):
			f.not("%s: an alignment that was set aside because it was damaged", rel)
		default:
			f.damage("%s: nothing accounts for this file", rel)
		}
		return nil
	})
}

func fileHash(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	_, err = io.Copy(h, file)
	return hex.EncodeToString(h.Sum(nil)), err
}
