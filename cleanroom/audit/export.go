package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ExportFormat is the value of Manifest.Format that this version reads.
const ExportFormat = "parley.export/v1"

// Names in an export.
const (
	ManifestName  = "manifest.json"
	SignatureName = "manifest.note"
	// SelectedName holds selected entries, each with its proof, where not the
	// whole log is given out.
	SelectedName = "selected.json"
	exportOrigin = "parley/export"
	maxManifest  = 64 << 20
)

// Manifest lists the files of an export for an outside auditor. A signed note
// beside it has its hash.
type Manifest struct {
	Format  string         `json:"format"`
	Member  string         `json:"member"`
	Origin  string         `json:"origin"` // of the log
	Created time.Time      `json:"created"`
	Files   []ManifestFile `json:"files"`
}

// ManifestFile is one file of an export.
type ManifestFile struct {
	Name   string `json:"name"` // with slashes, below the export's folder
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Selected are entries of a log, each shown under the checkpoint of an export.
type Selected struct {
	Records []BundleRecord `json:"records"`
}

// SignManifest returns the manifest's bytes and the signed note of its hash.
func SignManifest(m Manifest, signer Signer) (manifest, signature []byte, err error) {
	m.Format, m.Created = ExportFormat, m.Created.UTC().Truncate(time.Second)
	if manifest, err = canonical(m); err != nil {
		return nil, nil, err
	}
	v, err := newVerifier(exportOrigin, signer.Public())
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(manifest)
	signature, err = note.Sign(&note.Note{Text: exportOrigin + "\n" + hex.EncodeToString(sum[:]) + "\n"}, noteSigner{v, signer})
	return manifest, signature, err
}

// Export is what VerifyExport found in order.
type Export struct {
	Manifest Manifest
	Log      *Report // nil where only selected entries were given out
	Selected int
}

// VerifyExport checks the folder of an export with nothing but the member's
// public key: the manifest's signature, that every file is the one listed and
// none is there beside them, the log or the selected entries. The heads in seen
// must be the log's own past.
func VerifyExport(dir string, key ed25519.PublicKey, seen ...tlog.Tree) (*Export, error) {
	m, err := readManifest(dir, key)
	if err != nil {
		return nil, err
	}
	if err := checkFiles(dir, m); err != nil {
		return nil, err
	}
	x := &Export{Manifest: *m}
	if slices.ContainsFunc(m.Files, func(f ManifestFile) bool { return f.Name == "log/checkpoint" }) {
		x.Log, err = Verify(filepath.Join(dir, "log"), key, seen...)
		return x, err
	}
	if len(seen) > 0 {
		return nil, errors.New("the export has selected entries alone, so the log cannot be compared with another checkpoint; ask for an export of all of it")
	}
	b, err := os.ReadFile(filepath.Join(dir, SelectedName))
	if err != nil {
		return nil, err
	}
	var s Selected
	if err := strict(b, &s); err != nil {
		return nil, fmt.Errorf("%s %w", SelectedName, err)
	}
	for _, r := range s.Records {
		h, err := OpenHead([]byte(r.Checkpoint), m.Origin, key)
		if err == nil {
			err = CheckRecord(r.Index, []byte(r.Entry), r.Proof, h)
		}
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", r.Index, err)
		}
	}
	x.Selected = len(s.Records)
	return x, nil
}

func readManifest(dir string, key ed25519.PublicKey) (*Manifest, error) {
	st, err := os.Stat(filepath.Join(dir, ManifestName))
	if err != nil {
		return nil, err
	}
	if st.Size() > maxManifest {
		return nil, errors.New("the manifest is too large")
	}
	b, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		return nil, err
	}
	signed, err := os.ReadFile(filepath.Join(dir, SignatureName))
	if err != nil {
		return nil, err
	}
	v, err := newVerifier(exportOrigin, key)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil || n.Text != exportOrigin+"\n"+hex.EncodeToString(sum[:])+"\n" {
		return nil, errors.New("the manifest is not signed by this key, or was changed")
	}
	var m Manifest
	if err := strict(b, &m); err != nil || m.Format != ExportFormat {
		return nil, errors.New("the manifest is not of a format this version reads")
	}
	return &m, nil
}

func checkFiles(dir string, m *Manifest) error {
	listed := map[string]bool{ManifestName: true, SignatureName: true}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return errors.New("the manifest names a file outside the export")
		}
		listed[f.Name] = true
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil {
			return fmt.Errorf("%s is missing", f.Name)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(b)) != f.Size {
			return fmt.Errorf("%s was changed", f.Name)
		}
	}
	return filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if name := strings.ReplaceAll(rel, string(filepath.Separator), "/"); err == nil && !listed[name] {
			return fmt.Errorf("%s is not in the manifest", name)
		}
		return err
	})
}
