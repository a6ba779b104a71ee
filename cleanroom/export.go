package cleanroom

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/cleanroom/audit"
	"parley/cleanroom/store"
)

// ExportOptions select what an outside auditor is given. The zero value selects
// everything.
type ExportOptions struct {
	Since     time.Time // entries from then on
	Run       string
	Agreement string // whole id
}

func (o ExportOptions) all() bool { return o == ExportOptions{} }

// Export writes a tar archive for an outside auditor: the audit log or selected
// entries of it with proofs, checkpoints with cosignatures, agreements, signed
// receipts without answers, and a signed manifest. It holds no answer and no
// data; questions, with the constants in them, stand in the receipts.
func (n *Node) Export(ctx context.Context, w io.Writer, o ExportOptions) error {
	if err := n.record(entry("records.export", audit.OK).called(ctx).run(o.Run).agreement(o.Agreement)); err != nil {
		return err
	}
	x := &export{out: tar.NewWriter(w), at: n.now(), manifest: audit.Manifest{Member: n.cfg.Org, Origin: AuditOrigin, Created: n.now()}}
	if err := n.exportLog(x, o); err != nil {
		return err
	}
	if err := n.exportHeads(ctx, x); err != nil {
		return err
	}
	if err := n.exportPapers(ctx, x, o); err != nil {
		return err
	}
	if err := x.add("README.txt", []byte(exportText)); err != nil {
		return err
	}
	manifest, signature, err := audit.SignManifest(x.manifest, n.signer())
	if err != nil {
		return err
	}
	if err := x.add(audit.ManifestName, manifest); err != nil {
		return err
	}
	if err := x.add(audit.SignatureName, signature); err != nil {
		return err
	}
	return x.out.Close()
}

const exportText = `This folder was made by "parley audit export" for somebody outside.

  log/            the audit log: entries, hashes, and a checkpoint (AUDIT.md in the
                  program's sources says how to read them)
  selected.json   in its place, where only some entries were asked for: each with
                  the proof that it is in the log
  heads/          checkpoints of this log that partners countersigned, and of
                  partners' logs that this node countersigned
  agreements/     the agreements, with all signatures
  receipts/       the signed receipts of runs, without the answers
  conflicts/      proofs of logs that do not fit together, if any were found
  manifest.json   every file with its hash; manifest.note is its signature

To check all of it with nothing but this folder and the organisation's public key
(its card, which it hands out, or the one in an agreement that you have):

  parley audit verify --export THIS_FOLDER --card CARD

Beside it, give a checkpoint that was kept elsewhere, if there is one:

  parley audit verify --export THIS_FOLDER --card CARD --checkpoint FILE

There is no answer and no row of data in it. Questions stand in the receipts as
they were asked, with the constants in them.
`

type export struct {
	out      *tar.Writer
	at       time.Time
	manifest audit.Manifest
}

func (x *export) add(name string, b []byte) error {
	if err := x.out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), ModTime: x.at, Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	x.manifest.Files = append(x.manifest.Files, audit.ManifestFile{Name: name, Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:])})
	_, err := x.out.Write(b)
	return err
}

// exportLog adds the files of the log as far as its checkpoint covers them, or
// the selected entries.
func (n *Node) exportLog(x *export, o ExportOptions) error {
	head, err := n.audit.Own()
	if err != nil {
		return err
	}
	if !o.all() {
		return n.exportSelected(x, o, head)
	}
	return n.audit.Files(head, func(name string, b []byte) error { return x.add("log/"+name, b) })
}

func (n *Node) exportSelected(x *export, o ExportOptions, head audit.Head) error {
	out := audit.Selected{Records: []audit.BundleRecord{}}
	for from := int64(0); from < head.Size; from += 1000 {
		entries, err := n.audit.Read(from, int(min(1000, head.Size-from)))
		if err != nil {
			return err
		}
		for i, e := range entries {
			if e.Time.Before(o.Since) || o.Run != "" && e.Run != o.Run || o.Agreement != "" && e.Agreement != o.Agreement {
				continue
			}
			r, err := n.underHead(from+int64(i), head)
			if err != nil {
				return err
			}
			out.Records = append(out.Records, r)
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return x.add(audit.SelectedName, b)
}

func (n *Node) exportHeads(ctx context.Context, x *export) error {
	ours, err := n.store.OwnHeads(ctx)
	if err != nil {
		return err
	}
	theirs, err := n.store.Heads(ctx)
	if err != nil {
		return err
	}
	for i, h := range ours {
		if err := x.add(fmt.Sprintf("heads/own-%d-%s.note", i, plainName(h.Member)), h.Note); err != nil {
			return err
		}
	}
	for i, h := range theirs {
		if err := x.add(fmt.Sprintf("heads/partner-%d-%s.note", i, plainName(h.Member)), h.Note); err != nil {
			return err
		}
	}
	found, err := n.store.Conflicts(ctx)
	for _, c := range found {
		if err := x.add(fmt.Sprintf("conflicts/%d.json", c.ID), c.Proof); err != nil {
			return err
		}
	}
	return err
}

func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, s)
}

// exportPapers adds agreements and receipts.
func (n *Node) exportPapers(ctx context.Context, x *export, o ExportOptions) error {
	before, wanted := "", map[string]bool{o.Agreement: true}
	for {
		rows, err := n.store.Runs(ctx, 500, before)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			before = row.ID
			if o.Run != "" && row.ID != o.Run || o.Agreement != "" && row.Agreement != o.Agreement || row.Created.Before(o.Since) {
				continue
			}
			wanted[row.Agreement] = true
			b, err := n.receiptOf(ctx, row)
			if err != nil {
				return err
			}
			if b != nil {
				if err := x.add("receipts/"+row.ID+".json", b); err != nil {
					return err
				}
			}
		}
	}
	rows, err := n.store.Agreements(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if o.all() || wanted[row.ID] {
			if err := x.add("agreements/"+strings.TrimPrefix(row.ID, "sha256:")+".json", row.Envelope); err != nil {
				return err
			}
		}
	}
	return nil
}

// receiptOf is a run's signed receipt, without the answer; nil if there is none
// any more.
func (n *Node) receiptOf(ctx context.Context, row store.Run) ([]byte, error) {
	if len(row.Receipt) > 0 || row.Sealed == nil {
		return row.Receipt, nil
	}
	bundle, _, err := n.unseal(ctx, row)
	if err != nil {
		return nil, err
	}
	var b audit.Bundle
	if err := json.Unmarshal(bundle, &b); err != nil {
		return nil, err
	}
	return b.Receipt, nil
}

// Unpack writes an export's archive into a folder that is not there yet, or
// empty.
func Unpack(r io.Reader, dir string) (files int, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return 0, fmt.Errorf("%s is not an empty folder", dir)
	}
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return files, err
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(filepath.FromSlash(h.Name)) {
			return files, fmt.Errorf("the export has a file of a kind or name that it cannot have")
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return files, err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return files, err
		}
		if _, err := io.Copy(f, t); err != nil {
			f.Close()
			return files, err
		}
		if err := f.Close(); err != nil {
			return files, err
		}
		files++
	}
}
