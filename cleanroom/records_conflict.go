package cleanroom

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"parley/agreements"
	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/store"
)

// Kinds of anchored rows of this file and records.go.
const (
	anchorHead     = "head"     // subject: identity key
	anchorConflict = "conflict" // subject: number
)

func headDigest(h store.KeptHead) [32]byte { return anchor.Digest([]byte(h.Key), h.Note) }

func conflictDigest(c store.Conflict) [32]byte {
	decided := "open"
	if !c.Decided.IsZero() {
		decided = "decided"
	}
	return anchor.Digest([]byte(c.Key), []byte(c.Kind), c.Proof, []byte(decided), []byte(c.How))
}

// conflict records that a log does not go on from what was countersigned, and
// returns the error that people read. first is the head that was countersigned,
// second what was shown now; root and proof are what the partner gave.
func (n *Node) conflict(ctx context.Context, m *agreements.Member, kind string, first, second audit.Head, root []byte, proof []tlog.Hash) error {
	n.records.revoke(m.IdentityKey)
	if _, err := n.store.OpenConflict(ctx, m.IdentityKey, kind); err == nil {
		return n.unresolved(ctx, m)
	}
	key := m.IdentityKey
	if kind == conflictOwn {
		key = keyText(n.keys.Identity())
	}
	file, err := audit.Fork{Member: nameFor(n, m, kind), Key: key, Origin: AuditOrigin, First: string(first.Note), Second: string(second.Note),
		Root: rootText(root), Proof: audit.EncodeHashes(proof)}.Encode()
	if err != nil {
		return err
	}
	if first.Size == second.Size || len(proof) == 0 { // a proof that does not hold is left out
		file, err = audit.Fork{Member: nameFor(n, m, kind), Key: key, Origin: AuditOrigin, First: string(first.Note), Second: string(second.Note)}.Encode()
		if err != nil {
			return err
		}
	}
	all, err := n.store.Conflicts(ctx)
	if err != nil {
		return err
	}
	c := store.Conflict{ID: int64(len(all)) + 1, Key: m.IdentityKey, Member: m.Name, Kind: kind, Proof: file, Found: n.now()}
	if err := os.MkdirAll(n.home.path("records"), 0o700); err != nil {
		return err
	}
	if err := writeFile(n.conflictFile(c.ID), file, 0o600); err != nil {
		return err
	}
	e := entry("records.conflict", audit.Failed).with("peer", m.Name).with("code", kind).
		with("size", strconv.FormatInt(second.Size, 10)).with("head", hex.EncodeToString(second.Root[:]))
	change := anchor.Change{Kind: anchorConflict, Subject: strconv.FormatInt(c.ID, 10), Digest: conflictDigest(c), Entry: n.timed(e)}
	err = n.anchor.Do(ctx, change, func(ctx context.Context, a store.Anchor) error { return n.store.PutConflict(ctx, c, a) })
	if err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	err = n.unresolved(ctx, m)
	n.log.Error("records", "partner", m.Name, "error", err)
	return err
}

func nameFor(n *Node, m *agreements.Member, kind string) string {
	if kind == conflictOwn {
		return n.cfg.Org
	}
	return m.Name
}

func rootText(root []byte) string {
	if len(root) == 0 {
		return ""
	}
	return base64.StdEncoding.EncodeToString(root)
}

// conflictFile is where the proof lies, for people to hand on.
func (n *Node) conflictFile(id int64) string {
	return n.home.path("records", fmt.Sprintf("conflict-%d.json", id))
}

// unresolved is the error of an open conflict that keeps this node from running
// anything with a partner; nil if there is none.
func (n *Node) unresolved(ctx context.Context, m *agreements.Member) error {
	all, err := n.store.Conflicts(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Decided.IsZero() && (c.Kind == conflictOwn || m != nil && c.Key == m.IdentityKey) {
			return n.conflictError(c)
		}
	}
	return nil
}

func (n *Node) conflictError(c store.Conflict) error {
	f, err := audit.VerifyFork(c.Proof)
	if err != nil {
		return fmt.Errorf("%w: the proof in the state file is damaged: %w", ErrRecords, err)
	}
	day := c.Found.UTC().Format(time.DateOnly)
	switch c.Kind {
	case conflictOwn:
		return fmt.Errorf("%w: the audit log of this node is not a continuation of the one that %s countersigned (%d entries; the log here had %d when it was found, %s). An older copy of this home was put back, or a second copy of it runs somewhere. Stop the other copy, or put the newest one back; until then nothing is run. If the newest one is lost, see `parley audit accept-head --help`. The proof is %s",
			ErrRecords, c.Member, f.First.Size, f.Second.Size, day, n.conflictFile(c.ID))
	case conflictOlder:
		return fmt.Errorf("%w: the audit log of %s is shorter than the one that this node countersigned (%d entries; it showed %d on %s). An older copy of its home was put back, or a second copy of it runs somewhere. Nothing is run with %s until it shows the log as it was. If that is lost, see `parley audit accept-head --help`. The proof is %s",
			ErrRecords, c.Member, f.First.Size, f.Second.Size, day, c.Member, n.conflictFile(c.ID))
	}
	return fmt.Errorf("%w: the audit log of %s is not a continuation of the one that was countersigned (%d entries; it showed %d on %s): it was rewritten, or two copies of its node run at once. Nothing is run with %s until a person here decides, see `parley audit accept-head --help`. The proof is %s",
		ErrRecords, c.Member, f.First.Size, f.Second.Size, day, c.Member, n.conflictFile(c.ID))
}

// resolve closes the open conflicts of a kind with a partner.
func (n *Node) resolve(ctx context.Context, m *agreements.Member, kind, how string) error {
	c, err := n.store.OpenConflict(ctx, m.IdentityKey, kind)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return n.decideConflict(ctx, c, entry("records.resolve", audit.OK), how)
}

func (n *Node) decideConflict(ctx context.Context, c store.Conflict, e entryBuilder, how string) error {
	c.Decided, c.How = n.now(), how
	change := anchor.Change{Kind: anchorConflict, Subject: strconv.FormatInt(c.ID, 10), Digest: conflictDigest(c),
		Entry: n.timed(e.with("peer", c.Member).with("code", c.Kind))}
	return n.anchor.Do(ctx, change, func(ctx context.Context, a store.Anchor) error {
		return n.store.DecideConflict(ctx, c.ID, how, c.Decided, a)
	})
}

// AcceptHead is a person's decision about the open conflicts with a partner:
// that the head which the partner showed last is the one to go on from or, where
// this node's own log does not fit, that it is. root is the beginning, of eight
// hex digits or more, of that head's root: whoever decides has compared it with
// the partner's people. It returns what was decided.
func (n *Node) AcceptHead(ctx context.Context, member, root string) ([]string, error) {
	all, err := n.store.Conflicts(ctx)
	if err != nil {
		return nil, err
	}
	var done []string
	root = strings.ToLower(root)
	for _, c := range all {
		if c.Member != member || !c.Decided.IsZero() {
			continue
		}
		f, err := audit.VerifyFork(c.Proof)
		if err != nil {
			return done, err
		}
		full := hex.EncodeToString(f.Second.Root[:])
		if len(root) < 8 || !strings.HasPrefix(full, root) {
			return done, fmt.Errorf("compare the root with %s's people first, over the phone: the log is to go on from %d entries with the root %s. If it is what they read to you, run the command with --root and its first eight digits or more",
				member, f.Second.Size, full)
		}
		how := byPerson
		if c.Kind == conflictOwn {
			if err := n.store.DropOwnHeads(ctx, c.Key, 0); err != nil {
				return done, err
			}
		} else {
			e := entry("records.accept-head", audit.OK).with("peer", member).with("size", strconv.FormatInt(f.Second.Size, 10)).with("head", full)
			if err := n.keepAccepted(ctx, e, c, f.Second); err != nil {
				return done, err
			}
			if err := n.dropTold(ctx, c.Key); err != nil {
				return done, err
			}
		}
		if err := n.decideConflict(ctx, c, entry("records.decide", audit.OK).with("size", strconv.FormatInt(f.Second.Size, 10)).with("head", full), how); err != nil {
			return done, err
		}
		done = append(done, fmt.Sprintf("the log of %s goes on from %d entries, root %s", f.Member, f.Second.Size, full))
	}
	if len(done) == 0 {
		return nil, fmt.Errorf("there is nothing to decide about %q: no log is in doubt", member)
	}
	return done, nil
}

// byPerson is how a conflict was decided by AcceptHead.
const byPerson = "accepted by a person"

// lostTo is up to which size the heads of a member's log may belong to what
// people here have accepted as lost; 0 when they have accepted nothing. Others
// who still hold such heads, or say them again, must not stop this node anew.
func (n *Node) lostTo(ctx context.Context, key string) (size int64, err error) {
	all, err := n.store.Conflicts(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range all {
		if c.Key != key || c.Kind == conflictOwn || c.How != byPerson {
			continue
		}
		f, err := audit.VerifyFork(c.Proof)
		if err != nil {
			return 0, err
		}
		size = max(size, f.First.Size)
	}
	return size, nil
}

// dropTold forgets what others hold of a log that people have decided about.
func (n *Node) dropTold(ctx context.Context, key string) error {
	told, err := n.store.Told(ctx, key)
	for _, t := range told {
		err = errors.Join(err, n.store.DropTold(ctx, t))
	}
	return err
}

// keepAccepted makes the head that a person accepted the one to go on from.
func (n *Node) keepAccepted(ctx context.Context, e entryBuilder, c store.Conflict, h audit.Head) error {
	key, err := base64.StdEncoding.DecodeString(c.Key)
	if err != nil {
		return err
	}
	note := h.Note
	if signed, err := audit.OpenHead(note, AuditOrigin, key, n.keys.Identity()); err == nil && len(signed.Witnesses) == 0 {
		if note, err = audit.AddCosignature(h, key, n.signer(), n.now()); err != nil {
			return err
		}
	}
	n.records.judging.Lock()
	defer n.records.judging.Unlock()
	n.records.shorter(c.Key, false)
	return n.keepHead(ctx, e, store.KeptHead{Key: c.Key, Member: c.Member, Size: h.Size, Note: note, Time: n.now()})
}
